"""The shortest paths between two nodes: counted exactly, never enumerated, and at most ``keep`` of them drawn by rank.

One pair of PrimeKG has 565,781 shortest paths. So the paths are counted by dynamic programming on the breadth-first levels,
a few ranks in [0, total) are drawn, and only the paths of these ranks are built. The order behind the ranks is canonical:
by the vertex at level ⌈d/2⌉, then vertex by vertex towards s, then vertex by vertex towards t. It depends on the graph alone,
so any engine draws the same paths for the same seed.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

Path = tuple[int, ...]
Steps = dict[int, list[int]]  # vertex -> the next vertices in one direction, ascending
MASK = (1 << 64) - 1
EXACT = (
    2.0**53
)  # the compiled search counts in float64, which is exact below this; pairs with more paths are searched here


class ShortestPaths(NamedTuple):
    """The shortest paths of one pair: length in hops (None: unreachable), exact number, and the paths drawn."""

    distance: int | None
    total: int
    paths: tuple[Path, ...]


UNREACHABLE = ShortestPaths(None, 0, ())


def shortest_paths(
    s: int, t: int, distance: int, steps: Callable[[int, int], list[int]], ranks: Callable[[int], list[int]]
) -> ShortestPaths:
    """The shortest paths s → t over vertices. ``steps(v, k)``: the neighbours of v that are k hops from t, ascending.

    ``ranks(total)`` chooses which ranks to build. Time and memory: the edges on shortest paths, not the number of paths.
    """
    towards_t, levels = _forward(s, distance, steps)
    towards_s = _reversed(levels, towards_t)
    to_t = _count(reversed(levels), towards_t, t)
    from_s = _count(levels, towards_s, s)
    middle = (distance + 1) // 2
    weights = list(accumulate(from_s[v] * to_t[v] for v in levels[middle]))
    total = weights[-1]
    paths = []
    for rank in ranks(total):
        v = levels[middle][(i := bisect_right(weights, rank))]
        near_s, near_t = divmod(rank - (weights[i - 1] if i else 0), to_t[v])
        head = _unrank(v, near_s, towards_s, from_s, middle)
        tail = _unrank(v, near_t, towards_t, to_t, distance - middle)
        paths.append((*reversed(head), v, *tail))
    return ShortestPaths(distance, total, tuple(paths))


def _forward(s: int, distance: int, steps: Callable[[int, int], list[int]]) -> tuple[Steps, list[list[int]]]:
    """The part of the graph on shortest paths, from s on: next vertices, and each level's vertices, ascending."""
    towards_t: Steps = {}
    levels = [[s]]
    for left in range(distance - 1, -1, -1):
        for v in levels[-1]:
            towards_t[v] = steps(v, left)
        levels.append(sorted({u for v in levels[-1] for u in towards_t[v]}))
    return towards_t, levels


def _reversed(levels: list[list[int]], towards_t: Steps) -> Steps:
    towards_s: Steps = {v: [] for level in levels for v in level}
    for level in levels:  # ascending, so every list of predecessors comes out ascending
        for v in level:
            for u in towards_t.get(v, ()):
                towards_s[u].append(v)
    return towards_s


def _count(levels: Iterable[list[int]], steps: Steps, end: int) -> dict[int, int]:
    """How many shortest paths lead from each vertex to ``end``; exact (Python integers)."""
    number = {end: 1}
    for level in levels:
        for v in level:
            if v != end:
                number[v] = sum(number[u] for u in steps[v])
    return number


def _unrank(v: int, rank: int, steps: Steps, number: dict[int, int], hops: int) -> list[int]:
    """The ``rank``-th way on from v, in the canonical order, without v itself."""
    way = []
    for _ in range(hops):
        nexts = steps[v]
        before = list(accumulate((number[u] for u in nexts), initial=0))
        i = bisect_right(before, rank) - 1
        v, rank = nexts[i], rank - before[i]
        way.append(v)
    return way


def draw_ranks(total: int, keep: int, seed: int, s: int, t: int) -> list[int]:
    """At most ``keep`` distinct ranks in [0, total), ascending, uniform without replacement; equal for equal pairs.

    The generator is SplitMix64 (Steele, Lea & Flood 2014), started from seed, s and t alone, so that neither the order of
    the pairs, nor batches, nor processes, nor the engine change what is drawn. A rank is ⌊x·total / 2⁶⁴⌋ for a 64-bit x;
    a repeated one is skipped. Its distance from uniform is below total / 2⁶⁴.
    """
    if total <= keep:
        return list(range(total))
    state = _mix((_mix((_mix(seed & MASK) ^ s) & MASK) ^ t) & MASK)
    drawn: set[int] = set()
    while len(drawn) < keep:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        drawn.add(_mix(state) * total >> 64)
    return sorted(drawn)


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def steps_to(distance: np.ndarray, neighbors: Callable[[int], np.ndarray]) -> Callable[[int, int], list[int]]:
    """The ``steps`` of shortest_paths, from the distances of all vertices to t."""

    def steps(v: int, left: int) -> list[int]:
        around = neighbors(v)
        return sorted(around[distance[around] == left].tolist())

    return steps


def by_target(pairs: Sequence[tuple[int, int]]) -> dict[int, dict[int, list[int]]]:
    """The pairs (s, t) as t → s → positions, so that one breadth-first search serves all pairs with the same t."""
    grouped: dict[int, dict[int, list[int]]] = {}
    for position, (s, t) in enumerate(pairs):
        grouped.setdefault(t, {}).setdefault(s, []).append(position)
    return grouped
