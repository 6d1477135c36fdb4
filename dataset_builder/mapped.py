"""Columns in several memory-mapped files as one dataset, without a copy; the hash of each; their pages out of memory again."""

import ctypes
import functools
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from datasets import Dataset, concatenate_datasets

MAPS = Path("/proc/self/maps")
MAPPED = 250_000_000  # bytes that are read of mapped files before their pages are let go of


def joined(columns: Mapping[str, Dataset]) -> Dataset:
    """A dataset of these columns, in this order, each taken from its dataset; all have the same rows.

    Workers get the files' names: a table of mapped files is pickled as these.
    """
    runs = groupby(columns.items(), key=lambda column: id(column[1]))
    parts = [[*run] for _, run in runs]  # a part per run of columns, since `datasets` cannot move one out of its part
    return concatenate_datasets([part[0][1].select_columns([name for name, _ in part]) for part in parts], axis=1)


def contents(rows: Dataset, columns: Sequence[str], key: str) -> dict[str, str]:
    """sha256 of the type and values of each of these columns; kept beside the file under ``key``, so that they are computed once."""
    kept = folder_of(rows) / f"content-{key}.json"
    if not kept.exists():
        found = {}
        for name in columns:
            table = rows.data.table.select([name]).replace_schema_metadata(None)
            digest = hashlib.sha256(table.schema.serialize())
            read = 0
            for batch in table.to_batches():
                digest.update(batch.serialize())
                read += batch.nbytes
                if read > MAPPED:
                    release(folder_of(rows))
                    read = 0
            found[name] = digest.hexdigest()
        written = kept.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps(found), "utf-8")
        written.replace(kept)
    return json.loads(kept.read_text("utf-8"))


def folder_of(rows: Dataset) -> Path:
    """The folder of the file of these rows, where `map` keeps its results too."""
    return Path(rows.cache_files[0]["filename"]).parent


def release(folder: Path) -> None:
    """Take the pages of all files of this folder out of this process's memory. They are read again where they are needed.

    A mapped page that was read once counts as this process's memory for as long as the file is mapped: without this, a stage over a
    million rows seems to take as much memory as its columns are long. Nothing is written through such a mapping, so nothing is
    lost. Only on Linux; elsewhere it does nothing.
    """
    if not MAPS.exists():
        return
    prefix = os.fsencode(folder.resolve()) + b"/"
    for line in MAPS.read_bytes().splitlines():
        span, mode, *_, path = line.split(maxsplit=5)
        if mode.startswith(b"r--") and path.startswith(prefix):
            start, end = (int(address, 16) for address in span.split(b"-"))
            _madvise()(start, end - start, _DONTNEED)


_DONTNEED = (
    4  # MADV_DONTNEED in Linux's mman.h: of a mapped file the kernel keeps the pages, the process lets go of them
)


@functools.cache
def _madvise():
    function = ctypes.CDLL(None, use_errno=True).madvise
    function.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    return function
