"""Read the files that raters send back. A fault is said with file, line, what was found, what was expected, and what to do."""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dataset_builder.configs import SCALES, STEP_LABELS
from dataset_builder.publishing.reviews.values import (
    HIGHEST,
    LOWEST,
    MOST_CHARACTERS,
    MOST_OF_SPECIALTY,
    MOST_YEARS,
)
from dataset_builder.publishing.schema.json_text import parse_json
from dataset_builder.publishing.schema.manifest import SHORT
from dataset_builder.review.key import Item, Key, ReviewError

Label = Literal["correct", "wrong", "unsupported", "irrelevant"]
AGAIN = "ask the rater to open the page and export again"
MOST_FAULTS = 20  # in a message
EXPECTED = {  # of each field
    "steps": f"a list of null or {', '.join(STEP_LABELS)}",
    **dict.fromkeys(SCALES, f"null or {LOWEST} to {HIGHEST}"),
    "comment": f"null or a text of at most {MOST_CHARACTERS} characters",
    "specialty": f"null or a text of at most {MOST_OF_SPECIALTY} characters",
    "years": f"null or 0 to {MOST_YEARS}",
    "preferred": "null, '1', '2' or 'none'",
    "cannot_judge": "true or false",
}


class _Answers(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class TextAnswers(_Answers):
    """What was answered on one text."""

    steps: list[Label | None]
    accuracy: int | None = Field(ge=LOWEST, le=HIGHEST)
    coherence: int | None = Field(ge=LOWEST, le=HIGHEST)
    relevance: int | None = Field(ge=LOWEST, le=HIGHEST)
    usefulness: int | None = Field(ge=LOWEST, le=HIGHEST)
    comment: str | None = Field(max_length=MOST_CHARACTERS)


class Record(_Answers):
    """A line of a rater's file: one case. ``preferred``: which text, as they are numbered in the page."""

    study: str
    version: str
    rater: str
    item: int
    specialty: str | None = Field(max_length=MOST_OF_SPECIALTY)
    years: int | None = Field(ge=0, le=MOST_YEARS)
    texts: list[TextAnswers]
    preferred: Literal["1", "2", "none"] | None
    cannot_judge: bool

    @property
    def is_touched(self) -> bool:
        """Whether anything was answered."""
        said = (
            self.preferred,
            *(value for text in self.texts for value in (*text.steps, text.comment, *_scores(text))),
        )
        return self.cannot_judge or any(value is not None for value in said)

    @property
    def open(self) -> int:
        """How many questions were not answered; none where the case cannot be judged."""
        asked = [value for text in self.texts for value in (*text.steps, *_scores(text))]
        asked += [self.preferred] if len(self.texts) > 1 else []
        return 0 if self.cannot_judge else sum(value is None for value in asked)


def _scores(text: TextAnswers) -> list[int | None]:
    return [getattr(text, name) for name in SCALES]


@dataclass
class RaterFile:
    """A file of one rater: its records by item, each with its line."""

    path: Path
    rater: str
    records: dict[int, Record] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)  # items without a line


