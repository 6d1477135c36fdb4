"""OptimusKG's two files, from rows."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet


def write(folder: Path, nodes: Sequence[Any], edges: Sequence[Any]) -> Path:
    """The two files; properties are given as objects, or as the text of a cell."""
    folder.mkdir(exist_ok=True)
    of_nodes, of_edges = (
        [(*row[:-1], row[-1] if isinstance(row[-1], str) else json.dumps(row[-1])) for row in rows]
        for rows in (nodes, edges)
    )
    with_flag = [(*row[:4], False, row[4]) for row in of_edges]
    for name, rows, columns in (
        ("nodes", of_nodes, ("id", "label", "properties")),
        ("edges", with_flag, ("from", "to", "label", "relation", "undirected", "properties")),
    ):
        values = list(zip(*rows, strict=True)) or [[] for _ in columns]
        types = [pa.bool_() if column == "undirected" else pa.large_string() for column in columns]
        arrays = [pa.array(some, type_) for some, type_ in zip(values, types, strict=True)]
        pyarrow.parquet.write_table(pa.table(arrays, list(columns)), folder / f"{name}.parquet")
    return folder
