"""Intervals and tests for shares: Wilson, McNemar's exact test, the sign-flip test, the paired bootstrap, Holm's correction."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.signal import convolve
from scipy.special import ndtri
from scipy.stats import binom, binomtest


def wilson(correct: float, items: float, level: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of ``correct`` of ``items`` (Wilson 1927); (0, 1) for no items."""
    if not items:
        return 0.0, 1.0
    z = float(ndtri((1 + level) / 2))
    share, spread = correct / items, z * z / items
    middle = share + spread / 2
    half = float(np.sqrt(share * (1 - share) * spread + spread * spread / 4))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return (0.0 if correct <= 0 else low), (1.0 if correct >= items else high)


def clustered(shares: Sequence[float], outputs: int) -> tuple[float, float]:
    """The 95 % interval of the mean of items' shares, each of several outputs of one item, of ``outputs`` in all; (0, 1) for no items.

    Wilson's, with the number of independent answers that has the variance that is seen between items: at least the items, at most
    the outputs. With one output per item it is Wilson's.
    """
    items = len(shares)
    if not items:
        return 0.0, 1.0
    mean, variance = float(np.mean(shares)), float(np.var(shares))
    effective = outputs if variance == 0 else mean * (1 - mean) * items / variance
    if mean in (0.0, 1.0):  # no variance is seen, so nothing says that outputs of one item tell more than one of them
        effective = items
    effective = min(max(effective, items), max(outputs, items))
    return wilson(mean * effective, effective)


def sign_flip(differences: Sequence[float]) -> float:
    """The two-sided p value of the exact sign-flip test: how often a sum as far from 0 comes about if each sign is a coin's.

    For differences of -1, 0 and 1 it is McNemar's exact test. ``differences``: of shares with small denominators.
    """
    values, counts = np.unique(np.abs(differences), return_counts=True)
    fractions = [Fraction(float(value)).limit_denominator(1000) for value in values]
    scale = math.lcm(*(fraction.denominator for fraction in fractions)) if fractions else 1
    total = abs(round(sum(differences) * scale))
    chances = np.ones(1)  # of a sum of all steps, from its lowest to its highest
    for fraction, count in zip(fractions, counts, strict=True):
        if step := int(fraction * scale):
            sums = np.zeros(2 * step * count + 1)
            sums[:: 2 * step] = binom.pmf(np.arange(count + 1), count, 0.5)
            chances = convolve(chances, sums)
    sums = np.abs(np.arange(len(chances)) - len(chances) // 2)
    return float(np.clip(np.sum(chances[sums >= total]), 0.0, 1.0))


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided p value of McNemar's exact test, from the numbers of items that only A, or only B, has right."""
    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue) if only_a + only_b else 1.0


def bootstrap_means(differences: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Means of ``draws`` bootstrap resamples of the items' differences, which are -1, 0 or 1, or few other values.

    The numbers of drawn items with each difference are multinomial, so all resamples are drawn at once, with the same distribution
    as when items are drawn one by one.
    """
    values = np.unique([-1.0, 0.0, 1.0, *differences])
    shares = [float(np.mean(differences == value)) for value in values]
    counts = rng.multinomial(len(differences), shares, size=draws)
    return counts @ values / len(differences)


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
