"""What raters were asked, and their values as a table of items and raters."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dataset_builder.agreement.coefficients import MISSING, Ratings
from dataset_builder.agreement.reviews import Review, UnusableReviews
from dataset_builder.configs import POINTS, PREFERRED, SCALES, STEP_LABELS

Value = str | int


@dataclass(frozen=True)
class Asked:
    """A question that raters were asked: its name, and the answers that they could choose from."""

    name: str
    categories: tuple[Value, ...]
    ordinal: bool


Judgement = tuple[Hashable, str, str, Value]  # the item, its question's id, the rater, the value


def asked_of(reviews: Sequence[Review]) -> list[Asked]:
    """What raters were asked, whether or not anybody answered."""
    preferred = ("A", "B", "none") if two_folders(reviews) else PREFERRED
    scales = [Asked(name, POINTS, True) for name in SCALES]
    return [Asked("step label", STEP_LABELS, False), *scales, Asked("preferred", preferred, False)]


def judgements(reviews: Sequence[Review], name: str) -> Iterator[Judgement]:
    """Every value that was given as an answer to what was asked; none of texts that a rater could not judge."""
    judged = [one for one in reviews if not one.cannot_judge]
    if name == "preferred":
        yield from _preferences(judged, two_folders(reviews))
        return
    for one in judged:
        text = (one.place, one.id)
        if name != "step label":
            if (score := one.scores[name]) is not None:
                yield text, one.question, one.rater, score
            continue
        for number, label in enumerate(one.steps):
            if label is not None:
                yield (*text, number), one.question, one.rater, label


def two_folders(reviews: Sequence[Review]) -> bool:
    """Whether the reviews are of texts of two folders."""
    return len({one.place for one in reviews}) > 1


def _preferences(judged: Sequence[Review], both: bool) -> Iterator[Judgement]:
    """One value per rater and pair of texts: with two folders both rows of a pair say it, each from its own side.

    Raises UnusableReviews where these contradict each other.
    """
    found: dict[tuple[str, str, int], str] = {}
    numbers: dict[
        tuple[str, str, str], int
    ] = {}  # several texts of one question: the k-th of A stands beside the k-th of B
    for one in sorted(judged, key=lambda one: (one.place, one.id)):
        number = numbers[key] = numbers.get(key := (one.place, one.rater, one.question), -1) + 1
        if one.preferred is None:
            continue
        value = one.preferred
        if both and value != "none":
            value = one.place if value == "this" else {"A": "B", "B": "A"}[one.place]
        known = found.setdefault((one.rater, one.question, number), value)
        if known != value:
            raise UnusableReviews(
                f"{one.rater} prefers {known} of {one.question} in the review of A, and {value} in that of B; expected the same. "
                "Import the reviews of both folders again"
            )
    for (rater, question, number), value in found.items():
        yield (question, number), question, rater, value


def raters_in(reviews: Sequence[Review]) -> list[str]:
    """The raters, sorted."""
    return sorted({one.rater for one in reviews})


def table_of(values: Sequence[Judgement], asked: Asked) -> tuple[Ratings, list[str]]:
    """The values as codes of items and raters, and the raters in the order of the columns. Items and questions are sorted."""
    items = {item: row for row, item in enumerate(sorted({item for item, *_ in values}, key=str))}
    raters = sorted({rater for _, _, rater, _ in values})
    questions = {name: number for number, name in enumerate(sorted({question for _, question, _, _ in values}))}
    codes = np.full((len(items), len(raters)), MISSING)
    of_items = np.zeros(len(items), int)
    for item, question, rater, value in values:
        codes[items[item], raters.index(rater)] = asked.categories.index(value)
        of_items[items[item]] = questions[question]
    return Ratings(codes, of_items, len(asked.categories), asked.ordinal), raters
