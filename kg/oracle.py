"""Shortest paths by graph-tool: one breadth-first search per distinct end. The reference for the compiled search."""

import functools
from typing import TYPE_CHECKING

import numpy as np

from kg import graph, search
from kg.search import ShortestPaths

if TYPE_CHECKING:
    from graph_tool import Graph


def shortest_paths(
    net: "Graph", index: np.ndarray, ends: np.ndarray, vertices: np.ndarray, keep: int, seed: int
) -> list[ShortestPaths]:
    """Per pair: distance, number of shortest paths, and at most ``keep`` of them, as node indexes.

    ``index``: the node index of each vertex; ``ends``, ``vertices``: the pairs, of shape (m, 2), as node indexes and as vertices.
    """
    pairs = ends.tolist()
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
