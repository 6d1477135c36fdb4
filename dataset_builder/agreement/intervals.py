"""95 % intervals over questions: BCa for coefficients, Student's for means, Wilson's for shares of what is clustered in questions.

What is not computable is an :class:`Estimate` without value or without bounds, which says why in words. No NaN leaves this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from dataset_builder.agreement.coefficients import Statistic

DRAWS, SEED, LEVEL = 2000, 0, 0.95
BLOCK = 250  # resamples computed at once: with many raters the sums of all would not fit
MOST_FAILED = 0.05  # of the resamples, those for which the statistic is not computable
DIGITS = 6  # of what is written: enough for readers, too few for the order in which another machine adds


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval; ``why`` says in words what is missing. ``of``: what it is computed from, counted."""

    value: float | None
    low: float | None = None
    high: float | None = None
    of: int | None = None
    why: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields for JSON, rounded; those that are None are left out."""
        fields = {name: getattr(self, name) for name in ("value", "low", "high", "of", "why")}
        return {
            name: round(value, DIGITS) + 0.0 if isinstance(value, float) else value
            for name, value in fields.items()
            if value is not None
        }


def bootstrap(sums: np.ndarray, statistic: Statistic, same: str) -> Estimate:
    """A statistic of the total of ``sums``, of shape (questions, k), with the BCa interval over questions (Efron 1987).

    Questions are drawn with replacement; how often each is drawn is multinomial. ``same``: why the statistic has no value where it has none.
    """
    number, total = len(sums), sums.sum(axis=0)
    value = float(statistic(total))
    if not np.isfinite(value):
        return Estimate(None, why=same)
    if number < 2:
        return Estimate(value, why="no interval: one question")
    without = statistic(total - sums)
    if not np.isfinite(without).all():
        return Estimate(value, why="no interval: without one of the questions nothing is left to compute it from")
    if np.ptp(without) < 1e-12:
        return Estimate(value, why=_unvaried(value, number))
    drawn = _resampled(sums, statistic)
    known = drawn[np.isfinite(drawn)]
    if (failed := 1 - len(known) / len(drawn)) > MOST_FAILED:
        return Estimate(
            value, why=f"no interval: in {100 * failed:.0f} % of the resamples it is not computable; too few differ"
        )
    low, high = _bca(value, known, without)
    return Estimate(value, low, high)


def _unvaried(value: float, questions: int) -> str:
    if value > 1 - 1e-9:
        most = 1 - ((1 - LEVEL) / 2) ** (1 / questions)  # Clopper and Pearson's upper bound of 0 of n
        return f"no interval: no disagreement in {questions} questions; of all questions up to {100 * most:.0f} % may have one"
    return "no interval: every question has the same agreement"


def _resampled(sums: np.ndarray, statistic: Statistic) -> np.ndarray:
    rng, number = np.random.default_rng(SEED), len(sums)
    shares = np.full(number, 1 / number)
    sizes = [BLOCK] * (DRAWS // BLOCK)
    return np.concatenate([statistic(rng.multinomial(number, shares, size=size) @ sums) for size in sizes])


def _bca(value: float, drawn: np.ndarray, without: np.ndarray) -> tuple[float, float]:
    below = np.count_nonzero(drawn < value) + np.count_nonzero(drawn == value) / 2
    bias = ndtri(np.clip(below / len(drawn), 1 / len(drawn), 1 - 1 / len(drawn)))
    away = without.mean() - without
    skew = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    z = bias + ndtri(np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    low, high = np.quantile(drawn, ndtr(bias + z / (1 - skew * z)))
    return float(low), float(high)


def mean(values: Sequence[float]) -> Estimate:
    """The mean of one value per question, with Student's interval; ``of``: the number of questions."""
    number = len(values)
    if not number:
        return Estimate(None, of=0, why="no value was given")
    middle = float(np.mean(values))
    if number == 1:
        return Estimate(middle, of=1, why="no interval: one question")
    spread = float(np.std(values, ddof=1))
    if spread < 1e-12:
        return Estimate(middle, of=number, why=f"no interval: the same value in all {number} questions")
    half = float(stdtrit(number - 1, (1 + LEVEL) / 2)) * spread / number**0.5
    return Estimate(middle, middle - half, middle + half, number)


def share(hits: Sequence[float], of: Sequence[float], nothing: str) -> Estimate:
    """The share of hits, both counted by question, with Wilson's interval (1927) at the effective number of cases.

    Cases of one question resemble each other, so their effective number is that which gives the variance that is seen between questions
    (linearised, of a ratio of sums); never above the number of cases. Where all or none are hits no variance is seen: it is then the number of
    questions. ``nothing``: why there is no share where there is no case.
    """
    counted = [(hit, number) for hit, number in zip(hits, of, strict=True) if number]
    if not counted:
        return Estimate(None, of=0, why=nothing)
    found, cases = np.array(counted, float).T
    number, total = len(cases), float(cases.sum())
    value = float(found.sum() / total)
    effective = float(number)
    if 0 < value < 1 and number > 1:
        variance = float(((found - value * cases) ** 2).sum()) / total**2
        effective = min(total, value * (1 - value) / variance) if variance else total
    low, high = wilson(value, effective)
    return Estimate(value, low, high, int(total))


def wilson(value: float, number: float) -> tuple[float, float]:
    """Wilson's interval of a share of ``number`` cases, which need not be whole (scipy's takes whole counts only)."""
    z = float(ndtri((1 + LEVEL) / 2))
    spread = z * z / number
    half = (value * (1 - value) * spread + spread * spread / 4) ** 0.5
    low, high = (value + spread / 2 - half) / (1 + spread), (value + spread / 2 + half) / (1 + spread)
    return (0.0 if value <= 0 else low), (1.0 if value >= 1 else high)


def plain(value: Any) -> Any:
    """The same with every :class:`Estimate` as the fields of JSON, and rounded numbers."""
    if isinstance(value, Estimate):
        return value.as_dict()
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return round(value, DIGITS) if isinstance(value, float) else value
