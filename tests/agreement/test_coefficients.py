"""α, AC1, AC2 and κ: equal to other implementations, and to cases computed by hand."""

from itertools import combinations

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from dataset_builder.agreement.coefficients import COEFFICIENTS, MISSING, Ratings, ac_of, alpha_of, kappa_of
from tests.support.rater_model import MODELS

M = MISSING
LABELS = [[0, 0, 0], [0, 0, 1], [1, 1, 1], [2, 2, M], [0, M, M], [3, 0, 0], [0, 0, 0], [1, 2, 1], [0, 0, 0], [2, 2, 2]]
SCORES = [[4, 4, 3], [3, 4, 4], [0, 1, M], [2, 2, 4], [4, 4, 4], [1, 3, 2], [M, 4, 3], [3, 3, 3], [4, M, M], [0, 2, 1]]


def ratings(codes: list[list[int]], categories: int, *, ordinal: bool = False) -> Ratings:
    return Ratings(np.array(codes), np.arange(len(codes)), categories, ordinal)


def value(name: str, some: Ratings) -> float:
    sums, statistic = COEFFICIENTS[name](some)
    return float(statistic(sums.sum(axis=0)))


def packages_alpha(some: Ratings) -> float:
    level = "ordinal" if some.ordinal else "nominal"
    data = np.where(some.codes == MISSING, np.nan, some.codes.astype(float)).T
    return krippendorff.alpha(data, level_of_measurement=level, value_domain=list(range(some.categories)))


def with_gaps(name: str, seed: int) -> Ratings:
    rng = np.random.default_rng(seed)
    study = MODELS[name].study(40, rng, per_question=4)
    return Ratings(np.where(rng.random(study.codes.shape) < 0.2, MISSING, study.codes), study.questions, study.categories, study.ordinal)  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_alpha_is_the_packages(name: str, seed: int) -> None:
    some = with_gaps(name, seed)
    assert value("alpha", some) == pytest.approx(packages_alpha(some), abs=1e-12)


@pytest.mark.parametrize(
    ("codes", "categories", "ordinal", "expected"),
    [(LABELS, 4, False, 0.719887955182), (SCORES, 5, True, 0.722489059665)],
)
def test_ac_is_that_of_irrcac(codes: list[list[int]], categories: int, ordinal: bool, expected: float) -> None:
    """irrCAC 0.4.4, CAC(…, weights="identity" or "ordinal", categories=all, digits=12).gwet(), in an environment of its own."""
    assert value("ac", ratings(codes, categories, ordinal=ordinal)) == pytest.approx(expected, abs=1e-12)


def test_ac1_by_hand() -> None:
    """Two raters, ten items, nine times both say 0, once 0 and 1: p_a = 0.9, shares 0.95 and 0.05, p_e = 2 × 0.95 × 0.05 / (2 - 1)."""
    some = ratings([[0, 0]] * 9 + [[0, 1]], 2)
    assert value("ac", some) == pytest.approx((0.9 - 0.095) / (1 - 0.095))
    assert value("alpha", some) == 0.0  # the same values: what α calls no better than chance
    assert value("kappa", some) == 0.0


@pytest.mark.parametrize("name", MODELS)
def test_kappa_is_the_mean_over_pairs_of_scikit_learns(name: str) -> None:
    some = MODELS[name].study(50, np.random.default_rng(5))
    kind = "quadratic" if some.ordinal else None
    labels = list(range(some.categories))
    every = [
        cohen_kappa_score(some.codes[:, i], some.codes[:, j], labels=labels, weights=kind)
        for i, j in combinations(range(3), 2)
    ]
    assert value("kappa", some) == pytest.approx(np.mean(every), abs=1e-12)


def test_alpha_tends_to_fleiss_kappa() -> None:
    """They differ only by the correction for few values, which is why Fleiss' κ is not shown beside α."""
    some = MODELS["labels, mixed"].study(2000, np.random.default_rng(0))
    counts = (some.codes[:, :, None] == np.arange(4)).sum(axis=1)
    assert value("alpha", some) == pytest.approx(fleiss_kappa(counts), abs=2e-4)


def test_a_pair_counts_by_the_items_that_both_judged() -> None:
    first = [[0, 0, M], [1, 1, M], [0, 1, M], [1, 1, M], [0, 0, M], [1, 0, M]]
    second = [[M, 0, 0], [M, 1, 1]]
    some = ratings([*first, *second], 2)
    one, other = value("kappa", ratings([row[:2] for row in first], 2)), 1.0
    assert value("kappa", some) == pytest.approx((6 * one + 2 * other) / 8)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_nothing_to_compute_from_is_nan_and_full_agreement_is_one(name: str) -> None:
    assert np.isnan(value(name, ratings([[0, M], [M, 1]], 2)))
    assert value(name, ratings([[0, 0], [1, 1], [0, 0]], 2)) == 1.0


def test_without_variance_only_ac_has_a_value() -> None:
    some = ratings([[0, 0, 0]] * 5, 4)
    assert np.isnan(value("alpha", some)) and np.isnan(value("kappa", some)) and value("ac", some) == 1.0


@pytest.mark.parametrize("name", MODELS)
def test_large_studies_have_the_values_of_their_model(name: str) -> None:
    some = MODELS[name].study(100_000, np.random.default_rng(1))
    for coefficient, expected in MODELS[name].coefficients().items():
        assert value(coefficient, some) == pytest.approx(expected, abs=0.01), coefficient


@pytest.mark.parametrize("sums_of", [alpha_of, ac_of, kappa_of])
def test_all_resamples_are_computed_at_once(sums_of: object) -> None:
    some = with_gaps("scale of 1 to 5", 0)
    sums, statistic = sums_of(some)  # pyright: ignore[reportCallIssue]
    times = np.random.default_rng(0).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=20)
    together = statistic(times @ sums)
    for row, number in zip(times, together, strict=True):
        chosen = [item for question, t in enumerate(row) for item in np.flatnonzero(some.questions == question).tolist() * t]  # fmt: skip
        one = Ratings(some.codes[chosen], np.arange(len(chosen)), 5, True)
        sums_of_one, statistic_of_one = sums_of(one)  # pyright: ignore[reportCallIssue]
        assert number == pytest.approx(float(statistic_of_one(sums_of_one.sum(axis=0))), abs=1e-12)
