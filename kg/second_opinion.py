"""Distances and numbers of shortest paths by graph-tool alone, to prove what the project's own search found."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kg import graph, opened

if TYPE_CHECKING:
    from kg import KG


def counts(kg: "KG", pairs: Sequence[tuple[int, int]]) -> list[tuple[int | None, int]]:
    """Per pair of node indexes distance and number of shortest paths, by graph-tool's own search and its own count.

    Of this project only the reading of the graph's file is used. Raises KeyError for a node that the graph does not have.
    """
    net = opened.graph(kg.path, kg.digest)
    vertices = kg.vertices(np.array(pairs, np.int64).reshape(-1, 2)).tolist()
    return [graph.count(net, start, end) for start, end in vertices]
