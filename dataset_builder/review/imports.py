"""What an import would change in one folder: its reviews are whole, and it publishes the texts that the raters were shown."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_builder.configs import REVIEWS
from dataset_builder.publishing.hub.loaded import told, wrong_files
from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.learning.step_texts import step_spans
from dataset_builder.publishing.reviews.carry import beside
from dataset_builder.publishing.reviews.check import wrong_reviews
from dataset_builder.publishing.reviews.config import FILE, read_reviews, replace_reviews
from dataset_builder.publishing.reviews.texts import text_hash, texts_of
from dataset_builder.publishing.schema.data_files import wrong_rows
from dataset_builder.publishing.schema.manifest import listed
from dataset_builder.publishing.verify import read_manifest
from dataset_builder.review.key import Key, ReviewError, Text
from dataset_builder.review.records import RaterFile
from dataset_builder.review.rows import Merged, merged, rows_of
from dataset_builder.sources.raw_files import sha256

AS_SHOWN = "give the folders in the order of the study, as they were then or rebuilt with the same texts"


@dataclass(frozen=True)
class Import:
    """What is to be written into a folder. ``is_damaged``: its earlier reviews are not those of its manifest."""

    folder: Path
    manifest: dict[str, Any]
    found: Merged
    is_damaged: bool


def import_of(side: str, folder: Path, files: Sequence[RaterFile], key: Key, replace: bool) -> Import:
    """What these files would change in this folder. Raises FolderError, ReviewError."""
    manifest = read_manifest(folder)
    if shard := manifest.get("shard"):
        raise FolderError(
            f"{folder} is part {shard['part']} of {shard['of']} of a build, and a merge takes no reviews; give the merged folder"
        )
    damage = damage_of(folder, manifest)
    if damage and not replace:
        raise ReviewError(
            f"the reviews in {folder} are not those that were imported; give the files of all raters with --replace (make: REPLACE=1): "
            f"then they are imported anew, and the file that is there is kept beside the folder:\n{listed(damage)}"
        )
    expect_shown_texts(side, folder, manifest, key)
    before = [] if damage else read_reviews(folder, manifest)
    found = merged(before, rows_of(files, key, side), [file.rater for file in files], key.study)
    return Import(folder, manifest, found, bool(damage))


def damage_of(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """What is wrong with the folder's reviews. Raises FolderError where anything else does not match the manifest."""
    for check in (wrong_files, wrong_rows, wrong_reviews):
        wrong = check(folder, manifest)
        if others := [line for line in wrong if line.partition(":")[0] not in (FILE, REVIEWS)]:
            raise FolderError(told(folder, others))
        if wrong:
            return wrong
    return []


def expect_shown_texts(side: str, folder: Path, manifest: Mapping[str, Any], key: Key) -> None:
    """Raise ReviewError unless the folder publishes every text that the raters were shown of this side, in the same steps."""
    shown = {
        text.id: text for items in key.raters.values() for item in items for text in item.texts if text.side == side
    }
    texts = texts_of(folder, manifest, set(shown))
    others = [id_ for id_, text in shown.items() if not _is_shown(texts.get(id_), text)]
    if others:
        raise ReviewError(
            f"{folder} publishes other texts than the raters were shown of {key.folders[side].folder} (side {side}): {len(others)} of "
            f"{len(shown)}, such as {others[0]}; expected the same ones, in the same steps: {AS_SHOWN}"
        )


def _is_shown(text: str | None, shown: Text) -> bool:
    return text is not None and text_hash(text) == shown.text_hash and len(step_spans(text)) == shown.steps


def expect_nothing_lost(imports: Sequence[Import], replace: bool) -> None:
    """Raise ReviewError where an answer that was imported before would be another one, or none, unless ``replace``."""
    changed = [row for one in imports for row in one.found.changed]
    if changed and not replace:
        names = [f"{row['rater']} on {row['id']} (side {row['side']})" for row in changed]
        raise ReviewError(
            f"nothing was imported: these files take back or change answers in {len(changed)} of the folder's reviews; expected files with "
            f"the same answers and more: give the newest, or replace the earlier answers with --replace (make: REPLACE=1)\n{listed(names)}"
        )


def write(one: Import) -> bool:
    """Write what an import changes, if anything; returns whether it did. Damaged reviews are copied beside the folder first."""
    if one.is_damaged and (one.folder / FILE).is_file():
        beside(one.folder).mkdir(exist_ok=True)
        shutil.copy2(one.folder / FILE, beside(one.folder) / f"damaged-{sha256(one.folder / FILE)[:16]}.parquet")
    changes = one.is_damaged or one.found.added or one.found.filled or one.found.changed
    if changes:
        replace_reviews(one.folder, one.manifest, one.found.rows)
    return bool(changes)
