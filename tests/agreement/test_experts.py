"""The majority of the experts against what the dataset says, counted by hand."""

from typing import Any

import pytest

from dataset_builder.agreement.experts import UNDECIDED, Key, Machine, compared, most, opinions_of
from dataset_builder.agreement.reviews import Review
from dataset_builder.agreement.text import lines_of
from tests.support.simulated_reviews import SCALES


def review(rater: str, id_: str, steps: str = "", relevance: int | None = None, **more: Any) -> Review:
    """``steps``: a letter for each label, ``-`` for none."""
    names = {"c": "correct", "w": "wrong", "u": "unsupported", "i": "irrelevant", "-": None}
    known = {"specialty": None, "years": None, "text": "t", "preferred": None, "cannot_judge": False, "place": "A"}
    scores = dict.fromkeys(SCALES) | {"relevance": relevance}
    return Review(rater=rater, id=id_, steps=tuple(names[one] for one in steps), scores=scores, **(known | more))


def machine(verdict: str | None = None, steps: str = "", relevance: float | None = None, source: str = "s") -> Machine:
    names = {"s": "supported", "x": "contradicted", "?": "unknown"}
    return Machine(source, verdict, "judge", tuple(names[one] for one in steps) or None, relevance)


def test_majority() -> None:
    assert most([True, True, False]) is True and most(["a"]) == "a"
    assert most([True, False]) == UNDECIDED and most([]) is None


@pytest.mark.parametrize(
    ("raters", "wrong", "steps"),
    [
        (["cw", "cw", "cc"], True, ("correct", "wrong")),
        (
            ["cw", "cc", "cu"],
            False,
            ("correct", UNDECIDED),
        ),  # three labels for the second step, and most say that it is not wrong
        (["cw", "cc"], UNDECIDED, ("correct", UNDECIDED)),
        (["cc", "c-"], False, ("correct", "correct")),
        (["c-", "c-"], UNDECIDED, ("correct", None)),  # nobody judged a step: the text is not known to be right
        (["w-"], True, ("wrong", None)),
        (["--"], None, (None, None)),
    ],
)
def test_opinion_of_a_text(raters: list[str], wrong: bool | str | None, steps: tuple[str | None, ...]) -> None:
    [found] = opinions_of([review(f"r{n}", "q", labels) for n, labels in enumerate(raters)]).values()
    assert found.wrong == wrong and found.steps == steps


def test_who_cannot_judge_has_no_opinion() -> None:
    assert opinions_of([review("r1", "q", "w", cannot_judge=True)]) == {}
    [found] = opinions_of([review("r1", "q", "w", cannot_judge=True), review("r2", "q", "c")]).values()
    assert found.wrong is False and found.raters == 1


def test_verdicts_are_counted() -> None:
    told = {"1": ("wrong", "w"), "2": ("wrong", "c"), "3": ("right", "w"), "4": ("right", "c"), "5": ("right", "c"), "6": ("unjudged", "c"), "7": ("right", "-")}  # fmt: skip
    found = compared([review("r", id_, labels) for id_, (_, labels) in told.items()], {Key("A", id_): machine(verdict) for id_, (verdict, _) in told.items()}, 0.75)  # fmt: skip
    one = found["A"]["verdict"]
    assert one["texts"] == 7 and one["left_out"] == 1 and one["by"] == {"judge": 7}
    assert one["counts"] == {
        "right": {"wrong": 1, "not wrong": 2},
        "wrong": {"wrong": 1, "not wrong": 1},
        "unjudged": {"wrong": 0, "not wrong": 1},
    }
    shares = {name: (value.value, value.of) for name, value in one.items() if hasattr(value, "of")}
    assert shares == {
        "precision of wrong": (0.5, 2),
        "recall of wrong": (0.5, 2),
        "right, but wrong to the experts": (pytest.approx(1 / 3), 3),
    }


