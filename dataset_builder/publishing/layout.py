"""The paths of the rows in a dataset folder, as `load_dataset` reads it; and the rows themselves."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.publishing.unroll import FORMS, unrolls

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

MANIFEST, CARD, CROISSANT = "manifest.json", "README.md", "croissant.json"
ROWS, UNROLLED = "data", "candidates"  # folder of the questions' rows; the same where there are unrolled configs
SPLITS = ("train", "rejected")
INTERMEDIATES = ("evidence", "answers")  # configs that only a push adds
BATCH = 256  # rows in memory


class FolderError(ValueError):
    """A folder that is not a valid dataset folder; the message says what was found and what to do."""


def intermediates_folder(folder: Path) -> Path:
    """The folder of the intermediates of a dataset folder, beside it (intermediates.py)."""
    return folder.with_name(f"{folder.name}.intermediates")


def data_file(split: str, place: str = ROWS, number: int = 0, count: int = 1) -> str:
    """The path of a split's rows in the folder, or of one of the ``count`` files that have them; ``place``: a config's name, where there are several."""
    return f"{place}/{split}-{number:05}-of-{count:05}.parquet"


def data_files(listed: Iterable[str], split: str, place: str = ROWS) -> list[str]:
    """The paths of all files of a split, in the order of their rows. ``listed``: the names in the manifest, of which the first tells how many there are.

    Without such a name the split has one file, as a manifest that does not list it is wrong, and a check says so. So it is where one of several is missing.
    """
    pattern = re.compile(rf"{re.escape(place)}/{re.escape(split)}-\d{{5}}-of-(\d{{5}})\.parquet", re.ASCII)
    counts = {name: int(found[1]) for name in listed if (found := pattern.fullmatch(name))}
    count = max(1, counts[min(counts)]) if counts else 1
    return [data_file(split, place, number, count) for number in range(count)]


def rows_in(columns: Iterable[str]) -> str:
    """The folder of the questions' rows, by the names of their columns."""
    return UNROLLED if unrolls(list(columns)) else ROWS


def files_by_config(manifest: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The files of every split of every config, by the manifest.

    The config that a bare `load_dataset` reads comes first.
    """
    place = rows_in(manifest["columns"])
    names = [*manifest.get("configs", {}), *manifest.get("intermediates", {})]
    listed = manifest["files"]
    beside = {name: {"train": data_files(listed, "train", name)} for name in names}
    rows = {split: data_files(listed, split, place) for split in manifest["rows"]}
    if place == ROWS:
        return {"default": rows, **beside}
    unrolled = {name: files for name, files in beside.items() if name in FORMS}
    return {**unrolled, UNROLLED: rows, **beside}


def question_files(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """The files of every split of the questions' rows."""
    return files_by_config(manifest)["default" if rows_in(manifest["columns"]) == ROWS else UNROLLED]


def card_configs(files: Mapping[str, Mapping[str, Sequence[str]]]) -> list[dict[str, Any]]:
    """What the card's YAML says under `configs`, from the files by config: `load_dataset` reads by this, not by the manifest."""
    return [
        {
            "config_name": config,
            "data_files": [
                {"split": split, "path": f"{Path(some[0]).parent}/{split}-*"} for split, some in splits.items()
            ],
        }
        | ({"default": True} if number == 0 and config != "default" else {})
        for number, (config, splits) in enumerate(files.items())
    ]


def read_rows(*files: Path) -> Iterator[dict[str, Any]]:
    """The rows of parquet files, batch by batch."""
    import pyarrow.parquet

    for file in files:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            for batch in batches_of(parquet):
                yield from batch.to_pylist()


def batches_of(
    parquet: "ParquetFile", size: int = BATCH, columns: Sequence[str] | None = None
) -> "Iterator[RecordBatch]":
    """The rows of an open parquet file, at most ``size`` at a time, row group by row group: asked for all groups, pyarrow keeps what it has read of the file."""
    for group in range(parquet.num_row_groups):
        yield from parquet.iter_batches(size, row_groups=[group], columns=columns)


def code_of(manifest: Mapping[str, Any]) -> str | None:
    """The hash of the code that a folder was built with; None where it is not known."""
    return manifest.get("code") or manifest["inputs"].get("code")  # format 1 has it among the inputs
