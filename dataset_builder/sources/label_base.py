"""Is a label that is a number counted from 0, as its source counts it?

A copy of MedMCQA that counts `cop` from 1, as its authors' own files do, is in form: it differs only in the numbers. Read as counted
from 0, the gold answer of three rows in four is the option after the right one, and the fourth has none. So a file is refused
where its numbers, or the letters that its explanations name, say that they are counted from 1.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from dataset_builder.row import Raw
from dataset_builder.sources.raw_files import RawFile, SourceError

# A file of which every label is above 0 by chance with a probability below this is counted from another number. With four options
# these are 49 rows: fewer say nothing, and are read.
CHANCE = 1e-6
WITNESSES = 2  # explanations that name the option before the label's; one can be a slip of its writer
# Of MedMCQA's validation split 1,057 explanations begin so, and all name the option of the label.
NAMED = re.compile(
    r"\W*ans(?:wer)?\b[\s.:;-]{0,9}(?:is)?[\s:.='\"\u2018\u2019(\[-]{0,9}([a-j])[\s'\"\u2018\u2019).:;,]",
    re.IGNORECASE,
)
LETTER = re.compile(r"\W*([a-z])\W*", re.IGNORECASE)


@dataclass(frozen=True)
class NumberedLabel:
    """The column of a label that is a number counted from 0, and where its options and its explanation are."""

    column: str
    options: tuple[str, ...]  # one column with a list, or a column for each option
    explanation: str | None = None  # a column that may begin with the letter of the answer
    letter: str | None = None  # a column with the letter of the answer: then to_row compares both in every row

    def named_in(self, raw: Raw) -> int | None:
        """The number, from 0, of the option that the row names by a letter; None where it names none."""
        column = self.letter or self.explanation
        found = raw[column] if column else None
        named = (LETTER.fullmatch if self.letter else NAMED.match)(found) if isinstance(found, str) else None
        return ord(named[1].lower()) - ord("a") if named else None

    def options_in(self, raw: Raw) -> int:
        """How many options a row has; 0 where they are no list."""
        column, *more = self.options
        if more:
            return 1 + len(more)
        options = raw[column]
        return len(options) if isinstance(options, (list, tuple)) else 0


def number_of(label: Any) -> int | None:
    """A label as a number: an integer, also as a float or a text of digits ("2", 2.0), as other tools export it."""
    if isinstance(label, str) and re.fullmatch(r"\s*-?[0-9]{1,4}(?:\.0)?\s*", label):
        label = float(label)
    if isinstance(label, bool) or not isinstance(label, (int, float)) or label != label:
        return None
    return int(label) if abs(label) < 1e6 and label == int(label) else None


def expect_counted_from_zero(file: RawFile, label: NumberedLabel) -> None:
    """Raise SourceError where the labels of this file are counted from 1, or may well be."""
    numbers = ((number_of(raw[label.column]), raw) for raw in file.rows)  # a generator, since the rows are many
    rows = [(number, label.options_in(raw), label.named_in(raw)) for number, raw in numbers if number is not None]
    if why := _counted_from_one([row for row in rows if row[0] >= 0], alone=label.letter is None):
        counted = Counter(number for number, _, _ in rows)
        values = ", ".join(f"{number} in {times:,}" for number, times in sorted(counted.items())[:12])
        raise SourceError(
            f"{file.place}: column {label.column} seems to be counted from 1: {why}. Found {values} of {len(file.rows):,} rows; "
            f"expected numbers from 0, the first option. If they count from 1, subtract 1 from every one; else give the complete file"
        )


def _counted_from_one(rows: Sequence[tuple[int, int, int | None]], *, alone: bool) -> str | None:
    """Why numbers seem to be counted from 1. ``rows``: number, options, the option that a letter names; ``alone``: no row needs it."""
    shifts = Counter(number - named for number, _, named in rows if named is not None)
    if shifts[1] >= WITNESSES and shifts[1] > shifts[0]:
        return f"{shifts[1]:,} rows name the option before it by a letter, {shifts[0]:,} the option itself"
    high = [number for number, options, _ in rows if number == options >= 2]
    if high and alone:  # some rows are counted from 1, and the others do not tell how they are counted
        return f"{len(high):,} rows have the number {high[0]}, and their last option is {high[0] - 1}"
    by_chance = prod(1 - 1 / max(options, 2) for _, options, _ in rows)
    if by_chance < CHANCE and not shifts[0] and all(number for number, _, _ in rows):
        return f"none of {len(rows):,} rows has the number 0"
    return None
