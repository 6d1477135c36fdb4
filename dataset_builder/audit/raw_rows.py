"""The raw rows of a file, one after the other, in little memory. A row that cannot be read is said, and the next one is read."""

import gzip
import json
from codecs import getincrementaldecoder
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from dataset_builder.publishing.layout import batches_of
from dataset_builder.sources.raw_files import MAX_LINE, SourceError, json_lines, json_row

CHUNK = 1 << 20  # characters of a JSON list that are read at a time


class Torn(NamedTuple):
    """A row that cannot be read, and why."""

    why: str


def raw_rows(path: Path) -> Iterator[dict[str, Any] | Torn]:
    """The rows of a file. Raises SourceError where no row of it can be read, or it is no JSON and no parquet."""
    rows, read = _rows(path), 0
    for row in rows:
        read += not isinstance(row, Torn)
        yield row
    if not read:
        raise SourceError(
            f"{path}: found no row that can be read; expected one JSON object per line, a JSON list of objects, or a parquet file"
        )


def columns_of(path: Path, most: int = 200) -> list[str]:
    """The columns of the first rows, in their order. Raises SourceError as `raw_rows`."""
    found: dict[str, None] = {}
    for number, row in enumerate(raw_rows(path)):
        if isinstance(row, dict):
            found |= dict.fromkeys(row)
        if number >= most:
            break
    return list(found)


def _rows(path: Path) -> Iterator[dict[str, Any] | Torn]:
    if path.name.endswith(".parquet"):
        yield from _parquet(path)
    elif path.name.removesuffix(".gz").endswith(".json") and _is_list(path):
        yield from _json_list(path)
    else:
        yield from _lines(path)


def _lines(path: Path) -> Iterator[dict[str, Any] | Torn]:
    lines = json_lines(path)
    read = 0
    while True:
        try:
            place, line = next(lines)
        except StopIteration:
            return
        except SourceError as why:  # a broken gzip, UTF-16, a line without an end: no line after it can be read
            if not read:
                raise
            yield Torn(f"{why}; nothing after it was read")
            return
        read += 1
        try:
            yield json_row(line, place)
        except SourceError as why:
            yield Torn(str(why))


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # pyright: ignore[reportReturnType]


def _is_list(path: Path) -> bool:
    with _open(path) as file:
        return file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"["


def _json_list(path: Path) -> Iterator[dict[str, Any] | Torn]:
    """The elements of a JSON list, each parsed when it is read whole: the published file of ReasonMed is one list of over 1 GB."""
    decode = getincrementaldecoder("utf-8-sig")("surrogateescape").decode
    parse, text, at, number = json.JSONDecoder().raw_decode, "", 0, 0
    with _open(path) as file:
        end = False
        while True:
            while at < len(text) and text[at] in (" \t\r\n,[" if number == 0 else " \t\r\n,"):
                at += 1
            try:
                if at >= len(text):
                    raise ValueError("end of what was read")
                if text[at] == "]":
                    return
                row, at = parse(text, at)
            except (ValueError, RecursionError) as why:
                if end:
                    if at < len(text) or number:
                        yield Torn(f"{path}, element {number + 1}: broken JSON ({why}); nothing after it was read")
                    return
                if len(text) - at > MAX_LINE:
                    yield Torn(
                        f"{path}, element {number + 1}: broken JSON, or over {MAX_LINE >> 20} MB; nothing after it was read"
                    )
                    return
                piece = file.read(CHUNK if len(text) - at < CHUNK else len(text) - at)
                end = not piece
                text, at = text[at:] + decode(piece, end), 0
                continue
            number += 1
            yield (
                row
                if isinstance(row, dict)
                else Torn(f"{path}, element {number}: found {type(row).__name__}, expected a JSON object")
            )


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in batches_of(file):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as why:
        raise SourceError(f"{path} is not a complete parquet file ({why}); copy it again") from why
