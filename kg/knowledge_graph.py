"""The knowledge graph as a value: find mentions in a text, link them to nodes, search the paths between nodes."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from kg import arrow_paths, named_graphs, opened, prepared, search, twins
from kg.adjacency import Adjacency
from kg.candidates import Candidate
from kg.contents import Edges, GraphError, Nodes
from kg.embedder import NONE, Embedder, named
from kg.fold import lab_chemicals, n1_key, n2_key
from kg.mentions import Mention
from kg.phrases import direction, statement
from kg.search import ShortestPaths

if TYPE_CHECKING:
    from kg.kernel import Found

Engine = Literal["graph-tool", "fast"]


@dataclass(frozen=True)
class KG:
    """One graph at one content. A frozen value: cheap to hash, to pickle and to send to a worker process.

    What it opens (nodes, search graph, dictionary, linker) is kept once per process, and shared with forked workers.
    Outside this package, nodes are always identified by their index in the file.
    """

    name: str
    path: str
    digest: str
    embedder: Embedder = NONE

    @classmethod
    def load(
        cls, name_or_path: str | Path, embedder: str | Embedder = NONE, *, min_edge_score: float | None = None
    ) -> "KG":
        """The graph of this name (named_graphs.NAMES), or of this path, in any format of kg.readers; ``kind:path`` says which one.

        Read and checked at once. ``primekg`` is downloaded on first use. A graph that was read is kept prepared
        (kg.prepared), and a second load takes under a second. ``embedder`` (kg.embedder) helps to link names that
        lookup misses; it is optional, and loaded when first used. ``min_edge_score``: edges with a lower score are left out, in formats that
        have scores; None: that of kg.readers.SCORED. It can also follow the path, as ``#min_edge_score=0.5``. Raises GraphError where there is no such graph, or the files are not in that format; EmbedderError,
        UnusableEnvironment.
        """
        embedder = embedder if isinstance(embedder, Embedder) else named(embedder)
        embedder.check()  # before hours of work that would end at the first mention
        name = str(name_or_path)
        source, expected = named_graphs.find(name, min_edge_score)
        shown = name if name in named_graphs.NAMES else source.path.name
        kg = cls(shown, str(source), source.digest(prepared.digest), embedder)
        rows = opened.contents(kg.path, kg.digest)[1].rows
        if expected and rows != expected:
            raise GraphError(
                f"{source.path} has {rows:,} rows; PrimeKG's kg.csv has {expected:,}. Give another file by --kg FILE"
            )
        return kg

    def open(self) -> None:
        """Open everything now, so that worker processes forked later share it, instead of opening it each."""
        self.shortest_paths([], keep=1)  # the compiled search and its arrays; graph-tool is loaded only for the oracle
        for part in (opened.degrees, opened.commonness, opened.word_counts):
            part(self.path, self.digest)
        self.find_mentions("")
        self.link(["no such mention"], similar=0)
        gc.collect()
        gc.freeze()  # else the collector would write to every shared object, and so copy it into every worker

    def __str__(self) -> str:
        return f"{self.name} with {self.embedder}" if self.embedder.model else self.name

    @property
    def nodes(self) -> Nodes:
        """All nodes, sorted by index."""
        return self._contents[0]

    @property
    def edges(self) -> Edges:
        """All edges, by vertices: positions in ``nodes``."""
        return self._contents[1]

    @property
    def edge_count(self) -> int:
        """The number of connected pairs of nodes; parallel relations of one pair count once."""
        return len(self.edges.pair)

    def find_mentions(self, text: str, names: Sequence[tuple[str, int]] = (), context: str = "") -> list[Mention]:
        """The spans of the text that name nodes, by dictionary. ``names``: further (name, node) pairs, which take precedence.

        ``context``: text that may define the abbreviations of this one.
        """
        finder = opened.finder(self.path, self.digest, self.embedder)
        own = finder.own_names((name, self._vertex(node)) for name, node in names) if names else None
        return finder.find(text, own, context)

    def names_of(self, node: int) -> list[str]:
        """The node's name, its reviewed aliases, and its exact synonyms that mean no other node."""
        finder, vertex = opened.finder(self.path, self.digest, self.embedder), self._vertex(node)
        return list(dict.fromkeys([self.name_of(node), *finder.aliases_of(vertex), *finder.synonyms_of(vertex)]))

    def relations(self, froms: Sequence[int], tos: Sequence[int]) -> list[tuple[int, int, list[tuple[str, str]]]]:
        """Every edge between ``froms`` and ``tos``: its ends, and its (relation, display_relation) pairs."""
        edges = self.edges
        xs = np.repeat(np.asarray(froms, np.int64), len(tos))
        ys = np.tile(np.asarray(tos, np.int64), len(froms))
        found = edges.find(self._vertices(xs), self._vertices(ys))
        return [
            (
                int(xs[i]),
                int(ys[i]),
                [edges.relation_names[r] for r in edges.relation[edges.start[e] : edges.start[e + 1]]],
            )
            for i, e in enumerate(found.tolist())
            if e >= 0
        ]

    def link(
        self, mentions: Sequence[str], types: Sequence[str | None] | None = None, similar: int = 10
    ) -> list[Sequence[Candidate]]:
        """Per mention the nodes that it may stand for, best first.

        Nodes of the given ``types`` come first (None: all types). Candidates by lookup come first, then similar names
        until there are ``similar`` candidates (1: links and best guesses, 0: lookup only). Only an ``accepted``
        candidate is a link: the others are for a later choice, by index.
        """
        return opened.linker(self.path, self.digest, self.embedder).link(mentions, types, similar)

    def shortest_paths(
        self, pairs: Sequence[tuple[int, int]], keep: int = 50, seed: int = 0, engine: Engine = "fast"
    ) -> list[ShortestPaths]:
        """Per pair (s, t) of node indexes: distance, exact number of shortest paths, at most ``keep`` of them.

        Both engines give the same result. ``fast`` is the compiled search of kg.kernel; ``graph-tool`` runs one breadth-first
        search per distinct t in the graph-tool graph, and kg.search counts and draws. Pairs with the same end are faster
        one after the other. Raises KeyError for an index that the graph does not have. A node and itself are connected by
        the one path of no hop.
        """
        if keep < 0:
            raise ValueError(f"found keep={keep}; expected how many paths to draw per pair, 0 or more")
        ends = np.array(pairs, np.int64).reshape(-1, 2)
        if engine == "fast":
            return self._by_kernel(ends, keep, seed)
        if engine == "graph-tool":
            return self._by_graph_tool(ends, keep, seed)
        raise ValueError(f"found engine={engine!r}; expected one of fast, graph-tool")

    def shortest_paths_arrow(self, pairs: np.ndarray, keep: int, seed: int) -> pa.StructArray:
        """Results of the fast search for pairs (m, 2), as Arrow: from, to, distance (null: none), total, paths.

        All numbers are int64; a larger total is given as the largest int64.
        """
        found = self._search(pairs, keep, seed)
        if (found[1] >= search.EXACT).any():  # more paths than a float64 counts
            return arrow_paths.of_results(pairs, self.shortest_paths(pairs.tolist(), keep, seed))
        return arrow_paths.of_arrays(pairs, *found)

    def _by_graph_tool(self, ends: np.ndarray, keep: int, seed: int) -> list[ShortestPaths]:
        import kg.oracle as oracle  # graph_tool takes a second to import, and is only needed here

        net, vertices = opened.graph(self.path, self.digest), self.vertices(ends)
        return oracle.shortest_paths(net, self.nodes.index, ends, vertices, keep, seed)

    def _by_kernel(self, ends: np.ndarray, keep: int, seed: int) -> list[ShortestPaths]:
        distance, total, begin, nodes = (column.tolist() for column in self._search(ends, keep, seed))
        found = []
        for i, hops in enumerate(distance):
            if hops < 0:
                found.append(search.UNREACHABLE)
            elif total[i] < search.EXACT:
                one_by_one = iter(nodes[begin[i] : begin[i + 1]])
                found.append(ShortestPaths(hops, int(total[i]), tuple(zip(*[one_by_one] * (hops + 1), strict=True))))
            else:  # more paths than a float64 counts
                found += self._by_graph_tool(ends[i : i + 1], keep, seed)
        return found

    def _search(self, ends: np.ndarray, keep: int, seed: int) -> "Found":
        nodes, _, compact = self._contents
        try:
            return opened.kernel().search(compact, nodes.index, ends, keep, seed)
        except KeyError as error:
            raise KeyError(f"graph {self.name} has no node {error.args[0]}") from None

    def describe(self, path: Sequence[int]) -> dict[str, Any]:
        """The evidence of one path: names and types of its nodes, and per hop each relation, direction and wording."""
        vertices = [self._vertex(node) for node in path]
        names = [self.nodes.name[v] for v in vertices]
        types = [self.nodes.type[v] for v in vertices]
        hops = [self._hop(*ends) for ends in pairwise(vertices)]
        return {"nodes": list(path), "names": names, "types": types, "hops": hops}

    def _hop(self, a: int, b: int) -> list[dict[str, Any]]:
        """The relations of the hop between two vertices, with their provenance where the graph has it."""
        nodes, edges = self.nodes, self.edges
        hop = []
        for item in self._items(a, b):
            name = edges.relation_names[edges.relation[item]]
            subject = 0 if edges.subject is None else int(edges.subject[item])
            way = direction(name, nodes.type[a], nodes.type[b], subject, from_low=a < b)
            words = statement(name, way, nodes.name[a], nodes.name[b])
            hop.append({"relation": name[0], "display_relation": name[1], "direction": way, "statement": words})
            if edges.provenance is not None:
                hop[-1] |= edges.provenance.slice(item, 1).to_pylist()[0]
        return hop

    def are_connected(self, froms: np.ndarray, tos: np.ndarray) -> np.ndarray:
        """Per hop from a node to a node: whether there is an edge. Shape (n,)."""
        return self.edges.find(self._vertices(froms), self._vertices(tos)) >= 0

    def hops_with_only(self, relations: frozenset[str], froms: np.ndarray, tos: np.ndarray) -> np.ndarray:
        """Per hop from a node to a node: whether there is an edge, and it has no other relations than these.

        Shape (n,). A relation is named as in kg.csv's column ``relation`` or ``display_relation``.
        """
        edges = self.edges
        wanted = np.array([not relations.isdisjoint(names) for names in edges.relation_names], bool)
        return edges.all_relations(wanted, edges.find(self._vertices(froms), self._vertices(tos)))

    def name_of(self, node: int) -> str:
        """The node's name; several nodes can have the same."""
        return self.nodes.name[self._vertex(node)]

    def type_of(self, node: int) -> str:
        """The node's type, one of kg.contents.NODE_TYPES."""
        return self.nodes.type[self._vertex(node)]

    @property
    def types(self) -> frozenset[str]:
        """The types that nodes of this graph have."""
        return opened.types(self.path, self.digest)

    def is_lab_chemical(self, node: int) -> bool:
        """Whether the node's name is that of a laboratory value or gas, by which a vignette means no drug."""
        return n1_key(self.name_of(node)) in lab_chemicals()

    def same_name(self, a: int, b: int) -> bool:
        """Whether two nodes (such as a disease and its phenotype) share a name, up to spelling, plural, word order."""
        return n2_key(self.name_of(a)) == n2_key(self.name_of(b))

    def contains_name(self, a: int, b: int) -> bool:
        """Whether one node's name has all words of the other's (kg.twins)."""
        return twins.contains_name(self.name_of(a), self.name_of(b), (self.type_of(a), self.type_of(b)))

    def twin_key(self, node: int) -> str:
        """A key that is equal for nodes that are one concept for a reader (kg.twins)."""
        return twins.twin_key(self.name_of(node), self.type_of(node))

    def degrees(self, nodes: np.ndarray) -> np.ndarray:
        """How many nodes are connected with each of these. Shape (n,) in and out."""
        return opened.degrees(self.path, self.digest)[self._vertices(nodes)]

    def neighbors(self, node: int) -> np.ndarray:
        """The nodes that are connected with this one, ascending. Shape (n,). Raises KeyError for an unknown node."""
        around, vertex = self._contents[2], self._vertex(node)
        return self.nodes.index[around.neighbors[int(around.start[vertex]) : int(around.start[vertex + 1])]]

    @property
    def _contents(self) -> tuple[Nodes, Edges, Adjacency]:
        return opened.contents(self.path, self.digest)

    def _vertex(self, node: int) -> int:
        index = self.nodes.index
        vertex = int(np.searchsorted(index, node))
        if vertex == len(index) or index[vertex] != node:
            raise KeyError(f"graph {self.name} has no node {node}")
        return vertex

    def vertices(self, nodes: np.ndarray | Sequence[int]) -> np.ndarray:
        """The vertices of these nodes. Raises KeyError for the first one that the graph does not have."""
        index, nodes = self.nodes.index, np.asarray(nodes, np.int64)
        vertices = np.searchsorted(index, nodes)
        missing = index[np.minimum(vertices, len(index) - 1)] != nodes
        if missing.any():
            raise KeyError(f"graph {self.name} has no node {nodes[missing][0]}")
        return vertices

    def _vertices(self, nodes: np.ndarray) -> np.ndarray:
        """The vertices of nodes that are known to exist."""
        return np.searchsorted(self.nodes.index, nodes)

    def _items(self, a: int, b: int) -> range:
        """The places in ``Edges.relation`` of the edge between two vertices. Raises KeyError where there is none."""
        edges = self.edges
        edge = int(edges.find(np.array([a]), np.array([b]))[0])
        if edge < 0:
            raise KeyError(f"graph {self.name} has no edge between {self.nodes.index[a]} and {self.nodes.index[b]}")
        return range(int(edges.start[edge]), int(edges.start[edge + 1]))
