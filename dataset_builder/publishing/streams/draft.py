"""A folder before it has its name: its files, its manifest, and how it takes the place of an earlier one."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from os import getpid
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataset_builder.publishing.layout import MANIFEST


def draft_of(folder: Path) -> Path:
    """Where the files of a folder are written before it has its name: beside it, so that it is renamed and not copied."""
    return folder.parent / f".{folder.name}.{getpid()}.tmp"


@contextlib.contextmanager
def removed_at_end(draft: Path) -> Iterator[None]:
    """Remove the draft, where it has not taken its place."""
    try:
        yield
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_in_place(draft: Path, folder: Path) -> None:
    """Rename the draft to its name; an earlier folder of that name is moved away first and deleted last."""
    old = folder.parent / f".{folder.name}.{getpid()}.old"
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest as indented JSON."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def list_files(folder: Path) -> list[str]:
    """Every file of the folder except the manifest, by relative name."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if name != MANIFEST)


def column_types(schema: pa.Schema) -> dict[str, str]:
    """Name and type of every column; the names that parquet and Arrow give to list items are left out."""
    return {field.name: str(field.type).replace("<element: ", "<").replace("<item: ", "<") for field in schema}
