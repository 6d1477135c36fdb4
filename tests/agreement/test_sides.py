"""Means by folder, differences by question, preferences: by hand; and what is read of the config `reviews`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from scipy.stats import binomtest

from dataset_builder.agreement.raters import agreement_of
from dataset_builder.agreement.reviews import Review, UnusableReviews, read_reviews
from dataset_builder.agreement.sides import preference_of, scales_of
from dataset_builder.agreement.text import why_lines
from dataset_builder.configs import CONFIGS, REVIEWS
from dataset_builder.row import as_features
from tests.support.rater_model import MODELS, majority_share
from tests.support.simulated_reviews import LABELS, Row, review


def read(tmp_path: Path, a: list[Row], b: list[Row] | None = None) -> list[Review]:
    files = {}
    for place, rows in (("A", a), ("B", b)):
        if rows:
            Dataset.from_list(rows, features=as_features(CONFIGS[REVIEWS].columns)).to_parquet(
                tmp_path / f"{place}.parquet"
            )
            files[place] = [tmp_path / f"{place}.parquet"]
    return read_reviews(files)


def test_means_are_over_questions_and_differences_within_raters(tmp_path: Path) -> None:
    a = [review("r1", "1", accuracy=4), review("r2", "1", accuracy=2), review("r1", "2", accuracy=5), review("r1", "3", accuracy=1)]  # fmt: skip
    b = [review("r1", "1", accuracy=5), review("r1", "2", accuracy=3), review("r2", "3", accuracy=5)]
    found = scales_of(read(tmp_path, a, b))["accuracy"]
    assert (found["A"].value, found["A"].of) == (3.0, 3)  # of 3, 5 and 1
    assert (found["B"].value, found["B"].of) == (pytest.approx(13 / 3), 3)
    assert (found["B - A"].value, found["B - A"].of) == (
        -0.5,
        2,
    )  # 5 - 4 and 3 - 5; nobody judged both texts of question 3
    assert "no value" in str(scales_of(read(tmp_path, a, b))["coherence"]["A"].why)


def test_several_rationales_of_a_question_are_one_question(tmp_path: Path) -> None:
    found = scales_of(read(tmp_path, [review("r1", f"q#{k}", accuracy=k) for k in (1, 2, 3)]))["accuracy"]
    assert found["A"].value == 2.0 and found["A"].of == 1


def votes(*of_questions: str) -> list[Row]:
    names = {"t": "this", "o": "other", "n": "none"}
    return [
        review(f"r{n}", f"q{q}", preferred=names[one])
        for q, raters in enumerate(of_questions)
        for n, one in enumerate(raters)
    ]


def test_preference_is_one_vote_per_question(tmp_path: Path) -> None:
    found = preference_of(read(tmp_path, votes("ttt", "tto", "too", "tnn", "ton", "nnn", "ttn")))
    expected = binomtest(4, 5).proportion_ci(method="exact")
    assert {name: found[name] for name in ("questions", "this", "other", "undecided")} == {"questions": 7, "this": 4, "other": 1, "undecided": 2}  # fmt: skip
    assert (found["share"].low, found["share"].high, found["p"]) == pytest.approx((expected.low, expected.high, 0.375))
    assert preference_of(read(tmp_path, votes("tno")))["why"] == "no question has a preference"


def test_both_folders_say_the_same_preference_once(tmp_path: Path) -> None:
    other = {"this": "other", "other": "this", "none": "none"}
    a = votes("tt", "to", "nn")
    b = [row | {"preferred": other[row["preferred"]]} for row in a]
    found = preference_of(read(tmp_path, a, b))
    assert (found["A"], found["B"], found["undecided"]) == (1, 0, 2)
    assert agreement_of(read(tmp_path, a, b))["preferred"]["items"] == 3
    with pytest.raises(UnusableReviews, match="r0 prefers A of q0 in the review of A, and B in that of B"):
        preference_of(read(tmp_path, a, a))


def test_the_interval_of_a_preference_contains_the_truth(tmp_path: Path) -> None:
    model, rng, hits = MODELS["preference"], np.random.default_rng(4), 0
    truth = majority_share(model)
    for _ in range(40):
        codes = model.study(60, rng).codes
        rows = votes(*("".join("ton"[code] for code in item) for item in codes))
        found = preference_of(read(tmp_path, rows))["share"]
        hits += found.low <= truth <= found.high
    assert hits >= 36


CASES = [
    ({"accuracy": 6}, "found 6 as accuracy; expected 1, 2, 3, 4, 5 or null"),
    ({"preferred": "A"}, "found 'A' as preferred; expected this, other, none or null"),
    ({"steps": ["right"]}, "found 'right' as label of step 1; expected correct, wrong"),
]


@pytest.mark.parametrize(("values", "words"), CASES)
def test_values_out_of_range_are_named(tmp_path: Path, values: dict[str, Any], words: str) -> None:
    with pytest.raises(UnusableReviews, match=words) as raised:
        read(tmp_path, [review("r1", "q7", **values)])
    assert "r1, q7" in str(raised.value)


def test_repeats_and_missing_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableReviews, match="found 2 reviews of q by r1"):
        read(tmp_path, [review("r1", "q"), review("r1", "q")])
    with pytest.raises(UnusableReviews, match="reviews of two texts of q"):
        read(tmp_path, [review("r1", "q"), review("r2", "q", text_hash="other")])
    Dataset.from_list([{"rater": "r1"}]).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(UnusableReviews, match="found no column study, specialty"):
        read_reviews({"A": [tmp_path / "x.parquet"]})
    (tmp_path / "y.parquet").write_bytes(b"no parquet")
    with pytest.raises(UnusableReviews, match="cannot be read as parquet"):
        read_reviews({"A": [tmp_path / "y.parquet"]})


def test_raters_of_two_studies_are_different_people(tmp_path: Path) -> None:
    found = read(tmp_path, [review("rater-1", "q"), review("rater-1", "q", study="t")])
    assert {one.rater for one in found} == {"s/rater-1", "t/rater-1"}


def test_one_rater_and_no_variance_are_said(tmp_path: Path) -> None:
    one = agreement_of(read(tmp_path, [review("r1", "q", steps=LABELS, accuracy=3)]))
    assert one["step label"]["alpha"].why == "one rater: agreement takes two" and one["step label"]["items"] == 4
    assert one["preferred"]["alpha"].why == "nobody was asked, or nobody answered"
    same = agreement_of(read(tmp_path, [review(r, f"q{n}", accuracy=5) for r in ("r1", "r2") for n in range(9)]))
    assert same["accuracy"]["alpha"].why == "no variance: all values are 5"
    assert list(why_lines(same)) == [
        "step label, coherence, relevance, usefulness, preferred: nobody was asked, or nobody answered",
        "accuracy (Krippendorff's α, Cohen's κ): no variance: all values are 5",
        "accuracy (Gwet's AC1/AC2): no interval: no disagreement in 9 questions; of all questions up to 34 % may have one",
    ]
    assert same["accuracy"]["ac"].value == 1.0 and "no disagreement in 9 questions" in same["accuracy"]["ac"].why
    apart = agreement_of(read(tmp_path, [review("r1", "q1", accuracy=5), review("r2", "q2", accuracy=4)]))
    assert apart["accuracy"]["kappa"].why == "no item was judged by two raters"
    constant = [review(r, f"q{n}", accuracy=4 + number) for number, r in enumerate(("r1", "r2")) for n in range(9)]
    assert agreement_of(read(tmp_path, constant))["accuracy"]["kappa"].value == 0.0


def test_pairs_of_raters_are_listed_where_they_judged_items_in_common(tmp_path: Path) -> None:
    rows = [review(r, f"q{n}", accuracy=1 + n % 5) for r in ("r1", "r2") for n in range(6)]
    rows += [review("r3", "q9", accuracy=1)]
    found = agreement_of(read(tmp_path, rows))["accuracy"]
    assert found["pairs"] == [{"raters": ["r1", "r2"], "items": 6, "kappa": 1.0}]


def test_too_many_raters_have_no_kappa(tmp_path: Path) -> None:
    rows = [review(f"r{n}", "q", accuracy=1 + n % 5) for n in range(70)] + [review("r0", "p", accuracy=2)]
    found = agreement_of(read(tmp_path, rows))["accuracy"]
    assert found["kappa"].why == "2,415 pairs of raters judged items in common; at most 2,000 are computed"
    assert found["alpha"].value is not None and found["pairs"] == []
