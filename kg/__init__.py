"""A knowledge graph as stages see it: find mentions in a text, link them to nodes, search the paths between nodes."""

import difflib
import functools
import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kg import download, prepared, search
from kg.adjacency import Adjacency
from kg.fold import lab_chemicals, n1_key, n2_key
from kg.linker import Candidate, Linker
from kg.mentions import Mention, MentionFinder
from kg.phrases import direction, statement
from kg.primekg import Edges, GraphError, Nodes
from kg.search import ShortestPaths

if TYPE_CHECKING:
    from graph_tool import Graph

__all__ = ["KG", "Candidate", "GraphError", "Mention", "Nodes", "ShortestPaths"]

SAMPLE = Path(__file__).parent / "sample" / "kg.csv"
NAMES = ("sample", "primekg")
Engine = Literal["graph-tool", "fast"]


@dataclass(frozen=True)
class KG:
    """One graph file at one content. A frozen value: cheap to hash, to pickle and to send to a worker process.

    What it opens (nodes, search graph, dictionary, linker) is kept once per process, and shared with forked workers.
    Nodes are named by their index in the file everywhere outside this package.
    """

    name: str
    path: str
    digest: str

    @classmethod
    def load(cls, name_or_path: str | Path) -> "KG":
        """The graph of this name, or of this .csv, .csv.gz or .parquet file in kg.csv's columns; read and checked at once.

        ``primekg`` is downloaded on first use. What has been read is kept prepared (kg.prepared), and a second load takes
        under a second. Raises GraphError where there is no such graph, or the file is not in that form.
        """
        name, path = str(name_or_path), Path(name_or_path)
        if name in NAMES:
            path = SAMPLE if name == "sample" else download.primekg()
        if not path.is_file():
            near = difflib.get_close_matches(name, NAMES, n=1)
            raise GraphError(
                f"there is no graph {name!r}: expected one of {', '.join(NAMES)}, or the path of a .csv, .csv.gz or "
                f".parquet file in the columns of PrimeKG's kg.csv{f'; did you mean {near[0]!r}?' if near else ''}"
            )
        kg = cls(name if name in NAMES else path.name, str(path.resolve()), prepared.digest(path))
        rows = _contents(kg)[1].rows
        if name == "primekg" and rows != download.ROWS:
            raise GraphError(
                f"{path} has {rows:,} rows; PrimeKG's kg.csv has {download.ROWS:,}. Give another file by --kg FILE"
            )
        return kg

    def open(self) -> None:
        """Open everything now, so that worker processes forked later share it instead of each making its own."""
        _graph(self)
        _degrees(self)
        self.find_mentions("")
        self.link(["no such mention"])
        gc.collect()
        gc.freeze()  # or the collector would write to every shared object, and so copy it into every worker

    def __str__(self) -> str:
        return self.name

    @property
    def nodes(self) -> Nodes:
        """All nodes, sorted by index."""
        return _contents(self)[0]

    @property
    def edge_count(self) -> int:
        """The number of connected pairs of nodes; parallel relations of one pair count once."""
        return len(_contents(self)[1].pair)

    def find_mentions(self, text: str) -> list[Mention]:
        """The spans of the text that name nodes, by dictionary."""
        return _finder(self).find(text)

    def link(self, mentions: Sequence[str], types: Sequence[str | None] | None = None) -> list[list[Candidate]]:
        """Per mention the nodes that it may stand for, best first; ``types`` are looked at first."""
        return _linker(self).link(mentions, types)

    def shortest_paths(
        self, pairs: Sequence[tuple[int, int]], keep: int = 50, seed: int = 0, engine: Engine = "graph-tool"
    ) -> list[ShortestPaths]:
        """Per pair (s, t) of node indexes: distance, exact number of shortest paths, at most ``keep`` of them.

        Both engines give the same. ``graph-tool`` runs one breadth-first search per distinct t, and kg.search counts and
        draws; ``fast`` is the compiled search of kg.kernel. Raises KeyError for an index that the graph does not have. A
        node and itself are connected by the one path of no hop.
        """
        vertices = np.array([[self._vertex(s), self._vertex(t)] for s, t in pairs], np.int64).reshape(-1, 2)
        find = {"graph-tool": self._by_graph_tool, "fast": self._by_kernel}[engine]
        return find(pairs, vertices, keep, seed)

    def _by_graph_tool(
        self, pairs: Sequence[tuple[int, int]], vertices: np.ndarray, keep: int, seed: int
    ) -> list[ShortestPaths]:
        from kg import graph  # graph_tool takes a second to import, and is only needed here

        net, index = _graph(self), self.nodes.index
        found: list[ShortestPaths] = [search.UNREACHABLE] * len(pairs)
        for root, sources in search.by_target(vertices.tolist()).items():
            distance = graph.distances_to(net, root, list(sources))
            steps = search.steps_to(distance, functools.partial(graph.neighbors, net))
            for start, positions in sources.items():
                if distance[start] == graph.UNREACHED:
                    continue
                s, t = pairs[positions[0]]
                ranks = functools.partial(search.draw_ranks, keep=keep, seed=seed, s=s, t=t)
                result = search.shortest_paths(start, root, int(distance[start]), steps, ranks)
                paths = tuple(tuple(index[list(path)].tolist()) for path in result.paths)
                for position in positions:
                    found[position] = ShortestPaths(result.distance, result.total, paths)
        return found

    def _by_kernel(
        self, pairs: Sequence[tuple[int, int]], vertices: np.ndarray, keep: int, seed: int
    ) -> list[ShortestPaths]:
        from kg import kernel  # numba takes a second to import, and is only needed here

        index = self.nodes.index
        result = kernel.search(_contents(self)[2], vertices[:, 0], vertices[:, 1], index, keep, seed)
        nodes = index[result.vertices]
        found = []
        for i, (hops, total) in enumerate(zip(result.distance.tolist(), result.total.tolist(), strict=True)):
            if hops < 0:
                found.append(search.UNREACHABLE)
            elif total < kernel.EXACT:
                paths = nodes[result.begin[i] : result.begin[i + 1]].reshape(-1, hops + 1)
                found.append(ShortestPaths(hops, int(total), tuple(map(tuple, paths.tolist()))))
            else:  # more paths than a float64 counts
                found += self._by_graph_tool(pairs[i : i + 1], vertices[i : i + 1], keep, seed)
        return found

    def describe(self, path: Sequence[int]) -> dict[str, Any]:
        """The evidence of one path: names and types of its nodes, and per hop each relation, its direction and its words."""
        vertices = [self._vertex(node) for node in path]
        names = [self.nodes.name[v] for v in vertices]
        types = [self.nodes.type[v] for v in vertices]
        hops = []
        for i in range(len(path) - 1):
            hops.append([])
            for name in self._relations(vertices[i], vertices[i + 1]):
                way = direction(name, types[i], types[i + 1])
                words = statement(name, way, names[i], names[i + 1])
                hops[-1].append(
                    {"relation": name[0], "display_relation": name[1], "direction": way, "statement": words}
                )
        return {"nodes": list(path), "names": names, "types": types, "hops": hops}

    def hops_with_only(self, relations: frozenset[str], froms: np.ndarray, tos: np.ndarray) -> np.ndarray:
        """Per hop from a node to a node: whether there is an edge, and it carries none but these relations. Shape (n,)."""
        edges = _contents(self)[1]
        wanted = np.array([relation in relations for relation, _ in edges.relation_names], bool)
        return edges.all_relations(wanted, edges.find(self._vertices(froms), self._vertices(tos)))

    def name_of(self, node: int) -> str:
        """The node's name; several nodes can have the same."""
        return self.nodes.name[self._vertex(node)]

    def type_of(self, node: int) -> str:
        """The node's type, one of kg.primekg.NODE_TYPES."""
        return self.nodes.type[self._vertex(node)]

    @property
    def types(self) -> frozenset[str]:
        """The types that nodes of this graph have."""
        return frozenset(self.nodes.type)

    def is_lab_chemical(self, node: int) -> bool:
        """Whether the node's name is that of a laboratory value or gas, which a vignette names without meaning a drug."""
        return n1_key(self.name_of(node)) in lab_chemicals()

    def same_name(self, a: int, b: int) -> bool:
        """Whether two nodes have one name, up to spelling, plural and word order: a disease and its phenotype, say."""
        return n2_key(self.name_of(a)) == n2_key(self.name_of(b))

    def degrees(self, nodes: np.ndarray) -> np.ndarray:
        """How many nodes are connected with each of these. Shape (n,) in and out."""
        return _degrees(self)[self._vertices(nodes)]

    def _vertex(self, node: int) -> int:
        index = self.nodes.index
        vertex = int(np.searchsorted(index, node))
        if vertex == len(index) or index[vertex] != node:
            raise KeyError(f"graph {self.name} has no node {node}")
        return vertex

    def _vertices(self, nodes: np.ndarray) -> np.ndarray:
        """The vertices of nodes that are known to exist."""
        return np.searchsorted(self.nodes.index, nodes)

    def _relations(self, a: int, b: int) -> list[tuple[str, str]]:
        edges = _contents(self)[1]
        edge = int(edges.find(np.array([a]), np.array([b]))[0])
        if edge < 0:
            raise KeyError(f"graph {self.name} has no edge between {self.nodes.index[a]} and {self.nodes.index[b]}")
        return [edges.relation_names[r] for r in edges.relation[edges.start[edge] : edges.start[edge + 1]]]


# Opened once per process and content. Forked workers find them here, already open, and share the memory.
@functools.lru_cache(maxsize=4)
def _contents(kg: KG) -> tuple[Nodes, Edges, Adjacency]:
    return prepared.load(Path(kg.path), kg.digest)


@functools.lru_cache(maxsize=4)
def _graph(kg: KG) -> "Graph":
    from kg import graph

    return graph.build(_contents(kg)[1])


@functools.lru_cache(maxsize=4)
def _degrees(kg: KG) -> np.ndarray:
    edges = _contents(kg)[1]
    return np.bincount(np.concatenate(edges.ends()), minlength=edges.vertices)


@functools.lru_cache(maxsize=4)
def _finder(kg: KG) -> MentionFinder:
    return MentionFinder(kg.nodes, _linker(kg))


@functools.lru_cache(maxsize=4)
def _linker(kg: KG) -> Linker:
    return Linker(kg.nodes)
