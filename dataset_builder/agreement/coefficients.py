"""Coefficients of agreement between raters: Krippendorff's α, Gwet's AC1 and AC2, Cohen's κ as a mean over pairs of raters.

Each is a function of sums over items. So a resample of questions costs one product of matrices, and all resamples are computed at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import comb

MISSING = -1  # the code of a value that was not given
Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ratings:
    """What raters said of items: ``codes`` of shape (items, raters), from 0 to ``categories`` - 1, or MISSING.

    ``questions``: of each item the number of its question, from 0; items of one question are drawn together. ``ordinal``: whether the
    categories have an order.
    """

    codes: np.ndarray
    questions: np.ndarray
    categories: int
    ordinal: bool

    @property
    def pairable(self) -> np.ndarray:
        """The items that at least two raters judged: True or False, of shape (items,)."""
        return (self.codes != MISSING).sum(axis=1) >= 2


def alpha_of(ratings: Ratings) -> tuple[np.ndarray, Statistic]:
    """Krippendorff's α: sums by question, of shape (questions, k), and the function from their total to α; NaN where all values are equal.

    The sums are the cells of the coincidence matrix (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C). Distances:
    0 and 1, or the ordinal ones, which depend on how often each value was given.
    """
    counts, values = _counts(ratings)
    pairs = counts[:, :, None] * counts[:, None, :] - np.einsum("ik,kl->ikl", counts, np.eye(ratings.categories))
    cells = pairs / np.maximum(values - 1, 1)[:, None, None]  # an item with one value has no pairs: zeros
    return _by_question(ratings, cells.reshape(len(cells), -1)), lambda sums: _alpha(sums, ratings)


def _alpha(sums: np.ndarray, ratings: Ratings) -> np.ndarray:
    k = ratings.categories
    seen = sums.reshape(*sums.shape[:-1], k, k)
    values = seen.sum(axis=-1)
    if ratings.ordinal:
        below = np.cumsum(values, axis=-1) - values / 2  # values below a category, with half of its own
        distances = (below[..., :, None] - below[..., None, :]) ** 2
    else:
        distances = np.broadcast_to(1 - np.eye(k), seen.shape)
    expected = (values[..., :, None] * values[..., None, :] * distances).sum(axis=(-2, -1))
    observed = (seen * distances).sum(axis=(-2, -1)) * (values.sum(axis=-1) - 1)
    return 1 - _ratio(observed, expected)


def ac_of(ratings: Ratings) -> tuple[np.ndarray, Statistic]:
    """Gwet's AC1, or AC2 with ordinal weights: sums by question, and the function from their total; NaN where no item has two values.

    Gwet 2008, Computing inter-rater reliability and its variance in the presence of high agreement (AC1); Gwet 2014, Handbook of
    Inter-Rater Reliability, 4th ed. (AC2; missing values). The categories are those that the raters could choose from.
    """
    counts, values = _counts(ratings)
    weights = gwet_weights(ratings.categories, ratings.ordinal)
    agreeing = (counts * (counts @ weights - 1)).sum(axis=1) / np.maximum(values * (values - 1), 1)
    shares = counts / np.maximum(values, 1)[:, None]
    parts = np.column_stack([np.where(values >= 2, agreeing, 0), values >= 2, shares, values >= 1])
    return _by_question(ratings, parts), lambda sums: _ac(sums, weights)


def _ac(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    k = len(weights)
    observed = _ratio(sums[..., 0], sums[..., 1])
    shares = _ratio(sums[..., 2:-1], sums[..., -1:])
    chance = weights.sum() / (k * (k - 1)) * (shares * (1 - shares)).sum(axis=-1)
    return 1 - _ratio(1 - observed, 1 - chance)


def gwet_weights(categories: int, ordinal: bool) -> np.ndarray:
    """How far two categories agree, from 0 to 1, of shape (categories, categories): identity, or Gwet's ordinal weights (2014, table 3.3)."""
    if not ordinal:
        return np.eye(categories)
    ranks = np.arange(categories)
    return np.asarray(1 - comb(np.abs(ranks[:, None] - ranks) + 1, 2) / comb(categories, 2))


def kappa_of(ratings: Ratings) -> tuple[np.ndarray, Statistic]:
    """Cohen's κ (1960; with order: quadratic weights, 1968), averaged over the pairs of raters: sums by question, and the function from their total.

    A pair counts by the number of items that both judged; where all judged all, that is Light's κ (1971). A pair that has none, or of which
    both gave one value only, is left out; NaN where all are.
    """
    k, codes = ratings.categories, ratings.codes
    tables = []
    for one, other in pairs_of(ratings):
        both = (codes[:, one] != MISSING) & (codes[:, other] != MISSING)
        cells = np.zeros((len(codes), k * k))
        cells[both, codes[both, one] * k + codes[both, other]] = 1
        tables.append(_by_question(ratings, cells))
    joined = np.concatenate(tables, axis=1) if tables else np.zeros((_number(ratings), 0))
    return joined, lambda sums: _kappa(sums, k, ratings.ordinal)


def pairs_of(ratings: Ratings) -> list[tuple[int, int]]:
    """The pairs of raters, by their columns, who judged an item in common."""
    given = (ratings.codes != MISSING).astype(int)
    shared = given.T @ given
    return [(one, other) for one, other in combinations(range(len(shared)), 2) if shared[one, other]]


def kappas(sums: np.ndarray, categories: int, ordinal: bool) -> tuple[np.ndarray, np.ndarray]:
    """κ of each pair of raters, and the items that both judged, each of shape (…, pairs); NaN where a κ is not computable."""
    tables = sums.reshape(*sums.shape[:-1], -1, categories, categories)
    ranks = np.arange(categories)
    distances = (ranks[:, None] - ranks) ** 2 if ordinal else 1 - np.eye(categories)
    items = tables.sum(axis=(-2, -1))
    expected = tables.sum(axis=-1)[..., :, None] * tables.sum(axis=-2)[..., None, :]
    disagreement = (tables * distances).sum(axis=(-2, -1)) * items
    return 1 - _ratio(disagreement, (expected * distances).sum(axis=(-2, -1))), items


def _kappa(sums: np.ndarray, categories: int, ordinal: bool) -> np.ndarray:
    values, items = kappas(sums, categories, ordinal)
    known = np.isfinite(values)
    return _ratio(np.where(known, values * items, 0).sum(axis=-1), np.where(known, items, 0).sum(axis=-1))


COEFFICIENTS: dict[str, Callable[[Ratings], tuple[np.ndarray, Statistic]]] = {
    "alpha": alpha_of,
    "ac": ac_of,
    "kappa": kappa_of,
}


def _counts(ratings: Ratings) -> tuple[np.ndarray, np.ndarray]:
    """How often each category was given, of shape (items, categories), and how many values an item has."""
    counts = (ratings.codes[:, :, None] == np.arange(ratings.categories)).sum(axis=1).astype(float)
    return counts, counts.sum(axis=1)


def _number(ratings: Ratings) -> int:
    return int(ratings.questions.max()) + 1 if len(ratings.questions) else 0


def _by_question(ratings: Ratings, of_items: np.ndarray) -> np.ndarray:
    sums = np.zeros((_number(ratings), of_items.shape[1]))
    np.add.at(sums, ratings.questions, of_items)
    return sums


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The quotient; NaN where the divisor is 0."""
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 1e-12)
