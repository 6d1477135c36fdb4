"""Intervals and tests, against statsmodels where it has them, and at their edges."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from lighteval_tasks.intervals import bootstrap_means, bootstrap_sums, holm, mcnemar, wilson


@pytest.mark.parametrize(("correct", "items"), [(0, 1), (1, 1), (0, 308), (7, 103), (154, 308), (308, 308)])
def test_wilson(correct: int, items: int) -> None:
    assert wilson(correct, items) == pytest.approx(proportion_confint(correct, items, method="wilson"), abs=1e-12)


def test_wilson_of_nothing_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("b", "c"), [(0, 1), (3, 3), (10, 2), (60, 41), (0, 40)])
def test_mcnemar(b: int, c: int) -> None:
    assert mcnemar(b, c) == pytest.approx(statsmodels_mcnemar([[9, b], [c, 9]], exact=True).pvalue)  # pyright: ignore[reportAttributeAccessIssue]


def test_two_runs_that_never_differ_are_no_evidence() -> None:
    assert mcnemar(0, 0) == 1.0


def test_holm() -> None:
    p = [0.04, 0.001, 0.9, 0.02, 0.02]
    assert holm(p) == pytest.approx(np.asarray(multipletests(p, method="holm")[1]).tolist())
    assert holm([]) == []


def test_the_bootstrap_draws_items_in_pairs() -> None:
    """The same law as drawing item by item: mean and spread of the means agree with the formula."""
    rng = np.random.default_rng(3)
    differences = np.array([1] * 30 + [-1] * 10 + [0] * 160)
    drawn = bootstrap_means(differences, 200_000, rng)
    assert drawn.mean() == pytest.approx(differences.mean(), abs=5e-4)
    assert drawn.std() == pytest.approx(differences.std() / np.sqrt(200), rel=0.01)


def test_sums_of_items_are_drawn_whole() -> None:
    """As when items are drawn one by one: mean, spread, and that columns of one item go together."""
    counts = np.array([[3, 0]] * 20 + [[0, -1]] * 30 + [[1, 1]] * 50)
    drawn = bootstrap_sums(counts, 100_000, np.random.default_rng(3))
    assert drawn.mean(axis=0) == pytest.approx(counts.sum(axis=0), rel=0.005)
    assert drawn.std(axis=0) == pytest.approx(counts.std(axis=0) * 10, rel=0.01)
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(np.corrcoef(counts.T)[0, 1], abs=0.01)
    assert bootstrap_sums(np.zeros((0, 2), int), 5, np.random.default_rng(3)).tolist() == [[0, 0]] * 5
