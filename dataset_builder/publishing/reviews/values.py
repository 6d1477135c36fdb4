"""What a review may say: the values of the config `reviews`, which the page offers, the import checks and `verify` checks again."""

from collections.abc import Iterator, Mapping
from typing import Any

from dataset_builder.configs import POINTS, PREFERRED, SCALES, STEP_LABELS
from dataset_builder.publishing.learning.step_texts import step_spans

VERSION = "1"  # of the page, its file and the key
LOWEST, HIGHEST = POINTS[0], POINTS[-1]
SIDES = ("a", "b")
MOST_YEARS = 80
MOST_CHARACTERS = 10_000  # of a comment
MOST_OF_SPECIALTY = 100
Row = Mapping[str, Any]


def order_of(row: Row) -> tuple[str, str, str, str]:
    """What tells a review from every other; the rows of the config are in this order."""
    return row["study"], row["rater"], row["id"], row["side"]


def wrong_values(row: Row, text: str) -> Iterator[str]:
    """What is wrong with a row of `reviews` that judges this text: field, found, expected."""
    number = len(step_spans(text))
    if len(row["steps"] or ()) != number:
        yield f"steps: found {len(row['steps'] or ())}; expected {number}, the steps of the text"
    for place, step in enumerate(row["steps"] or (), 1):
        if step["step"] != place:
            yield f"steps: found step {step['step']!r} at position {place}; expected {place}"
        if step["label"] not in (None, *STEP_LABELS):
            yield f"step {place}: found {step['label']!r}; expected null or {', '.join(STEP_LABELS)}"
    for name in SCALES:
        if row[name] is not None and not LOWEST <= row[name] <= HIGHEST:
            yield f"{name}: found {row[name]}; expected null or {LOWEST} to {HIGHEST}"
    for name, known in (("preferred", (None, *PREFERRED)), ("side", SIDES), ("version", (VERSION,))):
        if row[name] not in known:
            yield f"{name}: found {row[name]!r}; expected {', '.join(map(str, known))}"
    if row["years"] is not None and not 0 <= row["years"] <= MOST_YEARS:
        yield f"years: found {row['years']}; expected null or 0 to {MOST_YEARS}"
    if row["cannot_judge"] is None:
        yield "cannot_judge: found null; expected true or false"
