"""Read the reviews of a folder, and write them into it: their file, the card, the manifest."""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from jinja2 import UndefinedError

from dataset_builder.configs import CONFIGS, REVIEWS
from dataset_builder.publishing.card import card
from dataset_builder.publishing.layout import CARD, CROISSANT, MANIFEST, FolderError, data_file, read_rows
from dataset_builder.publishing.metadata.croissant import croissant
from dataset_builder.publishing.reviews.values import order_of
from dataset_builder.publishing.streams.digests import RowDigests, config_hash_of
from dataset_builder.publishing.streams.draft import (
    column_types,
    draft_of,
    put_in_place,
    removed_at_end,
    write_manifest,
)
from dataset_builder.publishing.streams.parquet_files import ParquetFile
from dataset_builder.row import as_features
from dataset_builder.sources.raw_files import sha256

FILE = data_file("train", REVIEWS)
Row = dict[str, Any]


def read_reviews(folder: Path, manifest: Mapping[str, Any]) -> list[Row]:
    """The rows of the config `reviews`, all in memory; none where the folder has none."""
    return list(read_rows(folder / FILE)) if REVIEWS in manifest.get("configs", {}) else []


def entry_of(file: Path) -> dict[str, Any]:
    """What the manifest says of a file of reviews: columns, rows, and their own content hash."""
    types = column_types(pq.read_schema(file))
    digests = RowDigests(read_rows(file))
    return {"columns": types, "rows": len(digests), "content_hash": config_hash_of(types, digests)}


def write_rows(file: Path, rows: Iterable[Row]) -> None:
    """Write reviews to a parquet file, in their order, with the types of the config."""
    features = as_features(CONFIGS[REVIEWS].columns)
    writer = ParquetFile(file, features)
    writer.add(pa.Table.from_pylist(sorted(rows, key=order_of), schema=features.arrow_schema))
    writer.close()


def put_reviews(folder: Path, manifest: Mapping[str, Any], rows: Iterable[Row]) -> dict[str, Any]:
    """Write these reviews in the place of those that the folder has, with its card, croissant.json and manifest; returns the manifest.

    The folder must be a draft. A file is never written into, as it may be a link to that of the folder in use. Raises FolderError where the
    manifest lacks what a card shows.
    """
    (folder / FILE).unlink(missing_ok=True)
    write_rows(folder / FILE, rows)
    configs = {**manifest.get("configs", {}), REVIEWS: entry_of(folder / FILE)}
    texts = (CARD, CROISSANT) if CROISSANT in manifest["files"] else (CARD,)
    names = sorted({*manifest["files"], FILE} - {*texts})
    sums = {**manifest["files"], FILE: sha256(folder / FILE)}
    said = {**manifest, "configs": configs, "files": {name: sums[name] for name in names}}
    paths = {name: folder / name for name in names}
    try:
        made = {name: make(paths, said) for name, make in ((CARD, card), (CROISSANT, croissant)) if name in texts}
    except (UndefinedError, KeyError) as why:  # an earlier version's manifest has less
        raise FolderError(f"{folder}: its manifest lacks what its card shows ({why}); build it again") from why
    for name in texts:
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(made[name], encoding="utf-8")
        sums[name] = sha256(folder / name)
    said["files"] = dict(sorted(sums.items()))
    (folder / MANIFEST).unlink(missing_ok=True)
    write_manifest(folder, said)
    return said


def replace_reviews(folder: Path, manifest: Mapping[str, Any], rows: Iterable[Row]) -> dict[str, Any]:
    """Give a folder these reviews; returns its manifest. It changes as a whole, or not at all: a copy takes its place, whose other files are hard links."""
    folder = folder.resolve()
    draft = draft_of(folder)
    with removed_at_end(draft):
        shutil.copytree(folder, draft, copy_function=_linked)
        said = put_reviews(draft, manifest, rows)
        put_in_place(draft, folder)
    return said


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without hard links
        shutil.copy2(source, target)
