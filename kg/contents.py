"""What a graph has once it is read, in whichever format: nodes, edges, and where each relation of an edge comes from.

Every reader (kg.readers) gives these two values, made by ``edges_of`` from the lines of its files. The identity of a node is its
index, never its name: two nodes with one name stay two, and ``NA``, ``null`` or ``None`` are names like any other. An edge is one
unordered pair of nodes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
ONTOLOGIES = frozenset(NODE_TYPES) - {"gene/protein", "drug", "exposure", "pathway"}
OBSOLETE = re.compile(r"[\W_]*obsoleted?(?![a-z])", re.IGNORECASE)
TEXTS, LISTS = ("id", "type", "name", "source"), ("synonyms", "xrefs")  # of a node
# which end of an edge is the subject of a relation; 3: each, as two statements; 0: the graph does not say
LOW, HIGH = 1, 2
PROVENANCE = pa.schema(
    {"source": pa.string(), "publications": pa.list_(pa.string()), "evidence": pa.string(), "score": pa.float64()}
)

Name = tuple[str, str]  # relation, display_relation


class GraphError(ValueError):
    """A file that cannot be read as a knowledge graph; the message names file, place, what was found and expected."""


@dataclass(frozen=True)
class Nodes:
    """The nodes, sorted by index; a position in these sequences is a *vertex* of the search graph.

    ``synonyms``: exact second names, ``xrefs``: ids in other vocabularies ("UMLS:C0018099"), each a list of texts per node; None: the
    graph has none.
    """

    index: np.ndarray
    id: list[str]
    type: list[str]
    name: list[str]
    source: list[str]
    synonyms: pa.ListArray | None = None
    xrefs: pa.ListArray | None = None

    def synonyms_of(self, vertex: int) -> list[str]:
        """The exact synonyms of a node."""
        return [] if self.synonyms is None else self.synonyms[vertex].as_py()

    def every_synonym(self) -> Iterable[tuple[int, str]]:
        """Every vertex with each of its exact synonyms."""
        if self.synonyms is None:
            return ()
        vertices = pc.call_function("list_parent_indices", [self.synonyms]).to_pylist()
        return zip(vertices, self.synonyms.flatten().to_pylist(), strict=True)


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
    relation_names: list[Name]
    rows: int  # of the file, every edge counted as often as it occurs
    obsolete_nodes: int = 0  # of the file, and not of this graph: those that their ontology calls obsolete
    obsolete_rows: int = 0  # of the file, with such a node
    # what else of the file is not in the graph, and how often
    left_out: Mapping[str, int] = field(default_factory=dict)
    # per item of ``relation``; None: the graph never says. LOW, HIGH, both or 0; the columns of PROVENANCE
    subject: np.ndarray | None = None
    provenance: pa.Table | None = None

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


class Statements(NamedTuple):
    """The lines of a graph's files, each a relation between two nodes; arrays of one length.

    ``x``, ``y``: vertices; ``relation``: positions in ``names``. ``directed``: whether x is the subject and y the object, None: never known.
    ``provenance``: a table in the columns of PROVENANCE, None: never known.
    """

    x: np.ndarray
    y: np.ndarray
    relation: np.ndarray
    names: Sequence[Name]
    directed: np.ndarray | None = None
    provenance: pa.Table | None = None


def edges_of(said: Statements, vertices: int, *, left_out: Mapping[str, int] | None = None) -> Edges:
    """The edges that these lines make: a relation that several lines state of one pair is one, with all its sources.

    A relation of a node to itself is no edge, since no shortest path can use it. Names that no line has are dropped, the others sorted.
    """
    names, relation = _used(said)
    kinds, rows = max(len(names), 1), len(said.x)
    real = np.flatnonzero(said.x != said.y)
    x, y = said.x[real].astype(np.int64), said.y[real].astype(np.int64)
    key = (np.minimum(x, y) * vertices + np.maximum(x, y)) * kinds + relation[real]
    if said.directed is None and said.provenance is None:
        pair, relation = np.divmod(np.unique(key), kinds)
        of_items = {}
    else:
        order = np.argsort(key, kind="stable")
        key = key[order]
        begin = np.flatnonzero(np.diff(key, prepend=-1))
        pair, relation = np.divmod(key[begin], kinds)
        lines = real[order]
        of_items = {
            "subject": _subjects(said, lines, begin),
            "provenance": None if said.provenance is None else _joined(said.provenance, lines, begin),
        }
    pair, start = np.unique(pair, return_index=True)
    start = np.append(start, relation.size)
    return Edges(
        vertices, pair, start, relation.astype(np.int16), names, rows, left_out=dict(left_out or {}), **of_items
    )


def _used(said: Statements) -> tuple[list[Name], np.ndarray]:
    """The names that lines have, in alphabetical order, and which of them each line has."""
    used = np.flatnonzero(np.bincount(said.relation, minlength=len(said.names)))
    order = sorted({said.names[i] for i in used.tolist()})
    place = {name: number for number, name in enumerate(order)}
    rank = np.array([place.get(name, -1) for name in said.names], np.int64)
    return order, rank[said.relation]


def _subjects(said: Statements, lines: np.ndarray, begin: np.ndarray) -> np.ndarray | None:
    if said.directed is None:
        return None
    side = np.where(said.x[lines] < said.y[lines], LOW, HIGH).astype(np.int8)
    side[~said.directed[lines]] = 0
    return np.bitwise_or.reduceat(side, begin) if len(begin) else side


def _joined(provenance: pa.Table, lines: np.ndarray, begin: np.ndarray) -> pa.Table:
    """The provenance of every item: of its one line, or of all its lines together."""
    first = provenance.take(pa.array(lines[begin])).cast(PROVENANCE).combine_chunks()
    count = np.diff(begin, append=len(lines))
    several = np.flatnonzero(count > 1)
    if not len(several):
        return first
    of = provenance.take(pa.array(lines[np.repeat(count > 1, count)])).to_pydict()
    ends = np.cumsum(count[several]).tolist()
    merged = [_one(of, slice(end - n, end)) for end, n in zip(ends, count[several].tolist(), strict=True)]
    where = np.full(len(count), -1)
    where[several] = np.arange(len(several))
    place = np.where(where >= 0, len(count) + where, np.arange(len(count)))
    both = pa.concat_tables([first, pa.Table.from_pylist(merged, PROVENANCE)])
    return both.take(pa.array(place)).combine_chunks()


def _one(of: Mapping[str, Sequence[object]], lines: slice) -> dict[str, object]:
    """Several lines' provenance as one: every source and evidence code once, all publications, the highest score."""
    scores = [score for score in of["score"][lines] if isinstance(score, float)]
    papers = [paper for some in of["publications"][lines] for paper in (some if isinstance(some, list) else ())]
    sources = {one for some in of["source"][lines] if some for one in str(some).split("; ")}
    return {
        "source": "; ".join(sorted(sources)) or None,
        "publications": sorted(set(papers)) or None,
        "evidence": "; ".join(sorted({str(one) for one in of["evidence"][lines] if one})) or None,
        "score": max(scores, default=None),
    }


