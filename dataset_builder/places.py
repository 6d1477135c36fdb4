"""Where the rows lie in a dataset folder, as `load_dataset` reads it."""

from collections.abc import Iterable, Mapping
from typing import Any

from dataset_builder.unroll import FORMS, unrolls

ROWS, UNROLLED = "data", "candidates"  # the questions' rows; beside configs of unrolled ones


def data_file(split: str, place: str = ROWS) -> str:
    """Where a split's rows lie in the folder; ``place``: a config's name, where there are several."""
    return f"{place}/{split}-00000-of-00001.parquet"


def rows_in(columns: Iterable[str]) -> str:
    """The folder of the questions' rows, by the names of their columns."""
    return UNROLLED if unrolls(list(columns)) else ROWS


def files_by_config(manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The file of every split of every config, by the manifest; the config that a bare `load_dataset` reads comes first."""
    place = rows_in(manifest["columns"])
    beside = {name: {"train": data_file("train", name)} for name in manifest.get("configs", {})}
    rows = {split: data_file(split, place) for split in manifest["rows"]}
    if place == ROWS:
        return {"default": rows, **beside}
    unrolled = {name: files for name, files in beside.items() if name in FORMS}
    return {**unrolled, UNROLLED: rows, **beside}
