"""Intervals and tests for shares: Wilson, McNemar's exact test, the paired bootstrap, Holm's correction."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri
from scipy.stats import binomtest


def wilson(correct: float, items: int, level: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of ``correct`` of ``items`` (Wilson 1927); (0, 1) for no items."""
    if not items:
        return 0.0, 1.0
    z = float(ndtri((1 + level) / 2))
    share, spread = correct / items, z * z / items
    middle = share + spread / 2
    half = float(np.sqrt(share * (1 - share) * spread + spread * spread / 4))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return (0.0 if correct <= 0 else low), (1.0 if correct >= items else high)


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided p value of McNemar's exact test, from the numbers of items that only A, or only B, has right."""
    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue) if only_a + only_b else 1.0


def bootstrap_means(differences: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Means of ``draws`` bootstrap resamples of the items' differences, which are -1, 0 or 1.

    The numbers of drawn items with each difference are multinomial, so all resamples are drawn at once, with the same distribution
    as when items are drawn one by one.
    """
    shares = [float(np.mean(differences == value)) for value in (-1, 0, 1)]
    counts = rng.multinomial(len(differences), shares, size=draws)
    return (counts[:, 2] - counts[:, 0]) / len(differences)


def bootstrap_sums(counts: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Sums over the items of ``draws`` bootstrap resamples: shape (items, k) to (draws, k), counts of any size.

    Items with equal counts are alike, and how many of each kind are drawn is multinomial: the same distribution as when items are drawn
    one by one, in the time and memory of the few kinds that there are.
    """
    if not len(counts):
        return np.zeros((draws, counts.shape[1]), counts.dtype)
    kinds, number = np.unique(counts, axis=0, return_counts=True)
    return rng.multinomial(len(counts), number / len(counts), size=draws) @ kinds


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values corrected for the number of tests (Holm 1979), in the given order."""
    order = np.argsort(p_values, kind="stable")
    number, highest = len(p_values), 0.0
    corrected = [1.0] * number
    for rank, position in enumerate(order):
        highest = max(highest, (number - rank) * p_values[position])
        corrected[position] = min(1.0, highest)
    return corrected
