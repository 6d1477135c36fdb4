"""Results of a search as Arrow: from, to, distance (null: none), total, paths of every pair; all numbers are int64."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kg.search import ShortestPaths

FIELDS = ["from", "to", "distance", "total", "paths"]
MOST = 2**63 - 1  # a larger total is given as this


def of_results(pairs: np.ndarray, found: Sequence[ShortestPaths]) -> pa.StructArray:
    """``pairs``: shape (m, 2), with one result each."""
    totals = pa.array([min(one.total, MOST) for one in found], pa.int64())
    hops = pa.array([one.distance for one in found], pa.int64())
    paths = pa.array([one.paths for one in found], pa.list_(pa.list_(pa.int64())))
    return _structs(pairs, hops, totals, paths)


def of_arrays(
    pairs: np.ndarray, distance: np.ndarray, total: np.ndarray, begin: np.ndarray, nodes: np.ndarray
) -> pa.StructArray:
    """``distance``, ``total``: shape (m,), distance -1 where there is no path; pair i has ``nodes[begin[i]:begin[i + 1]]``, path after path."""
    drawn = np.diff(begin) // (distance + 1).clip(1)
    each = pa.ListArray.from_arrays(_offsets(np.repeat(distance + 1, drawn)), nodes)
    hops = pa.array(distance, mask=distance < 0)
    paths = pa.ListArray.from_arrays(_offsets(drawn), each)
    return _structs(pairs, hops, pa.array(total.astype(np.int64)), paths)


def _structs(pairs: np.ndarray, hops: pa.Array, totals: pa.Array, paths: pa.Array) -> pa.StructArray:
    ends = (pa.array(pairs[:, 0]), pa.array(pairs[:, 1]))
    return pa.StructArray.from_arrays([*ends, hops, totals, paths], FIELDS)


def _offsets(lengths: np.ndarray) -> pa.Array:
    """The offsets at which lists of these lengths begin, and the end of the last one."""
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
