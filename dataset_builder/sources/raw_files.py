"""Read the raw rows of one split of one config: from a folder in the Hub's layout, or from the Hub at a revision.

The table of sources needs this module, so what takes long to import is imported where it is used.
"""

import codecs
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_builder.sources.packed_rows import PackedRows

SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_LINE = (
    32 << 20
)  # bytes; the longest real row, an abstract, has 20,000. A gzip of a few MB can hold a line of many GB
LOCAL = "local"  # the revision of rows from a local folder, which the files' checksums identify


class SourceError(ValueError):
    """A source that cannot be read as expected; the message says what was found and expected, and what to do."""


@dataclass(frozen=True)
class RawFile:
    """The raw rows of one split of one config, and their exact origin."""

    rows: Sequence[dict[str, Any]]
    place: str
    revision: str
    files: dict[str, str] = field(default_factory=dict)  # local files, with their sha256


def read_local(folder: Path, split: str, root: Path) -> RawFile:
    """The rows of ``folder/<split>.jsonl[.gz]|.parquet``.

    Raises SourceError where there is none, several or a broken one.
    """
    found = split_files(folder, split)
    if len(found) != 1:
        there = ", ".join(sorted(p.name for p in folder.glob("*"))) if folder.is_dir() else "no such folder"
        raise SourceError(
            f"expected one file {folder}/{split} with the ending {', '.join(SUFFIXES)}, found "
            f"{[p.name for p in found] or 'none'} (in the folder: {there or 'nothing'})"
        )
    rows = (
        _parquet_rows(found[0])
        if found[0].suffix == ".parquet"
        else PackedRows(json_row(line, place) for place, line in json_lines(found[0]))
    )
    if not rows:
        raise SourceError(f"{found[0]} is empty; expected at least one row")
    return RawFile(rows, str(found[0]), LOCAL, {found[0].relative_to(root).as_posix(): sha256(found[0])})


def read_hub(hub_id: str, config: str | None, split: str, revision: str | None) -> RawFile:
    """The rows of a Hub dataset; without a revision at the newest commit. Raises SourceError with the reason."""
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError
    from httpx import HTTPError
    from huggingface_hub import HfApi

    try:
        commit = HfApi().dataset_info(hub_id, revision=revision).sha
        rows = load_dataset(hub_id, config, split=split, revision=commit).to_list()
    except (OSError, ValueError, HTTPError, DatasetsError) as why:
        raise SourceError(
            f"cannot load {hub_id}, config {config}, split {split} from the Hub: {why}. Where there is no network, put the "
            f"file at DIR/{hub_id}/{f'{config}/' if config else ''}{split}.jsonl and give --data-dir DIR"
        ) from why
    return RawFile(rows, f"{hub_id}, config {config}, split {split}", str(commit))


def split_files(folder: Path, split: str) -> list[Path]:
    """The files of a split: normally none or one."""
    return [path for suffix in SUFFIXES if (path := folder / f"{split}{suffix}").is_file()]


def sha256(path: Path) -> str:
    """Checksum of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """The lines of a file that are not empty, each with its place in words. Raises SourceError where it is no text in UTF-8 of lines, or is a broken gzip."""
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            lines = iter(lambda: file.readline(MAX_LINE + 1), b"")
            for number, line in enumerate(lines, 1):
                if number == 1 and line.startswith(UTF_16):
                    raise SourceError(f"{path}: found UTF-16; expected UTF-8. Save it anew with that encoding")
                if len(line) > MAX_LINE:
                    raise SourceError(
                        f"{path}, line {number}: over {MAX_LINE >> 20} MB; expected one JSON object per line, not one JSON list of all"
                    )
                line = line.removeprefix(codecs.BOM_UTF8)  # also within a file: that was put together from several
                if line.strip():
                    yield f"{path}, line {number}", line
    except (EOFError, zlib.error, gzip.BadGzipFile) as why:
        raise SourceError(
            f"{path}: broken gzip after line {number} ({why}); expected a complete file; copy it again"
        ) from why


def json_row(line: bytes, place: str) -> dict[str, Any]:
    """The row that a line is. Raises SourceError where it is not UTF-8, broken, or no JSON object."""
    try:
        row = json.loads(line.decode("utf-8"))
        if b"\\u" in line:  # an escape can encode half a character, which cannot be written to a file
            json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeError as why:
        raise SourceError(f"{place}: not UTF-8 ({why}); expected a text file in UTF-8") from why
    except (ValueError, RecursionError) as why:
        raise SourceError(f"{place}: broken JSON ({why}); expected one JSON object per line") from why
    if not isinstance(row, dict):
        raise SourceError(f"{place}: found {type(row).__name__}, expected a JSON object")
    return row


def _parquet_rows(path: Path) -> Sequence[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        batches = pyarrow.parquet.read_table(path).to_batches(max_chunksize=1000)
        return PackedRows(row for batch in batches for row in batch.to_pylist())
    except (
        pa.ArrowException,
        OSError,
        ValueError,
    ) as why:  # ValueError: a text that is not UTF-8, a date that Python lacks
        raise SourceError(f"{path} is not a complete parquet file ({why}); copy it again") from why
