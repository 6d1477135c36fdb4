"""Files of mentions whose node is known, for measuring the linker."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from kg.contents import GraphError, Nodes

NAMES = ("primekg_names", "node_name", "names")
TWINS = "audited_same_concept"


@dataclass(frozen=True)
class Pair:
    """A mention, its type, and the lower-cased names of the nodes that it stands for, twins included."""

    mention: str
    type: str
    names: frozenset[str]

    def is_right(self, name: str) -> bool:
        """Whether the mention stands for a node of this name."""
        return name.lower() in self.names


def read_gold(path: Path) -> list[Pair]:
    """The pairs of a .tsv or .tsv.gz with the columns mention, type, and one of ``NAMES``.

    Names are separated by |, and ``TWINS`` may contain more of them. Raises GraphError.
    """
    pairs = []
    for row in _rows(path):
        column = next((name for name in NAMES if name in row), None)
        if column is None or not {"mention", "type"} <= set(row):
            raise GraphError(
                f"{path} has the columns {', '.join(row)}; expected mention, type and one of {', '.join(NAMES)}"
            )
        names = f"{row[column]}|{row.get(TWINS, '')}".lower().split("|")
        pairs.append(Pair(row["mention"], row["type"], frozenset(filter(None, names))))
    return pairs


def read_names(path: Path) -> Nodes:
    """A graph of names only, from a .tsv or .tsv.gz with the columns name and type (empty: not known).

    Raises GraphError.
    """
    rows = list(_rows(path))
    if rows and not {"name", "type"} <= set(rows[0]):
        raise GraphError(f"{path} has the columns {', '.join(rows[0])}; expected name and type")
    number = [str(i) for i in range(len(rows))]
    names, types = [row["name"] for row in rows], [row["type"] for row in rows]
    return Nodes(np.arange(len(rows)), number, types, names, [row.get("evidence", "") for row in rows])


def without(nodes: Nodes, pairs: Sequence[Pair]) -> Nodes:
    """The nodes that are not gold nodes of these pairs: every link to them is wrong, except to unlisted twins."""
    gone = frozenset().union(*(pair.names for pair in pairs))
    kept = [vertex for vertex, name in enumerate(nodes.name) if name.lower() not in gone]
    return only(nodes, kept)


def only(nodes: Nodes, vertices: Collection[int]) -> Nodes:
    """A subset of the nodes of a graph."""
    columns = ([column[v] for v in vertices] for column in (nodes.id, nodes.type, nodes.name, nodes.source))
    return Nodes(nodes.index[list(vertices)], *columns)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise GraphError(f"there is no file {path}; expected a .tsv or .tsv.gz")
    with pa.input_stream(str(path), compression="detect") as file:
        header, *lines = file.read().decode("utf-8").removesuffix("\n").split("\n")
    columns = header.split("\t")
    for number, line in enumerate(lines, 2):
        values = line.split("\t")
        if len(values) != len(columns):
            raise GraphError(f"{path}, line {number}: found {len(values)} columns, expected {len(columns)}")
        yield dict(zip(columns, values, strict=True))
