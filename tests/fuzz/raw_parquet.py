"""Raw question files as parquet, as the Hub has them."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from dataset_builder.sources.raw_files import SourceError
from tests.fuzz.border import Border
from tests.fuzz.raw import fixture, read_as

NAMES = ("medqa", "medmcqa", "mmlu_pro_health", "pubmedqa_unlabeled")


def seeds() -> Sequence[bytes]:
    """The fixtures of four layouts: options by label, by column, as a list, and a nested context."""
    return [_parquet(name) for name in NAMES]


def _parquet(name: str) -> bytes:
    rows = [json.loads(line) for line in fixture(name).splitlines()]
    out = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), out, compression="snappy")
    return out.getvalue()


def read(data: bytes, folder: Path) -> None:
    """Read a file as the source whose columns it names; where several are alike, as all."""
    marks = {
        "medqa": b"answer_idx",
        "medmcqa": b"cop",
        "mmlu_pro_health": b"answer_index",
        "pubmedqa_unlabeled": b"pubid",
    }
    for name in [name for name, mark in marks.items() if mark in data] or ["medqa"]:
        read_as(name, data, ".parquet", folder)


BORDER = Border("raw_parquet", "bytes", seeds, read, (SourceError,))
