"""Graph files as parquet."""

import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from kg.contents import GraphError
from tests.fuzz import graph
from tests.fuzz.border import Border


def seeds() -> Sequence[bytes]:
    """The small graph, with plain texts and with dictionaries."""
    table = pyarrow.csv.read_csv(io.BytesIO(graph.seeds()[0]))
    return [_parquet(table, compression) for compression in ("none", "zstd")]


def _parquet(table: pa.Table, compression: str) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, compression=compression, use_dictionary=compression == "none")
    return out.getvalue()


def read(data: bytes, folder: Path) -> None:
    """Read a graph file, with a cache in this folder."""
    graph.read_as(data, "kg.parquet", folder)


BORDER = Border("graph_parquet", "bytes", seeds, read, (GraphError,))
