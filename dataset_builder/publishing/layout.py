"""The paths of the rows in a dataset folder, as `load_dataset` reads it; and the rows themselves."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dataset_builder.publishing.unroll import FORMS, unrolls

MANIFEST, CARD = "manifest.json", "README.md"
ROWS, UNROLLED = "data", "candidates"  # folder of the questions' rows; the same where there are unrolled configs
SPLITS = ("train", "rejected")
INTERMEDIATES = ("evidence", "answers")  # configs that only a push adds
BATCH = 256  # rows in memory


class FolderError(ValueError):
    """A folder that is not a valid dataset folder; the message says what was found and what to do."""


def intermediates_folder(folder: Path) -> Path:
    """The folder of the intermediates of a dataset folder, beside it (intermediates.py)."""
    return folder.with_name(f"{folder.name}.intermediates")


def data_file(split: str, place: str = ROWS) -> str:
    """The path of a split's rows in the folder; ``place``: a config's name, where there are several."""
    return f"{place}/{split}-00000-of-00001.parquet"


def rows_in(columns: Iterable[str]) -> str:
    """The folder of the questions' rows, by the names of their columns."""
    return UNROLLED if unrolls(list(columns)) else ROWS


def files_by_config(manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The file of every split of every config, by the manifest.

    The config that a bare `load_dataset` reads comes first.
    """
    place = rows_in(manifest["columns"])
    names = [*manifest.get("configs", {}), *manifest.get("intermediates", {})]
    beside = {name: {"train": data_file("train", name)} for name in names}
    rows = {split: data_file(split, place) for split in manifest["rows"]}
    if place == ROWS:
        return {"default": rows, **beside}
    unrolled = {name: files for name, files in beside.items() if name in FORMS}
    return {**unrolled, UNROLLED: rows, **beside}


def card_configs(files: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """What the card's YAML says under `configs`, from the files by config: `load_dataset` reads by this, not by the manifest."""
    return [
        {
            "config_name": config,
            "data_files": [{"split": split, "path": f"{Path(f).parent}/{split}-*"} for split, f in splits.items()],
        }
        | ({"default": True} if number == 0 and config != "default" else {})
        for number, (config, splits) in enumerate(files.items())
    ]


def read_rows(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a parquet file, batch by batch."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(BATCH):
            yield from batch.to_pylist()


def code_of(manifest: Mapping[str, Any]) -> str | None:
    """The hash of the code that a folder was built with; None where it is not known."""
    return manifest.get("code") or manifest["inputs"].get("code")  # format 1 has it among the inputs
