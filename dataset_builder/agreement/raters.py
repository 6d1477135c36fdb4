"""How far the raters of a study agree with each other, for everything that they were asked."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dataset_builder.agreement.coefficients import COEFFICIENTS, MISSING, Ratings, kappa_of, kappas, pairs_of
from dataset_builder.agreement.intervals import DIGITS, Estimate, bootstrap
from dataset_builder.agreement.ratings import Asked, asked_of, judgements, raters_in, table_of
from dataset_builder.agreement.reviews import Review

MOST_PAIRS = 2000  # of raters, for κ: its resamples take memory for each


def study_of(reviews: Sequence[Review]) -> dict[str, Any]:
    """Who was given how many texts, of how many questions, and judged how many. A text of which nothing was said is missing."""
    raters = []
    for name in raters_in(reviews):
        own = [one for one in reviews if one.rater == name]
        raters.append(
            {
                "rater": name,
                "specialty": next((one.specialty for one in own if one.specialty), None),
                "years": next((one.years for one in own if one.years is not None), None),
                "texts": len(own),
                "judged": sum(one.is_answered and not one.cannot_judge for one in own),
                "cannot_judge": sum(one.cannot_judge for one in own),
            }
        )
    texts = {(one.place, one.id) for one in reviews}
    return {"raters": raters, "texts": len(texts), "questions": len({one.question for one in reviews})}


def agreement_of(reviews: Sequence[Review]) -> dict[str, dict[str, Any]]:
    """For everything that raters were asked: counts, and each coefficient as an :class:`Estimate`, by its name."""
    return {asked.name: _agreement(reviews, asked) for asked in asked_of(reviews)}


def _agreement(reviews: Sequence[Review], asked: Asked) -> dict[str, Any]:
    values = list(judgements(reviews, asked.name))
    ratings, raters = table_of(values, asked)
    given = Counter(value for *_, value in values)
    pairable = ratings.codes[ratings.pairable]
    return {
        "scale": "ordinal" if asked.ordinal else "nominal",
        "raters": len(raters),
        "items": len(ratings.codes),
        "questions": len(set(ratings.questions.tolist())),
        "pairable_items": len(pairable),
        "pairable_values": int((pairable != MISSING).sum()),
        "given": {str(category): given[category] for category in asked.categories},
        **{name: _estimate(name, ratings, asked, len(raters)) for name in COEFFICIENTS},
        "pairs": _pairs(ratings, raters),
    }


def _estimate(name: str, ratings: Ratings, asked: Asked, raters: int) -> Estimate:
    """The coefficient with its interval, or why it has none."""
    if not len(ratings.codes):
        return Estimate(None, why="nobody was asked, or nobody answered")
    if raters < 2:
        return Estimate(None, why="one rater: agreement takes two")
    if not ratings.pairable.any():
        return Estimate(None, why="no item was judged by two raters")
    if name == "kappa" and (pairs := len(pairs_of(ratings))) > MOST_PAIRS:
        return Estimate(
            None, why=f"{pairs:,} pairs of raters judged items in common; at most {MOST_PAIRS:,} are computed"
        )
    sums, statistic = COEFFICIENTS[name](ratings)
    used = {asked.categories[code] for code in ratings.codes[ratings.pairable].ravel().tolist() if code != MISSING}
    only = next(iter(used)) if len(used) == 1 else None
    same = f"no variance: all values are {only}" if only is not None else "no variance: each rater gave one value only"
    return bootstrap(sums, statistic, same)


def _pairs(ratings: Ratings, raters: Sequence[str]) -> list[dict[str, Any]]:
    """Cohen's κ of each pair of raters, and the items that both judged; κ is left out where it is not computable, and all where they are too many."""
    if len(pairs := pairs_of(ratings)) > MOST_PAIRS:
        return []
    sums, _ = kappa_of(ratings)
    values, items = kappas(sums.sum(axis=0), ratings.categories, ratings.ordinal)
    return [
        {"raters": [raters[one] for one in pair], "items": int(number)}
        | ({"kappa": round(float(value), DIGITS)} if value == value else {})
        for pair, value, number in zip(pairs, values, items, strict=True)
    ]
