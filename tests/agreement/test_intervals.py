"""Intervals contain the truth about as often as they say, and what is not computable is said in words."""

import json

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from dataset_builder.agreement.coefficients import COEFFICIENTS, MISSING, Ratings, ac_of, alpha_of
from dataset_builder.agreement.intervals import Estimate, bootstrap, mean, plain, share
from tests.support.rater_model import MODELS

STUDIES = 60  # `python -m benchmarks.agreement_studies` has 200 of each, and more shapes


def contains(found: Estimate, truth: float) -> bool:
    return found.low is not None and found.high is not None and found.low <= truth <= found.high


@pytest.mark.parametrize("name", ["labels, mixed", "scale of 1 to 5", "preference"])
def test_intervals_of_coefficients_contain_the_truth(name: str) -> None:
    rng, model = np.random.default_rng(7), MODELS[name]
    studies = [model.study(60, rng) for _ in range(STUDIES)]
    for coefficient, truth in model.coefficients().items():
        found = [bootstrap(*COEFFICIENTS[coefficient](study), same="") for study in studies]
        hits = sum(contains(one, truth) for one in found)
        assert hits >= 53, coefficient  # intervals that hold 95 % have fewer of 60 in 1 of 100 runs


def test_items_of_a_question_are_drawn_together() -> None:
    """Copies of an item are no new information: the interval is that of the questions."""
    study = MODELS["labels, mixed"].study(40, np.random.default_rng(0))
    copied = Ratings(np.repeat(study.codes, 8, axis=0), np.repeat(study.questions, 8), 4, False)
    one, many = (bootstrap(*ac_of(some), same="") for some in (study, copied))
    assert (many.low, many.high) == pytest.approx((one.low, one.high), abs=1e-9)


def test_the_interval_is_scipys_bca() -> None:
    sums, statistic = alpha_of(MODELS["labels, mixed"].study(60, np.random.default_rng(3)))
    ours = bootstrap(sums, statistic, same="")
    theirs = stats.bootstrap(
        (np.arange(len(sums)),),
        lambda rows, axis: statistic(sums[rows].sum(axis=-2)),
        vectorized=True,
        n_resamples=4000,
        method="BCa",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


@pytest.mark.parametrize(
    ("codes", "value", "words"),
    [
        ([[0, 0]] * 20, None, "nothing"),
        ([[0, 0], [1, 1]] * 10, 1.0, "no disagreement in 20 questions; of all questions up to 17 % may have one"),
        ([[0, 1]], 0.0, "one question"),
        ([[0, 0]] * 19 + [[0, 1]], 0.0, "without one of the questions"),
        ([[0, 0], [0, MISSING]], None, "nothing"),
        ([[0, 0]] * 10 + [[0, 1]] * 2, -0.04545, "too few differ"),
    ],
)
def test_what_is_not_computable_is_said(codes: list[list[int]], value: float | None, words: str) -> None:
    some = Ratings(np.array(codes), np.arange(len(codes)), 2, False)
    found = bootstrap(*alpha_of(some), same="nothing")
    assert found.value == (value if value is None else pytest.approx(value, abs=1e-4))
    assert found.low is None and found.high is None and words in str(found.why)
    json.dumps(plain({"x": [found]}), allow_nan=False)


def test_mean_is_students() -> None:
    values = [1.0, 2.0, 4.0, 4.5]
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    found = mean(values)
    assert (found.value, found.low, found.high, found.of) == pytest.approx((2.875, expected.low, expected.high, 4))
    assert mean([]).value is None and "one question" in str(mean([3.0]).why) and "the same value" in str(mean([3.0] * 4).why)  # fmt: skip


def test_share_of_single_cases_is_wilsons() -> None:
    found = share([1, 0, 1, 1], [1, 1, 1, 1], "no case")
    assert (found.value, found.of) == (0.75, 4)
    assert (found.low, found.high) == pytest.approx(proportion_confint(3, 4, method="wilson"))
    everything = share([1] * 8, [1] * 8, "no case")
    assert (everything.low, everything.high) == pytest.approx(proportion_confint(8, 8, method="wilson"))
    assert share([0, 0], [0, 0], "no case") == Estimate(None, of=0, why="no case")


def test_share_of_clustered_cases_contains_the_truth() -> None:
    rng, hits = np.random.default_rng(2), 0
    for _ in range(300):
        chances = rng.beta(2, 1, 60)  # of each question; their mean is 2/3
        found = share(rng.binomial(6, chances).tolist(), [6] * 60, "")
        hits += contains(found, 2 / 3)
    assert 0.92 * 300 <= hits <= 0.985 * 300
