"""The rows that a recipe trains on, and the origin of their dataset: tag, content hash, funnel."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Dataset
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
from trl.scripts.utils import DatasetConfig, get_dataset

from dataset_builder.publishing.hub.loaded import refusal
from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.schema.manifest import parsed_manifest
from sft.recipe import PINNED_DATA, Recipe, RecipeError

MANIFEST = "manifest.json"


def load(recipe: Recipe, *, every_column: bool = False) -> Dataset:
    """The training split, read by TRL's own loader. ``every_column``: with all columns of the dataset. Raises RecipeError."""
    sources = recipe.mixture.datasets
    if every_column:
        sources = [replace(source, columns=None) for source in sources]
    for source in sources:
        if not source.data_files and not Path(source.path).is_dir():
            raise RecipeError(
                f"found no dataset folder {source.path}; build it with `make dataset OUT={source.path}`, or give another with DATASET=…"
            )
        if not source.data_files and (why := refusal(Path(source.path))):
            raise RecipeError(why)
    rows = get_dataset(replace(recipe.mixture, datasets=list(sources)))["train"]
    _expect_messages(rows)
    return rows


def _expect_messages(rows: Dataset) -> None:
    """Raise RecipeError where prompt or completion is no list of messages, or null in a row. That they are there is checked elsewhere."""
    for name in ("prompt", "completion"):
        if name not in rows.column_names:
            continue
        found = rows.features.arrow_schema.field(name).type
        if not _is_messages(found):
            raise RecipeError(
                f"column {name}: found {found}; expected a list of messages with the texts role and content: build the dataset again"
            )
        if nulls := rows.data.column(name).null_count:
            raise RecipeError(f"column {name}: found null in {nulls} rows; expected messages: build the dataset again")


def _is_messages(kind: Any) -> bool:
    """Whether an Arrow type is a list of structs that have the texts role and content."""
    if not isinstance(kind, pa.ListType) or not isinstance(kind.value_type, pa.StructType):
        return False
    fields = [(field.name, field.type) for field in kind.value_type.fields]
    return {("role", pa.string()), ("content", pa.string())} <= set(fields)


def origin(source: DatasetConfig) -> dict[str, Any]:
    """The origin of these rows: name, revision (None where it is not pinned), and the manifest of the dataset (or {})."""
    files = source.data_files if isinstance(source.data_files, str) else None
    found = PINNED_DATA.fullmatch(files) if files else None
    if found:
        return {
            "name": found["repo"],
            "revision": found["revision"],
            "manifest": _on_hub(found["repo"], found["revision"]),
        }
    folder = Path(source.path)
    file = folder / MANIFEST
    manifest = _manifest(file, folder) if file.is_file() else {}
    return {"name": str(files or source.path), "revision": manifest.get("content_hash"), "manifest": manifest}


def _on_hub(repo: str, revision: str) -> dict[str, Any]:
    try:
        file = hf_hub_download(repo, MANIFEST, repo_type="dataset", revision=revision)
    except EntryNotFoundError:
        return {}
    return _manifest(Path(file), f"{repo}@{revision}")


def _manifest(file: Path, place: object) -> dict[str, Any]:
    """The manifest in this file. Raises RecipeError where a field has another type than `build` writes."""
    try:
        return parsed_manifest(file.read_bytes(), place, ())
    except (FolderError, OSError) as why:
        raise RecipeError(str(why)) from why
