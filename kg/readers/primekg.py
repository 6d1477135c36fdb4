"""Read nodes, edges and relations from the twelve columns of PrimeKG's kg.csv (Chandak et al. 2023).

A node's index is that of the file. kg.csv stores every edge both ways.
"""

import codecs
import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from kg.contents import NODE_TYPES, Edges, GraphError, Nodes, Statements, edges_of, without_obsolete

SIDE = ("index", "id", "type", "name", "source")
CODED = pa.dictionary(pa.int32(), pa.string())
SHOWN = ("relation", "display_relation", "x_name", "y_name")  # in rationales
MAX_RELATIONS = 1000  # PrimeKG has 30
COLUMNS = ("relation", "display_relation", *(f"x_{c}" for c in SIDE), *(f"y_{c}" for c in SIDE))


def files(path: Path) -> list[Path]:
    """The one file. Raises GraphError where it is not there."""
    if not path.is_file():
        raise GraphError(f"{path} is not a file; expected a .csv, .csv.gz or .parquet file in kg.csv's columns")
    return [path]


def read_graph(path: Path) -> tuple[Nodes, Edges]:
    """The nodes and edges of a .csv, .csv.gz or .parquet file. Raises GraphError where it is not in kg.csv's form.

    Nodes that their ontology calls obsolete are left out, with their edges, and counted.
    """
    table = _read_table(path)
    nodes, x, y = _nodes(table, path)
    names, relation = _relations(table, path)
    edges = edges_of(Statements(x, y, relation, names), len(nodes.index))
    return without_obsolete(nodes, edges, x, y, path)


def _read_table(path: Path) -> pa.Table:
    """The twelve columns, texts dictionary-encoded: PrimeKG's 8.1 million rows fit in half a gigabyte that way."""
    table = _read_columns(path)
    for column in COLUMNS:
        if table[column].null_count:
            row = pc.index(table[column].is_null(), True).as_py() + 1
            raise GraphError(f"{path}, row {row}: column {column} is empty; expected a value in every row")
        if column in SHOWN:
            _expect_no_blank(table[column].unify_dictionaries(), column, path)
    if not table.num_rows:
        raise GraphError(f"{path} has no row; expected at least one edge")
    return table


def _expect_no_blank(texts: pa.ChunkedArray, column: str, path: Path) -> None:
    """A rationale would say "Aspirin targets  ", and nobody could tell such nodes apart."""
    values = texts.chunk(0).dictionary.to_pylist() if texts.num_chunks else []
    blank = [value for value in values if not any(sign.isprintable() and sign != " " for sign in value)]
    if blank:
        there = np.isin(texts.cast(pa.string()).to_numpy().astype(str), blank)
        raise GraphError(
            f"{path}, row {int(there.argmax()) + 1}: {column} is blank ({blank[0]!r}), as in {int(there.sum()):,} rows; "
            f"expected a text that can be shown. Give these nodes or relations names, or leave the rows out"
        )


def _read_columns(path: Path) -> pa.Table:
    types = {column: pa.int64() if column.endswith("_index") else CODED for column in COLUMNS}
    try:
        if path.name.endswith(".parquet"):
            _expect_columns(pyarrow.parquet.read_schema(path).names, path)
            texts = [column for column, type_ in types.items() if type_ == CODED]
            table = pyarrow.parquet.read_table(path, columns=list(COLUMNS), read_dictionary=texts)
            table.validate(full=True)  # that texts are UTF-8: unlike a CSV reader, this one does not look
            return pa.table({column: _as(table[column], type_) for column, type_ in types.items()})
        if path.name.endswith((".csv", ".csv.gz")):
            _expect_columns(_header(path), path)
            convert = pyarrow.csv.ConvertOptions(
                column_types=types, strings_can_be_null=False, include_columns=list(COLUMNS)
            )
            return pyarrow.csv.read_csv(path, convert_options=convert)
    except (pa.ArrowException, csv.Error, OSError, UnicodeDecodeError) as why:
        raise GraphError(
            f"{path} cannot be read as a graph: {why}; expected a complete file in kg.csv's columns"
        ) from why
    raise GraphError(f"{path} is not a graph file: expected a name that ends in .csv, .csv.gz or .parquet")


