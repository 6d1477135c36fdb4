"""Read a study's key: what each rater was shown, and from which folder."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dataset_builder.publishing.reviews.values import SIDES, VERSION
from dataset_builder.publishing.schema.json_text import parse_json
from dataset_builder.publishing.schema.manifest import SHORT, listed

NAME = "key.json"


class ReviewError(ValueError):
    """A study, or a file of a rater, that cannot be used; the message says what was found, what was expected, what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Text(_Part):
    """A text that a rater was shown: its folder (side), its id there, sha256 of it, and the number of its steps."""

    side: str
    id: str
    text_hash: str
    steps: int


class Item(_Part):
    """A case that a rater was shown: its number in the page, the question's id, and the texts in the order of the page."""

    item: int
    id: str
    texts: list[Text] = Field(min_length=1, max_length=2)


class Folder(_Part):
    """A folder of the study, as it was when the pages were made."""

    folder: str
    pipeline: str
    content_hash: str


class Key(_Part):
    """The content of key.json."""

    version: str
    study: str
    seed: int
    folders: dict[str, Folder]
    raters: dict[str, list[Item]]


def read_key(file: Path) -> Key:
    """The key in this file. Raises ReviewError."""
    try:
        value = parse_json(file.read_bytes())
    except (OSError, ValueError) as why:
        raise ReviewError(
            f"{file} cannot be read as a study's key ({why}); expected the {NAME} that `review` wrote"
        ) from why
    version = value.get("version") if isinstance(value, dict) else None
    if version != VERSION:
        raise ReviewError(
            f"{file}: found version {SHORT.repr(version)}; expected {VERSION!r}: give the {NAME} that `review` wrote, with the code that wrote it"
        )
    try:
        key = Key.model_validate(value)
    except ValidationError as why:
        found = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in why.errors(include_url=False)]
        raise ReviewError(
            f"{file} is not the {NAME} that `review` wrote; give that file unchanged:\n{listed(found)}"
        ) from why
    _expect_whole(file, key)
    return key


def _expect_whole(file: Path, key: Key) -> None:
    """Raise ReviewError where items or sides are not those that `review` writes."""
    sides = set(key.folders)
    wrong = [] if sides in ({SIDES[0]}, set(SIDES)) else [f"found the sides {sorted(sides)}; expected a, or a and b"]
    for rater, items in key.raters.items():
        if [one.item for one in items] != list(range(1, len(items) + 1)):
            wrong.append(f"{rater}: its items are not numbered from 1")
        wrong += [
            f"{rater}, item {one.item}: found texts of the sides {[text.side for text in one.texts]}; expected each of {sorted(sides)} once"
            for one in items
            if sorted(text.side for text in one.texts) != sorted(sides)
        ]
    if wrong:
        raise ReviewError(f"{file} is not the {NAME} that `review` wrote; give that file unchanged:\n{listed(wrong)}")