def test_there_is_no_recall_where_every_text_has_passed() -> None:
    reviews = [review("r", id_, labels) for id_, labels in (("1", "w"), ("2", "c"))]
    one = compared(reviews, {Key("A", id_): machine("right") for id_ in "12"}, 0.75)["A"]["verdict"]
    assert one["recall of wrong"].value is None and "every text here has passed" in one["recall of wrong"].why
    assert one["right, but wrong to the experts"].value == 0.5
    reviews = [review("r", id_, "c", score) for id_, score in (("1", 5), ("2", 1))]
    one = compared(reviews, {Key("A", id_): machine(relevance=0.8) for id_ in "12"}, 0.75)["A"]["relevance"]
    assert one["recall"].value is None and one["precision"].value == 0.5


def test_steps_are_counted_and_other_steps_are_left_out() -> None:
    reviews = [review("r", "1", "cwcu"), review("r", "2", "cc")]
    machines = {Key("A", "1"): machine(steps="sx?s"), Key("A", "2"): machine(steps="sss")}
    one = compared(reviews, machines, 0.75)["A"]["claims"]
    assert (one["texts"], one["texts_with_other_steps"], one["steps"]) == (1, 1, 4)
    assert one["counts"]["supported"] == {"correct": 1, "wrong": 0, "unsupported": 1, "irrelevant": 0}
    assert (
        one["precision of supported (correct)"].value == 0.5 and one["precision of contradicted (wrong)"].value == 1.0
    )
    assert one["recall of supported (correct)"].value == 0.5 and one["recall of contradicted (wrong)"].value == 1.0


def test_relevance_at_the_threshold_and_in_bins() -> None:
    told = [(0.95, 5, "c"), (0.8, 2, "i"), (0.75, 4, "c"), (0.5, 4, "c"), (0.1, 1, "i"), (1.0, 4, "c")]
    reviews = [review("r", str(n), steps, score) for n, (_, score, steps) in enumerate(told)]
    machines = {Key("A", str(n)): machine(relevance=value) for n, (value, *_) in enumerate(told)}
    one = compared(reviews, machines, 0.75)["A"]["relevance"]
    assert (one["precision"].value, one["precision"].of) == (0.75, 4)
    assert (one["recall"].value, one["recall"].of) == (0.75, 4)
    assert [part["texts"] for part in one["bins"]] == [1, 0, 1, 2, 2]
    assert [part["with_irrelevant_step"] for part in one["bins"]] == [1, 0, 0, 1, 0]
    assert one["bins"][3]["mean"] == pytest.approx(0.775) and one["bins"][1]["mean"] is None


def test_sources_and_specialties_are_shown_from_ten_texts() -> None:
    ids = [f"{source}{n}" for source, number in (("x", 10), ("y", 9)) for n in range(number)]
    reviews = [review("r1", id_, "c", specialty="cardiology") for id_ in ids]
    reviews += [review("r2", id_, "w", specialty="surgery") for id_ in ids[:9]]
    machines = {Key("A", id_): machine("right", source=id_[0]) for id_ in ids}
    found = compared(reviews, machines, 0.75)
    assert list(found) == ["A", "A, source x", "A, specialty cardiology"]
    assert found["A"]["verdict"]["left_out"] == 9 and found["A, specialty cardiology"]["verdict"]["left_out"] == 0


def test_a_specialty_of_all_raters_is_not_shown_twice() -> None:
    reviews = [review(rater, str(n), "c", specialty="surgery") for rater in ("r1", "r2") for n in range(12)]
    assert list(compared(reviews, {Key("A", str(n)): machine("right") for n in range(12)}, 0.75)) == ["A"]


def test_folders_are_compared_apart_and_what_says_nothing_is_left_out() -> None:
    reviews = [review("r", "q", "c", place=place) for place in "AB"]
    found = compared(reviews, {Key("B", "q"): machine("right")}, 0.75)
    assert list(found) == ["B"] and list(found["B"]) == ["verdict"]


def test_what_is_not_computable_is_printed_in_words() -> None:
    experts = compared([review("r", "q", "c", 5)], {Key("A", "q"): machine("right", "s", 0.9)}, 0.75)
    empty = {"study": {"raters": [], "texts": 0, "questions": 40}, "agreement": {}, "scales": {"accuracy": {}}}
    text = "\n".join(lines_of(empty | {"preference": {"questions": 0, "why": "nobody was asked"}, "experts": experts}))
    assert "- precision of wrong: no text is called wrong" in text and "nan" not in text.lower()
