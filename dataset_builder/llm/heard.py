"""What the conversations of a stage have heard, kept in a file: those whose answers are still the same are not run again.

A conversation is pure. So as long as nothing that it depends on changes (its row, its code, its tools: the file's name is a hash of these)
and the store still answers the same to each of its requests, it would make the same requests and end in the same columns. Whether it does
is asked of the store at every build, with the lookup of that build: what counts as no answer there (a failed one for a build that may call, a
torn entry), or has become another answer, is no longer heard, and its conversation runs.
"""

import hashlib
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from dataset_builder.llm.conversation import add_answer, new_digest
from dataset_builder.llm.model import KEY_BYTES, keys_in
from dataset_builder.llm.replay import AnswerLookup

BEGIN = b"heard 1\n"  # of each file: another number where the digests or keys of conversations are made in another way
KEYS = 500  # that are looked up together, or those of one row
_HASH = 16  # bytes
_SCHEMA = pa.schema({"row": pa.int64(), "digest": pa.large_binary(), "keys": pa.large_binary()})


class HeardRow(NamedTuple):
    """One row's conversation that has ended: the digest of its answers, and the keys of its requests, one after the other."""

    digest: bytes
    keys: bytes


Rows = Mapping[int, HeardRow]  # by the row's number


@dataclass(frozen=True)
class Heard:
    """The file at this path, whether it is there or not."""

    path: Path

    def unchanged(self, lookup: AnswerLookup) -> dict[int, HeardRow]:
        """The rows to whose requests the store gives the same answers as then. ``lookup`` counts these, as if the rows had asked it."""
        return {number: row for part in _parts(self.read()) for number, row in _same(part, lookup)}

    def read(self) -> dict[int, HeardRow]:
        """All rows of the file. None where there is no file, or, with a warning, a damaged one."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        start = len(BEGIN) + _HASH
        if not data.startswith(BEGIN) or data[len(BEGIN) : start] != _hash_of(data[start:]):
            warnings.warn(
                f"{self.path} is cut or damaged, or another version's: the stage's conversations run again on the stored answers, and it is "
                "written anew",
                stacklevel=2,
            )
            return {}
        table = pa.ipc.open_stream(data[start:]).read_all()
        numbers, digests, keys = (table[name].to_pylist() for name in _SCHEMA.names)
        return {number: HeardRow(*row) for number, *row in zip(numbers, digests, keys, strict=True)}

    def keep(self, rows: Rows) -> None:
        """Write the rows in place of the file. Whoever reads it at the same time sees the old one or the new one."""
        columns = [list(rows), [row.digest for row in rows.values()], [row.keys for row in rows.values()]]
        arrays = [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, _SCHEMA) as stream:
            stream.write_table(pa.table(arrays, schema=_SCHEMA))
        data = sink.getvalue().to_pybytes()
        written = self.path.with_suffix(f".{os.getpid()}")
        written.write_bytes(BEGIN + _hash_of(data) + data)
        written.replace(self.path)


def _hash_of(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_HASH).digest()


def _parts(rows: Rows) -> Iterator[dict[int, HeardRow]]:
    """The rows in parts of about KEYS requests."""
    part, size = {}, 0
    for number, row in rows.items():
        part[number] = row
        size += len(row.keys) // KEY_BYTES
        if size >= KEYS:
            yield part
            part, size = {}, 0
    if part:
        yield part


def _same(rows: Rows, lookup: AnswerLookup) -> Iterator[tuple[int, HeardRow]]:
    """Those of these rows whose answers have the same digest."""
    keys = {number: [*keys_in(row.keys)] for number, row in rows.items()}
    known = lookup.store.find([*dict.fromkeys(key for of_row in keys.values() for key in of_row)])
    said = {key: lookup.said(about.entry) for key, about in known.items()}
    for number, row in rows.items():
        digest = new_digest()
        for key in keys[number]:
            if (answer := said.get(key)) is None:
                break
            add_answer(digest, answer)
        else:
            if digest.digest() == row.digest:
                for key in keys[number]:
                    lookup.count(key, known[key], answered=True)
                yield number, row
