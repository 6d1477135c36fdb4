"""Valid parquet files with other columns, types and cells than rows of this project have."""

import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_builder.publishing.schema.data_files import known_columns
from dataset_builder.row import as_features
from tests.fuzz.border import Border
from tests.fuzz.parquet import FILES, put
from tests.fuzz.parquet import seeds as files
from tests.support.tiny_folders import REFUSALS

OTHER = (pa.large_string(), pa.int32(), pa.float32(), pa.timestamp("ns", "nowhere"), pa.decimal128(38, 2), pa.binary(), pa.null(), pa.date64())  # fmt: skip


@cache
def seeds() -> Sequence[bytes]:
    """The rows of one file of each kind, as JSON: kind, and cells by column."""
    tables = {kind: pq.read_table(io.BytesIO(data)) for kind, data in zip(FILES, files(), strict=True)}
    return [
        json.dumps({"kind": kind, "columns": table.to_pydict()}).encode()
        for kind, table in tables.items()
        if kind != "answers"  # its keys are bytes, which JSON has not
    ]


def read(data: bytes, folder: Path) -> None:
    """Write the rows as the file of their kind."""
    kind, columns = _found(data)
    known = as_features({name: column for name, column in known_columns(_config(kind)).items() if name in columns})
    arrays = {name: _array(cells, known.arrow_schema.field(name).type if name in known else None, len(data)) for name, cells in columns.items()}  # fmt: skip
    rows = min((len(cells) for cells in arrays.values()), default=0)
    table = pa.Table.from_arrays([cells.slice(0, rows) for cells in arrays.values()], names=list(arrays))
    out = io.BytesIO()
    try:
        pq.write_table(table, out)
    except (pa.ArrowException, TypeError):  # parquet has no such type
        out.write(data)
    put(kind, out.getvalue(), data, folder)


def _config(kind: str) -> str:
    return "default" if kind in ("paths", "many") else kind


def _found(data: bytes) -> tuple[str, dict[str, list[Any]]]:
    try:
        found: Any = json.loads(data.decode("utf-8", "replace"))
        columns = {name.encode("utf-8", "replace").decode(): c if isinstance(c, list) else [c] for name, c in found["columns"].items()}  # fmt: skip
        return found["kind"] if found["kind"] in FILES else "paths", columns
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "paths", {}


def _array(cells: list[Any], kind: pa.DataType | None, draw: int) -> pa.Array:
    """The cells in the column's own type where they fit; else in the type that they have, or as text."""
    kinds = [*([OTHER[draw // 7 % len(OTHER)]] if draw % 7 == 0 else []), kind, None]
    for one in kinds:
        try:
            return pa.array(cells, type=one)
        except (pa.ArrowException, TypeError, ValueError, OverflowError, RecursionError):
            continue
    return pa.array([ascii(cell)[:100] for cell in cells])


BORDER = Border("rows", "json", seeds, read, REFUSALS)