def obsolete(names: list[str], types: list[str]) -> np.ndarray:
    """Per node, whether its ontology has withdrawn the term: MONDO, HPO and GO then begin its name with "obsolete". Shape (n,)."""
    both = zip(names, types, strict=True)
    return np.array([type_ in ONTOLOGIES and OBSOLETE.match(name) is not None for name, type_ in both], bool)


def without_obsolete(
    nodes: Nodes, edges: Edges, x: np.ndarray, y: np.ndarray, shown: object, *, also: np.ndarray | None = None
) -> tuple[Nodes, Edges]:
    """The graph without the nodes that their ontology calls obsolete, with their edges, which are counted.

    ``x``, ``y``: the vertices of every line of the file that ``shown`` names; ``also``: further nodes to leave out, a flag each, shape (n,).
    Raises GraphError where nothing else is there.
    """
    old = obsolete(nodes.name, nodes.type)
    old = old if also is None else old | also
    if not old.any():
        return nodes, edges
    gone = old[x] | old[y]
    if gone.all():
        raise GraphError(
            f"{shown} has no edge but those of {int(old.sum()):,} obsolete nodes; expected at least one other"
        )
    return without(nodes, edges, old, int(gone.sum()))


def without(nodes: Nodes, edges: Edges, left_out: np.ndarray, rows: int) -> tuple[Nodes, Edges]:
    """The graph without these nodes, which are obsolete. ``left_out``: a flag per node, shape (n,); ``rows``: how many of the file have one of them."""
    kept = np.flatnonzero(~left_out)
    vertex = np.cumsum(~left_out) - 1
    texts = {c: [getattr(nodes, c)[v] for v in kept.tolist()] for c in TEXTS}
    lists = {c: some and some.take(pa.array(kept)) for c in LISTS for some in [getattr(nodes, c)]}
    low, high = edges.ends()
    stays = ~(left_out[low] | left_out[high])
    count = np.diff(edges.start)
    items = np.repeat(stays, count)
    return Nodes(nodes.index[kept], **texts, **lists), replace(
        edges,
        vertices=len(kept),
        pair=vertex[low[stays]].astype(np.int64) * len(kept) + vertex[high[stays]],
        start=np.append(0, np.cumsum(count[stays])),
        relation=edges.relation[items],
        obsolete_nodes=int(left_out.sum()),
        obsolete_rows=rows,
        subject=None if edges.subject is None else edges.subject[items],
        provenance=edges.provenance and edges.provenance.filter(pa.array(items)),
    )
