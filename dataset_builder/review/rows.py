"""Rows of the config `reviews` from the raters' records, and how they are added to those that a folder has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataset_builder.configs import SCALES
from dataset_builder.publishing.reviews.values import order_of
from dataset_builder.review.key import Item, Key
from dataset_builder.review.records import RaterFile, Record

Row = dict[str, Any]
ANSWERS = ("specialty", "years", *SCALES, "preferred", "comment")  # null until they are answered


@dataclass(frozen=True)
class Merged:
    """All reviews of a folder after an import; those that are new, that got more answers, and whose answers would be other ones."""

    rows: list[Row]
    added: list[Row]
    filled: list[Row]
    changed: list[Row]


def rows_of(files: Iterable[RaterFile], key: Key, side: str) -> list[Row]:
    """The rows of one folder. A case of which nothing was answered has none."""
    return [
        _row(record, key, key.raters[file.rater][record.item - 1], side)
        for file in files
        for record in file.records.values()
        if record.is_touched
    ]


def _row(record: Record, key: Key, item: Item, side: str) -> Row:
    place = next(place for place, text in enumerate(item.texts) if text.side == side)
    shown, said = item.texts[place], record.texts[place]
    preferred = {None: None, "none": "none", str(place + 1): "this"}.get(record.preferred, "other")
    return {
        "study": key.study,
        "rater": record.rater,
        "specialty": record.specialty,
        "years": record.years,
        "id": shown.id,
        "side": side,
        "content_hash": key.folders[side].content_hash,
        "text_hash": shown.text_hash,
        "steps": [{"step": number, "label": label} for number, label in enumerate(said.steps, 1)],
        **{name: getattr(said, name) for name in SCALES},
        "preferred": preferred if len(item.texts) > 1 else None,
        "cannot_judge": record.cannot_judge,
        "comment": said.comment,
        "version": record.version,
    }


def merged(before: Sequence[Row], found: Sequence[Row], raters: Iterable[str], study: str) -> Merged:
    """Put the rows of these raters' files in the place of their earlier ones.

    A row that was there and is no longer found, as its case was emptied since, counts as changed.
    """
    old = {order_of(row): row for row in before}
    new = {order_of(row): row for row in found}
    own = {key for key, row in old.items() if row["study"] == study and row["rater"] in set(raters)}
    both = [(old[key], row) for key, row in new.items() if key in old and old[key] != row]
    changed = [old_row for old_row, row in both if not _only_adds(old_row, row)]
    return Merged(
        rows=[row for key, row in old.items() if key not in own] + list(new.values()),
        added=[row for key, row in new.items() if key not in old],
        filled=[row for old_row, row in both if _only_adds(old_row, row)],
        changed=changed + [old[key] for key in own - new.keys()],
    )


def _only_adds(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether every answer that was there is the same."""
    kept = all(before[name] in (None, after[name]) for name in ANSWERS)
    steps = zip(before["steps"], after["steps"], strict=True)
    return (
        kept
        and all(old["label"] in (None, new["label"]) for old, new in steps)
        and before["cannot_judge"] <= after["cannot_judge"]
    )
