"""The config `reviews` of dataset folders: what a rater said of a text."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_builder.configs import POINTS, PREFERRED, SCALES, STEP_LABELS

COLUMNS = ("study", "rater", "specialty", "years", "id", "text_hash", "steps", *SCALES, "preferred", "cannot_judge")


class UnusableReviews(ValueError):
    """Rows of the config `reviews` that cannot be used; the message says which, what was found and what was expected."""


@dataclass(frozen=True)
class Review:
    """What one rater said of one text. ``place``: A or B, the folder that has the text; ``rater`` is unique among all studies.

    ``steps``: the label of each step in their order, None where none was given. ``text``: the hash of the text.
    """

    place: str
    rater: str
    specialty: str | None
    years: int | None
    id: str
    text: str
    steps: tuple[str | None, ...]
    scores: Mapping[str, int | None]
    preferred: str | None
    cannot_judge: bool

    @property
    def is_answered(self) -> bool:
        """Whether anything was said of the text, beyond that it cannot be judged."""
        return any(value is not None for value in (*self.steps, *self.scores.values(), self.preferred))

    @property
    def question(self) -> str:
        """The question's id; several rationales of one question have the ids `<question id>#<k>`."""
        return question_of(self.id)


def question_of(id_: str) -> str:
    """The id of the question of a row, which in the unrolled configs is followed by `#<k>`."""
    return re.sub(r"#\d+$", "", id_)


def read_reviews(folders: Mapping[str, Iterable[Path]]) -> list[Review]:
    """All reviews of these folders. ``folders``: by place, A or B, the files of the config `reviews`.

    Raises UnusableReviews for a missing column, a value out of range, two rows of one rater on one text, and two texts of one row.
    """
    rows = [(place, row) for place, files in folders.items() for file in files for row in _rows(file)]
    several = len({row["study"] for _, row in rows}) > 1
    found = [_review(place, row, several) for place, row in rows]
    times = Counter((one.place, one.rater, one.id, one.text) for one in found)
    if twice := [key for key, number in times.items() if number > 1]:
        place, rater, id_, _ = twice[0]
        raise UnusableReviews(
            f"folder {place}: found {times[twice[0]]} reviews of {id_} by {rater}; expected one. Import the reviews again"
        )
    texts = {(one.place, one.id): one.text for one in found}
    for one in found:
        if one.text != texts[one.place, one.id]:
            raise UnusableReviews(
                f"folder {one.place}: found reviews of two texts of {one.id}; expected those of the row's text alone. Import the reviews again"
            )
    return found


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            if missing := [name for name in COLUMNS if name not in names]:
                raise UnusableReviews(
                    f"{file.name}: found no column {', '.join(missing)}; expected those of `review-import`"
                )
            yield from parquet.read(columns=list(COLUMNS)).to_pylist()
    except pa.ArrowException as why:
        raise UnusableReviews(f"{file.name}: cannot be read as parquet ({why}). Import the reviews again") from why


def _review(place: str, row: Mapping[str, Any], several: bool) -> Review:
    where = f"folder {place}, {row['rater']}, {row['id']}"
    steps = sorted(row["steps"] or (), key=lambda step: step["step"])
    for name, values in {**dict.fromkeys(SCALES, POINTS), "preferred": PREFERRED}.items():
        _expect(where, name, row[name], values)
    for step in steps:
        _expect(where, f"label of step {step['step']}", step["label"], STEP_LABELS)
    return Review(
        place=place,
        rater=f"{row['study']}/{row['rater']}" if several else row["rater"],
        specialty=(row["specialty"] or "").strip().casefold() or None,  # typed by hand
        years=row["years"],
        id=row["id"],
        text=row["text_hash"],
        steps=tuple(step["label"] for step in steps),
        scores={name: row[name] for name in SCALES},
        preferred=row["preferred"],
        cannot_judge=bool(row["cannot_judge"]),
    )


def _expect(where: str, name: str, value: Any, values: tuple[Any, ...]) -> None:
    if value is not None and value not in values:
        raise UnusableReviews(
            f"{where}: found {value!r} as {name}; expected {', '.join(map(str, values))} or null. Import the reviews again"
        )
