"""Read nodes, edges and relations from the twelve columns of PrimeKG's kg.csv (Chandak et al. 2023).

The identity of a node is its index in the file, never its name: two nodes with one name stay two, and ``NA``, ``null`` or
``None`` are names like any other. kg.csv stores every edge both ways; here an edge is one unordered pair of nodes.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

NODE_TYPES = (
    "gene/protein",
    "drug",
    "effect/phenotype",
    "disease",
    "biological_process",
    "molecular_function",
    "cellular_component",
    "exposure",
    "pathway",
    "anatomy",
)
SIDE = ("index", "id", "type", "name", "source")
CODED = pa.dictionary(pa.int32(), pa.string())
COLUMNS = ("relation", "display_relation", *(f"x_{c}" for c in SIDE), *(f"y_{c}" for c in SIDE))


class GraphError(ValueError):
    """A file that cannot be read as a knowledge graph; the message names file, place, what was found and expected."""


@dataclass(frozen=True)
class Nodes:
    """The nodes, sorted by index; a position in these sequences is a *vertex* of the search graph."""

    index: np.ndarray
    id: list[str]
    type: list[str]
    name: list[str]
    source: list[str]


@dataclass(frozen=True)
class Edges:
    """The distinct edges in order, and the relations of each.

    An edge of the vertices low < high is the number ``low * vertices + high`` in ``pair``. The relations of edge ``e`` are
    ``relation_names[relation[start[e]:start[e + 1]]]``, each a (relation, display_relation). Edge indexes of graph-tool
    are not used: they change when a graph is saved and loaded.
    """

    vertices: int
    pair: np.ndarray
    start: np.ndarray
    relation: np.ndarray
    relation_names: list[tuple[str, str]]
    rows: int  # of the file, every edge counted as often as it occurs

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The low and the high vertex of every edge."""
        return np.divmod(self.pair, self.vertices)

    def find(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The edge between every x and y, whichever is lower; -1 where there is none."""
        wanted = np.minimum(x, y).astype(np.int64) * self.vertices + np.maximum(x, y)
        edge = np.minimum(np.searchsorted(self.pair, wanted), max(len(self.pair) - 1, 0))
        return np.where(self.pair[edge] == wanted, edge, -1) if len(self.pair) else np.full(len(wanted), -1)

    def all_relations(self, wanted: np.ndarray, edge: np.ndarray) -> np.ndarray:
        """Per edge, whether all its relations are wanted (a flag per relation); False for edge -1."""
        count = np.where(edge < 0, 0, self.start[edge + 1] - self.start[edge])
        ends = np.cumsum(count)
        position = np.repeat(self.start[edge] - (ends - count), count) + np.arange(count.sum())
        unwanted = np.append(0, np.cumsum(~wanted[self.relation[position]]))
        return (count > 0) & (unwanted[ends] == unwanted[ends - count])


def read_graph(path: Path) -> tuple[Nodes, Edges]:
    """The nodes and edges of a .csv, .csv.gz or .parquet file. Raises GraphError where it is not in kg.csv's form."""
    table = _read_table(path)
    nodes, x, y = _nodes(table, path)
    return nodes, _edges(table, x, y, len(nodes.index))


def _read_table(path: Path) -> pa.Table:
    """The twelve columns, texts dictionary-encoded: PrimeKG's 8.1 million rows fit in half a gigabyte that way."""
    table = _read_columns(path)
    for column in COLUMNS:
        if table[column].null_count:
            row = pc.index(table[column].is_null(), True).as_py() + 1
            raise GraphError(f"{path}, row {row}: column {column} is empty; expected a value in every row")
    return table


def _read_columns(path: Path) -> pa.Table:
    types = {column: pa.int64() if column.endswith("_index") else CODED for column in COLUMNS}
    try:
        if path.name.endswith(".parquet"):
            _expect_columns(pyarrow.parquet.read_schema(path).names, path)
            texts = [column for column, type_ in types.items() if type_ == CODED]
            table = pyarrow.parquet.read_table(path, columns=list(COLUMNS), read_dictionary=texts)
            return pa.table({column: _as(table[column], type_) for column, type_ in types.items()})
        if path.name.endswith((".csv", ".csv.gz")):
            _expect_columns(_header(path), path)
            convert = pyarrow.csv.ConvertOptions(
                column_types=types, strings_can_be_null=False, include_columns=list(COLUMNS)
            )
            return pyarrow.csv.read_csv(path, convert_options=convert)
    except (pa.ArrowInvalid, csv.Error, OSError) as why:
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
    return next(csv.reader([line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r")]), [])


def _expect_columns(found: list[str], path: Path) -> None:
    if missing := [column for column in COLUMNS if column not in found]:
        raise GraphError(f"{path} has no column {', '.join(missing)}; found {found}, expected {list(COLUMNS)}")


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


def _edges(table: pa.Table, x: np.ndarray, y: np.ndarray, vertices: int) -> Edges:
    names, relation = _relations(table)
    real = x != y  # a relation of a node to itself is no edge: no shortest path can use it
    kinds = max(len(names), 1)
    pair = np.minimum(x, y)[real].astype(np.int64) * vertices + np.maximum(x, y)[real]
    pair, relation = np.divmod(np.unique(pair * kinds + relation[real]), kinds)
    pair, start = np.unique(pair, return_index=True)
    return Edges(vertices, pair, np.append(start, relation.size), relation.astype(np.int16), names, table.num_rows)


def _relations(table: pa.Table) -> tuple[list[tuple[str, str]], np.ndarray]:
    """The distinct (relation, display_relation) in alphabetical order, and which of them each row has."""
    labels = [table[c].unify_dictionaries().combine_chunks() for c in ("relation", "display_relation")]
    relations, displays = (label.dictionary.to_pylist() for label in labels)
    pairs = labels[0].indices.to_numpy().astype(np.int32) * max(len(displays), 1) + labels[1].indices.to_numpy()
    used, relation = np.unique(pairs, return_inverse=True)
    named = [(relations[pair // len(displays)], displays[pair % len(displays)]) for pair in used]
    order = sorted(range(len(named)), key=named.__getitem__)
    rank = np.empty(len(named), np.int64)
    rank[order] = np.arange(len(named))
    return [named[i] for i in order], rank[relation]
