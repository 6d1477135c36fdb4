"""A graph as compact arrays, for the fast search; they are kept memory-mapped for all processes."""

from typing import NamedTuple

import numpy as np


class Adjacency(NamedTuple):
    """Row v of ``neighbors`` is ``neighbors[start[v]:start[v + 1]]``, ascending. Shapes (n + 1,) and (2 * edges,)."""

    start: np.ndarray
    neighbors: np.ndarray


def adjacency(vertices: int, low: np.ndarray, high: np.ndarray) -> Adjacency:
    """The arrays of a simple undirected graph, given its edges once each."""
    key = np.sort(np.concatenate([low * vertices + high, high * vertices + low]))
    froms, tos = np.divmod(key, vertices)
    start = np.zeros(vertices + 1, np.uint64)
    start[1:] = np.cumsum(np.bincount(froms, minlength=vertices))
    return Adjacency(start, tos.astype(np.uint32))