def _as(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    """A parquet column as its type in kg.csv; numbers in a text column (such as ids) become text."""
    if type_ != CODED or column.type == CODED:
        return column.cast(type_)
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    return plain.cast(pa.string()).dictionary_encode()


def _header(path: Path) -> list[str]:
    with pa.input_stream(path, compression="detect") as file:
        line = file.read(2**16).split(b"\n", 1)[0]
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise GraphError(f"{path}: found UTF-16; expected UTF-8. Save it anew with that encoding")
    return next(csv.reader([line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r")]), [])


def _expect_columns(found: list[str], path: Path) -> None:
    if missing := [column for column in COLUMNS if column not in found]:
        raise GraphError(f"{path} has no column {', '.join(missing)}; found {found!s:.500}, expected {list(COLUMNS)}")
    if twice := [column for column in COLUMNS if found.count(column) > 1]:
        raise GraphError(f"{path} has two columns {', '.join(twice)}; expected each of them once")


def _nodes(table: pa.Table, path: Path) -> tuple[Nodes, np.ndarray, np.ndarray]:
    """The node table, and the vertex on each side of every row."""
    sides = {c: _both_sides(table, c) for c in SIDE}
    index = sides["index"].unique().sort()
    vertex = pc.call_function("index_in", [sides["index"]], pc.SetLookupOptions(index)).to_numpy()
    first = np.empty(len(index), np.int64)
    first[vertex[::-1]] = np.arange(len(vertex) - 1, -1, -1)  # for repeated positions the last assignment counts
    for column in ("name", "type"):
        codes = sides[column].combine_chunks().indices.to_numpy()
        if (clash := np.flatnonzero(codes != codes[first][vertex])).size:
            here, there = int(clash[0]), int(first[vertex[clash[0]]])
            raise GraphError(
                f"{path}, {_place(here, table)}: node {index[vertex[here]]} has {column} "
                f"{sides[column][here].as_py()!r}, but {sides[column][there].as_py()!r} in {_place(there, table)}; "
                f"expected one {column} for one index"
            )
    columns = {c: sides[c].take(pa.array(first)).to_pylist() for c in SIDE[1:]}
    for vertex_number, node_type in enumerate(columns["type"]):
        if node_type not in NODE_TYPES:
            place = _place(int(first[vertex_number]), table)
            raise GraphError(
                f"{path}, {place}: unknown node type {node_type!r}; expected one of {', '.join(NODE_TYPES)}"
            )
    return Nodes(index.to_numpy(), **columns), vertex[: table.num_rows], vertex[table.num_rows :]


def _both_sides(table: pa.Table, column: str) -> pa.ChunkedArray:
    """A column of x and then of y, with one dictionary where it is coded."""
    chunks = [*table[f"x_{column}"].chunks, *table[f"y_{column}"].chunks]
    return pa.chunked_array(chunks, table[f"x_{column}"].type).unify_dictionaries()


def _place(position: int, table: pa.Table) -> str:
    """Which row of the file, counted from 1 after the header, and which side of it."""
    side, row = divmod(position, table.num_rows)
    return f"row {row + 1} ({'xy'[side]})"


def _relations(table: pa.Table, path: Path) -> tuple[list[tuple[str, str]], np.ndarray]:
    """Every (relation, display_relation) that there could be, and which of them each row has."""
    labels = [table[c].unify_dictionaries().combine_chunks() for c in ("relation", "display_relation")]
    relations, displays = (label.dictionary.to_pylist() for label in labels)
    if max(len(relations), len(displays)) > MAX_RELATIONS:
        raise GraphError(
            f"{path} has {len(relations):,} relations with {len(displays):,} display names; expected at most {MAX_RELATIONS:,}. "
            f"Is another column named relation?"
        )
    pairs = labels[0].indices.to_numpy().astype(np.int32) * max(len(displays), 1) + labels[1].indices.to_numpy()
    return [(relation, display) for relation in relations for display in displays], pairs