def read_files(paths: Sequence[Path], key: Key) -> list[RaterFile]:
    """The files of a study's raters. Raises ReviewError with all faults of all files, and then nothing must be imported."""
    faults: list[str] = []
    files = [_read_file(path, key, faults) for path in paths]
    for rater in {file.rater for file in files if file.rater}:
        if len(same := [str(file.path) for file in files if file.rater == rater]) > 1:
            faults.append(
                f"{' and '.join(same)}: found {len(same)} files of {rater}; expected one: give the newest alone"
            )
    if faults:
        more = [f"… and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
        lines = "\n".join(f"- {line}" for line in [*faults[:MOST_FAULTS], *more])
        raise ReviewError(f"nothing was imported:\n{lines}")
    return files


def _read_file(path: Path, key: Key, faults: list[str]) -> RaterFile:
    file, first = RaterFile(path, ""), dict[int, int]()
    try:
        lines = path.read_bytes().removeprefix(BOM_UTF8).split(b"\n")
    except OSError as why:
        faults.append(f"{path}: cannot be read ({why.strerror}); expected a file that a rater exported")
        return file
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        record, wrong = _read_line(line, key, file.rater)
        faults += [f"{where}: {one}" for one in wrong]
        if record is None or wrong:
            continue
        file.rater = record.rater
        if record.item in first:
            faults.append(
                f"{where}: item {record.item} is there a second time, first in line {first[record.item]}; expected once: {AGAIN}"
            )
        first.setdefault(record.item, number)
        file.records[record.item] = record
    if not first and not any(one.startswith(str(path)) for one in faults):
        faults.append(f"{path}: found no record; expected one for each case: {AGAIN}")
    elif file.rater:
        file.missing = [one.item for one in key.raters[file.rater] if one.item not in file.records]
    return file


def _read_line(line: bytes, key: Key, rater: str) -> tuple[Record | None, list[str]]:
    """The record in this line, and what is wrong with it."""
    try:
        value = parse_json(line)
    except ValueError as why:
        return None, [
            f"found no whole record ({why}); expected one JSON object in the line, so the file was cut or edited: {AGAIN}"
        ]
    if not isinstance(value, dict):
        return None, [f"found {SHORT.repr(value)}; expected a JSON object: {AGAIN}"]
    if wrong := list(_wrong_page(value, key, rater)):
        return None, wrong
    try:
        record = Record.model_validate(value)
    except ValidationError as why:
        return None, [_told(error) for error in why.errors(include_url=False)]
    return record, list(_wrong_item(record, key.raters[record.rater]))


def _wrong_page(value: Mapping[str, Any], key: Key, rater: str) -> Iterator[str]:
    """Where a record is of another study, version or rater."""
    if (study := value.get("study")) != key.study:
        yield f"found study {SHORT.repr(study)}; expected {key.study!r}, that of the key: give the key.json of the rater's study"
    elif (version := value.get("version")) != key.version:
        yield f"found version {SHORT.repr(version)} of the page; expected {key.version!r}: the file is not from a page of this study"
    elif not isinstance(name := value.get("rater"), str) or name not in key.raters:
        yield f"found rater {SHORT.repr(name)}; expected one of {', '.join(key.raters)}: was the study made with more raters? Give its key.json"
    elif rater and name != rater:
        yield f"found a record of {name} after those of {rater}; expected one rater in a file: give each rater's file by itself"


def _wrong_item(record: Record, items: Sequence[Item]) -> Iterator[str]:
    """Where a record does not fit the case that the rater was shown."""
    if not 1 <= record.item <= len(items):
        yield f"found item {record.item}; expected 1 to {len(items)}: {AGAIN}"
        return
    texts = items[record.item - 1].texts
    if len(record.texts) != len(texts):
        yield f"item {record.item}: found {len(record.texts)} texts; expected {len(texts)}: {AGAIN}"
        return
    for number, (found, shown) in enumerate(zip(record.texts, texts, strict=True), 1):
        if len(found.steps) != shown.steps:
            yield f"item {record.item}, text {number}: found {len(found.steps)} steps; expected {shown.steps}: {AGAIN}"
    if record.preferred in ("1", "2") and len(texts) == 1:
        yield f"item {record.item}: found preferred {record.preferred!r}; expected null, as there is one text: {AGAIN}"


def _told(error: Any) -> str:
    """An error of pydantic in the words of these messages."""
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"])
    name = [part for part in error["loc"] if isinstance(part, str)][-1]
    expected = {"missing": "this field", "extra_forbidden": "no such field"}.get(error["type"])
    expected = expected or EXPECTED.get(name) or error["msg"].removeprefix("Input should be ")
    found = "nothing" if error["type"] == "missing" else SHORT.repr(error["input"])
    return f"{place}: found {found}; expected {expected}: {AGAIN}"
