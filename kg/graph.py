"""The graph-tool graph of a knowledge graph. The only file that imports graph_tool."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kg.contents import Edges
from kg.guard import check_environment

check_environment()  # Debian's graph-tool beside numpy 2 kills the interpreter: raise an error before

from graph_tool import Graph, VertexPropertyMap  # noqa: E402  the guard must run before this import
from graph_tool.topology import count_shortest_paths, shortest_distance  # noqa: E402

UNREACHED = np.iinfo(np.int32).max


def build(edges: Edges) -> Graph:
    """A simple undirected graph: one edge per pair of vertices, however many relations it has.

    Parallel edges would make graph-tool count one path several times.
    """
    graph = Graph(directed=False)
    graph.add_vertex(edges.vertices)
    graph.add_edge_list(np.column_stack(edges.ends()))
    return graph


def distances_to(graph: Graph, root: int, targets: Sequence[int]) -> np.ndarray:
    """Distance from each vertex to ``root`` in edges, by one breadth-first search that stops at the last target.

    Exact for every vertex nearer than the farthest target; ``UNREACHED`` where the search has not arrived.
    """
    distance: VertexPropertyMap = graph.new_vertex_property("int32_t")
    shortest_distance(graph, source=root, target=list(targets), dist_map=distance)
    return distance.a


def neighbors(graph: Graph, vertex: int) -> np.ndarray:
    """The vertices that share an edge with this one, in no particular order."""
    return graph.get_out_neighbors(vertex)


def count(graph: Graph, start: int, end: int) -> tuple[int | None, int]:
    """Distance of two vertices and number of shortest paths between them, both by graph-tool. None and 0 where there is none."""
    distance: Any = shortest_distance(graph, start, end)  # a number, as only one target is given
    return (None, 0) if distance == UNREACHED else (int(distance), int(count_shortest_paths(graph, start, end)))
