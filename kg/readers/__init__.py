"""The formats of graphs: which one some files have, and the nodes and edges in them. One module each; all give kg.contents' two values.

A module ``kg.readers.KIND`` has ``files(path)``, the files that it reads of a path that a user gives, and ``read_graph(path)``.
"""

import hashlib
import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from kg.contents import Edges, GraphError, Nodes

KINDS = ("primekg", "kgx", "hpo", "optimuskg")
SCORED = {
    "optimuskg": 0.2
}  # formats with a score of edges by which they can be cut, and where they are cut if nobody says (DECISIONS.md)
TABLES = (".csv", ".csv.gz", ".parquet")
EXPECTED = (
    "a .csv, .csv.gz or .parquet file in the columns of PrimeKG's kg.csv; a folder, .tar.gz or nodes file in KGX's format "
    "(…nodes.tsv or .jsonl with …edges beside it); a folder with HPO's hp.obo; one with OptimusKG's nodes.parquet and edges.parquet"
)
_CUT = "#min_edge_score="


@dataclass(frozen=True)
class Source:
    """Files of a graph: their format, the path that leads to them, and the score that an edge needs where the format has one."""

    kind: str
    path: Path
    min_edge_score: float = 0.0

    @classmethod
    def parse(cls, text: str, min_edge_score: float | None = None) -> "Source":
        """A path, or ``kind:path``, with ``#min_edge_score=X`` or not; the kind is found from the files where it is not said.

        Raises GraphError for another score than from 0 to 1, or for one where edges have none.
        """
        kind, colon, rest = text.partition(":")
        said = kind if colon and kind in KINDS else None
        path, _, score = (rest if said else text).partition(_CUT)
        kind = said or kind_of(Path(path))
        least = SCORED.get(kind, 0.0) if not score else _score(score)
        least = least if min_edge_score is None else min_edge_score
        if math.isnan(least) or not 0 <= least <= 1:
            raise GraphError(f"found --min-edge-score {least:g}; expected a number from 0 to 1")
        found = cls(kind, Path(path), least)
        if found.min_edge_score and found.kind not in SCORED:
            raise GraphError(
                f"found --min-edge-score {found.min_edge_score} for {path}, a graph in the format {found.kind}; "
                f"expected one whose edges have scores: {', '.join(SCORED)}"
            )
        return found

    def __str__(self) -> str:
        cut = f"{_CUT}{self.min_edge_score}" if self.kind in SCORED else ""
        return str(self.path) if self.kind == "primekg" else f"{self.kind}:{self.path}{cut}"

    @property
    def files(self) -> list[Path]:
        """The files that are read. Raises GraphError where they are not all there."""
        return _module(self.kind).files(self.path)

    def digest(self, of_file: Callable[[Path], str]) -> str:
        """sha256 of the content: of a single file in kg.csv's form its own; else of format, score, names and contents of all files."""
        if self.kind == "primekg":
            return of_file(self.files[0])
        lines = [f"{self.kind} {self.min_edge_score}", *sorted(f"{file.name} {of_file(file)}" for file in self.files)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def read(self) -> tuple[Nodes, Edges]:
        """The nodes and edges. Raises GraphError where the files are not in the format."""
        reader = _module(self.kind)
        if self.kind in SCORED:
            return reader.read_graph(self.path, self.min_edge_score)
        return reader.read_graph(self.path)


def without_score(name: str) -> str:
    """A graph's name or path, without the score that may follow it."""
    return name.partition(_CUT)[0]


def with_score(name: str, min_edge_score: float | None) -> str:
    """A graph's name or path, followed by the score that its edges need, where one is given."""
    return name if min_edge_score is None else f"{without_score(name)}{_CUT}{min_edge_score}"


def _score(text: str) -> float:
    try:
        return float(text)
    except ValueError as why:
        raise GraphError(f"found {_CUT}{text} after the path of a graph; expected a number from 0 to 1") from why


def kind_of(path: Path) -> str:
    """The format of the files at this path, by their names. Raises GraphError where none is known or nothing is there."""
    if path.is_file() and path.name.endswith(TABLES):
        return "primekg"
    if path.is_dir():
        names = {file.name for file in path.iterdir()}
        if {"nodes.parquet", "edges.parquet"} <= names:
            return "optimuskg"
        if "hp.obo" in names:
            return "hpo"
    if path.is_dir() or path.is_file():
        return "kgx"
    raise GraphError(f"{path} does not exist; expected {EXPECTED}")


def _module(kind: str) -> ModuleType:
    return importlib.import_module(f"kg.readers.{kind}")
