"""The fast search: all shortest paths of many pairs in one call, on compact adjacency arrays, compiled by numba.

Bidirectional breadth-first search, always from the side whose frontier has fewer edges. A level is first probed (does any edge
lead to the other frontier?) and expanded only if there is none. Paths are counted during the search. The counts are then
carried to the middle level of kg.search's canonical order, and the paths of the drawn ranks are built from there. So the
numbers, and the paths for a seed, are those of kg.search, wherever the two sides met.

The search from one end is kept as long as the next pairs have the same end, so that the pairs of a question share it. All
compiled code is in this one file, because numba's cache does not notice an edit of another file.
"""

import threading
from typing import Any, NamedTuple

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from kg.adjacency import Adjacency
from kg.search import EXACT

FAR = np.uint16(65535)  # the depth of a vertex that no search has reached
AHEAD = 8  # rows that are prefetched ahead
BISECTION = 16  # a binary search in a long row takes about as long as reading this many vertices
Count = int | np.int64
ROOT, FIRST, END, REACH, EDGES = range(5)  # Side.state
_thread = threading.local()  # one search at a time per thread; it resets its memory at the end


class Side(NamedTuple):
    """The state of the search from one end.

    Arrays over the vertices: depth and number of paths within its reach, carried numbers beyond it. ``queue``: its vertices
    level by level; ``frontier``: the last level as bits. ``state``: root, begin and end of the last level in the queue, number
    of levels beyond the root, number of edges of the last level's vertices."""

    depth: np.ndarray
    number: np.ndarray
    carried: np.ndarray
    queue: np.ndarray
    frontier: np.ndarray
    state: np.ndarray


class Crossing(NamedTuple):
    """The edges from one frontier to the other: their ends nearer to the middle of the paths, and their other ends."""

    near: np.ndarray
    far: np.ndarray


class Ways(NamedTuple):
    """The first steps from one vertex towards a root, and the running sum of the ways that begin with them."""

    nexts: np.ndarray
    upto: np.ndarray


class Meeting(NamedTuple):
    """Where two sides meet: distance of the roots in hops (-1: not connected), and the reach of each side.

    ``level``: from a's root, of the ``size`` vertices whose numbers of both sides are known. ``edges``: how many cross there."""

    hops: Count
    reach_a: Count
    reach_b: Count
    level: Count
    size: Count
    edges: Count


class Found(NamedTuple):
    """Per pair: distance (-1: none), number of shortest paths, and where its paths begin and end in ``nodes``.

    There they are one after the other, each of distance + 1 nodes."""

    distance: np.ndarray
    total: np.ndarray
    begin: np.ndarray
    nodes: np.ndarray


def search(graph: Adjacency, index: np.ndarray, pairs: np.ndarray, keep: int, seed: int) -> Found:
    """Search all pairs (s, t) of node indexes, shape (m, 2). ``index`` (n,): of every vertex, ascending.

    Releases the GIL. Pairs with the same end are faster one after the other. Raises KeyError for the first node that
    the graph does not have.
    """
    distance, total, begin = np.empty(len(pairs), np.int64), np.empty(len(pairs)), np.empty(len(pairs) + 1, np.int64)
    mixed_seed = np.uint64(seed & (2**64 - 1))
    try:
        missing, nodes = _search(*graph, index, *_memory(len(index)), pairs, keep, mixed_seed, distance, total, begin)
    except MemoryError:  # not enough memory for the requested paths: the arrays are not reset
        _thread.vertices = None
        raise
    if missing >= 0:
        raise KeyError(int(pairs.flat[missing]))
    return Found(distance, total, begin, nodes)


class Memory(NamedTuple):
    """The arrays that a search writes to, about 100 bytes per vertex.

    Few arrays, since each one costs time when it is passed.
    """

    depth: np.ndarray
    number: np.ndarray
    upto: np.ndarray
    vertex: np.ndarray
    frontier: np.ndarray
    state: np.ndarray


def _memory(n: int) -> Memory:
    """This thread's memory for graphs of n vertices, reset."""
    if getattr(_thread, "vertices", None) != n:
        numbers, bits, state = np.zeros((4, n)), np.zeros((2, n // 64 + 1), np.uint64), np.full((2, 5), -1)
        state[:, END] = 0
        _thread.memory = Memory(
            np.full((2, n), FAR), numbers, np.empty((2, n), np.int64), np.empty((8, n), np.uint32), bits, state
        )
        _thread.vertices = n
    return _thread.memory


@nb.njit(nogil=True, cache=True)
def _mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@nb.njit(nogil=True, cache=True)
def _high_product(a, b):
    """The upper 64 bits of a * b."""
    low32, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    al, ah, bl, bh = a & low32, a >> half, b & low32, b >> half
    middle = ah * bl + (al * bl >> half)
    return ah * bh + (middle >> half) + (((middle & low32) + al * bh) >> half)


@nb.njit(nogil=True, cache=True)
def _draw(total, seed, s, t, ranks):
    """kg.search.draw_ranks: distinct ranks in [0, total), ascending, into ``ranks``; returns how many."""
    if total <= len(ranks):
        for i in range(total):
            ranks[i] = i
        return total
    state = _mix(_mix(_mix(seed) ^ s) ^ t)
    drawn = 0
    while drawn < len(ranks):
        state += np.uint64(0x9E3779B97F4A7C15)
        rank = np.int64(_high_product(_mix(state), np.uint64(total)))
        place = drawn
        while place > 0 and ranks[place - 1] > rank:
            place -= 1
        if place > 0 and ranks[place - 1] == rank:
            continue
        for i in range(drawn, place, -1):
            ranks[i] = ranks[i - 1]
        ranks[place] = rank
        drawn += 1
    return drawn


def _prefetch_code(_, array, i):
    """Make the processor load array[i] into its cache while it continues with other work."""

    def code(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(function, [address, number(0), number(3), number(1)])  # to read; keep it; data
        return context.get_dummy_value()

    return nb.types.void(array, i), code


_prefetch: Any = intrinsic(_prefetch_code)


@nb.njit(nogil=True, cache=True)
def _degree(start, v):
    return np.int64(start[v + np.uint32(1)] - start[v])


@nb.njit(nogil=True, cache=True)
def _mark(frontier, v):
    frontier[v >> np.uint32(6)] |= np.uint64(1) << np.uint64(v & np.uint32(63))


@nb.njit(nogil=True, cache=True)
def _forget(side):
    """Reset the side, in time that depends only on the vertices that it has reached."""
    for i in range(side.state[END]):
        side.depth[side.queue[i]] = FAR
        side.frontier[side.queue[i] >> np.uint32(6)] = np.uint64(0)
    side.state[ROOT], side.state[END] = -1, 0


@nb.njit(nogil=True, cache=True)
def _set_out(graph, side, root):
    """Start with the root as the first level. A search from the same root is kept."""
    if side.state[ROOT] == root:
        return
    _forget(side)
    side.queue[0], side.depth[root], side.number[root] = root, 0, 1.0
    _mark(side.frontier, root)
    side.state[ROOT], side.state[FIRST], side.state[END], side.state[REACH] = root, 0, 1, 0
    side.state[EDGES] = _degree(graph.start, root)


@nb.njit(nogil=True, cache=True)
def _probe(graph, side, other, own, met, crossing):
    """Find the edges from this frontier to the other one, and carry the numbers over them.

    Lists in ``met`` the vertices at one end of these edges: the end in this frontier (``own``), or in the other. Returns the
    number of these vertices and of the edges; ``crossing`` gets the first edges."""
    (start, neighbors), (near, far), (_, number, carried, queue, _, _) = graph, crossing, side
    there, number_there, carried_there = other.frontier, other.number, other.carried
    size, edges, last = 0, 0, side.state[END]
    for i in range(side.state[FIRST], last):
        u = queue[i]
        if i + AHEAD < last:
            row = start[queue[i + AHEAD]]
            _prefetch(neighbors, row)
            _prefetch(neighbors, row + np.uint64(16))
            _prefetch(neighbors, row + np.uint64(32))
        for e in range(start[u], start[u + np.uint32(1)]):
            v = neighbors[e]
            if (there[v >> np.uint32(6)] >> np.uint64(v & np.uint32(63))) & np.uint64(1):
                if own:
                    if carried_there[u] == 0.0:
                        met[size] = u
                        size += 1
                    carried_there[u] += number_there[v]
                else:
                    if carried[v] == 0.0:
                        met[size] = v
                        size += 1
                    carried[v] += number[u]
                if edges < len(near):
                    near[edges], far[edges] = (u, v) if own else (v, u)
                edges += 1
    return size, edges


@nb.njit(nogil=True, cache=True)
def _expand(graph, side):
    """The next level: appended to the queue, counted, and made the frontier. Returns whether there is one."""
    (start, neighbors), (depth, number, _, queue, frontier, state) = graph, side
    first, last = state[FIRST], state[END]
    level, end, edges = np.uint16(state[REACH] + 1), last, np.int64(0)
    for i in range(first, last):
        u = queue[i]
        frontier[u >> np.uint32(6)] = np.uint64(0)
        for e in range(start[u], start[u + np.uint32(1)]):
            v = neighbors[e]
            if depth[v] == FAR:
                depth[v], number[v], queue[end] = level, number[u], v
                end += 1
                edges += _degree(start, v)
            elif depth[v] == level:
                number[v] += number[u]
    for i in range(last, end):
        _mark(frontier, queue[i])
    state[FIRST], state[END], state[EDGES] = last, end, edges
    if end > last:
        state[REACH] = level
    return end > last


@nb.njit(nogil=True, cache=True)
def _meet(graph, a, b, met, crossing):
    """Search from both roots until an edge leads from one frontier to the other.

    The vertices where they meet are in ``met``.
    """
    s, t = a.queue[0], b.queue[0]
    if a.depth[t] != FAR:  # known from an earlier pair, as in the next case
        hops = np.int64(a.depth[t])
        met[0] = t
        return Meeting(hops, hops, 0, hops, 1, 0)
    if b.depth[s] != FAR:
        hops = np.int64(b.depth[s])
        met[0] = s
        return Meeting(hops, 0, hops, 0, 1, 0)
    while True:
        reach_a, reach_b = a.state[REACH], b.state[REACH]
        hops = reach_a + reach_b + 1
        on_a = (hops + 1) // 2 <= reach_a  # whether the middle, and so the nearer end of the edge, is on a's side
        from_a = a.state[EDGES] <= b.state[EDGES]
        if from_a:
            size, edges = _probe(graph, a, b, on_a, met, crossing)
        else:
            size, edges = _probe(graph, b, a, not on_a, met, crossing)
        if size > 0:
            return Meeting(hops, reach_a, reach_b, reach_a if on_a else reach_a + 1, size, edges)
        if not (_expand(graph, a) if from_a else _expand(graph, b)):
            return Meeting(-1, reach_a, reach_b, 0, 0, 0)


@nb.njit(nogil=True, cache=True)
def _carry(graph, side, known, other, wanted, met, first, last):
    """Carry this side's counts one level further, to neighbours at the other side's depth ``wanted``.

    These are appended to ``met``. Returns its new end.
    """
    (start, neighbors), carried, depth, end = graph, side.carried, other.depth, last
    for i in range(first, last):
        v = met[i]
        for e in range(start[v], start[v + np.uint32(1)]):
            w = neighbors[e]
            if depth[w] == wanted:
                if carried[w] == 0.0:
                    met[end] = w
                    end += 1
                carried[w] += known[v]
    return end


@nb.njit(nogil=True, cache=True)
def _to_middle(graph, a, b, at, met):
    """Carry the counts to the middle level. Returns begin and end of its vertices in ``met``."""
    first, last, level, middle = 0, at.size, at.level, (at.hops + 1) // 2
    while level < middle:
        known = a.number if level <= at.reach_a else a.carried
        end = _carry(graph, a, known, b, at.hops - level - 1, met, first, last)
        first, last, level = last, end, level + 1
    while level > middle:
        known = b.number if at.hops - level <= at.reach_b else b.carried
        end = _carry(graph, b, known, a, level - 1, met, first, last)
        first, last, level = last, end, level - 1
    return first, last


@nb.njit(nogil=True, cache=True)
def _middle_numbers(a, b, at):
    """For the vertices on the middle level, the numbers of ways to both roots."""
    numbers_a = a.number if (at.hops + 1) // 2 <= at.reach_a else a.carried
    return numbers_a, b.number if at.hops // 2 <= at.reach_b else b.carried


@nb.njit(nogil=True, cache=True)
def _numbers(side, reach, other, hops, left):
    """How to recognise the vertices on a path ``left`` hops from the side's root, and the number of their ways to it.

    An array of depths, the wanted depth, an array of numbers. Beyond its reach the side has carried numbers, and the other side
    has the depths."""
    if left <= reach:
        return side.depth, left, side.number
    return other.depth, hops - left, side.carried


@nb.njit(nogil=True, cache=True)
def _ways_across(near, far, edges, number, v, nexts, upto):
    """_ways_on for a vertex just beyond the side's frontier, from the edges that cross there."""
    size, total, ascending = 0, np.int64(0), True
    for e in range(edges):
        if near[e] == v:
            nexts[size] = far[e]
            ascending &= size == 0 or nexts[size - 1] < far[e]
            size += 1
    if not ascending:
        nexts[:size] = np.sort(nexts[:size])
    for i in range(size):
        total += np.int64(number[nexts[i]])
        upto[i] = total
    return size


@nb.njit(nogil=True, cache=True)
def _ways_between(start, neighbors, root, v, nexts, upto):
    """_ways_on for a vertex two hops from the root: the neighbours of the root that are neighbours of v."""
    first, size = start[v], 0
    for e in range(start[root], start[root + np.uint32(1)]):
        w, last = neighbors[e], start[v + np.uint32(1)]
        while first < last:  # the first neighbour of v that is not below w
            half = (first + last) >> np.uint64(1)
            if neighbors[half] < w:
                first = half + np.uint64(1)
            else:
                last = half
        if first == start[v + np.uint32(1)]:
            break
        if neighbors[first] == w:
            nexts[size], upto[size] = w, size + 1
            size += 1
    return size


@nb.njit(nogil=True, cache=True)
def _ways_on(start, neighbors, near, far, edges, depth, wanted, number, root, v, highest, nexts, upto):
    """Write the next vertices from v towards the root, and the running sum of their ways, up to the highest rank.

    Returns how many. ``edges``: how many cross from v's level to the next, 0 where that is not known. ``depth``, ``wanted`` and
    ``number`` identify the vertices of the next level (_numbers). The arguments are plain arrays, because unpacking a tuple
    for every vertex takes long."""
    if 0 < edges <= min(len(near), _degree(start, v)):
        return _ways_across(near, far, edges, number, v, nexts, upto)
    if root >= 0 and BISECTION * _degree(start, np.uint32(root)) < _degree(start, v):
        return _ways_between(start, neighbors, np.uint32(root), v, nexts, upto)
    size, total = 0, np.int64(0)
    for e in range(start[v], start[v + np.uint32(1)]):
        w = neighbors[e]
        if depth[w] == wanted and number[w] > 0.0:
            total += np.int64(number[w])
            nexts[size], upto[size] = w, total
            size += 1
            if total > highest:
                break
    return size


@nb.njit(nogil=True, cache=True)
def _pick(upto, size, rank):
    """The position of the first running sum that is above the rank."""
    low = 0
    while low < size:
        half = (low + size) >> 1
        if upto[half] > rank:
            size = half
        else:
            low = half + 1
    return low


@nb.njit(nogil=True, cache=True)
def _walk(graph, side, reach, other, hops, v, rank, left, path, place, step):
    """Write the way of this rank from v to the side's root, of ``left`` hops, into ``path`` after ``place``.

    The root itself is not written.
    """
    start, neighbors = graph
    while left > 1:
        left, place = left - 1, place + step
        depth, wanted, number = _numbers(side, reach, other, hops, left)
        for e in range(start[v], start[v + np.uint32(1)]):
            w = neighbors[e]
            if depth[w] == wanted:
                if rank < np.int64(number[w]):
                    v = w
                    break
                rank -= np.int64(number[w])
        path[place] = v


@nb.njit(nogil=True, cache=True)
def _build(graph, a, b, at, middles, crossing, ways_a, ways_b, ranks, room, place):
    """Write the paths of the drawn ranks, one after the other."""
    numbers_a, numbers_b = _middle_numbers(a, b, at)
    (nexts_a, upto_a), (nexts_b, upto_b), s, t = ways_a, ways_b, a.queue[0], b.queue[0]
    (start, neighbors), (near, far), hops, reach_a, reach_b = graph, crossing, at.hops, at.reach_a, at.reach_b
    to_s = (hops + 1) // 2
    to_t = hops - to_s
    depth_a, wanted_a, number_a = _numbers(a, reach_a, b, hops, to_s - 1)
    depth_b, wanted_b, number_b = _numbers(b, reach_b, a, hops, to_t - 1)
    edges_a, edges_b = at.edges if to_s == reach_a + 1 else 0, at.edges if to_t == reach_b + 1 else 0
    root_a, root_b = (
        np.int64(s) if to_s == 2 else -1,
        np.int64(t) if to_t == 2 else -1,
    )  # -1: not two hops away
    i, before = 0, np.int64(0)
    for v in middles:
        to_b = np.int64(numbers_b[v])
        after = before + np.int64(numbers_a[v]) * to_b
        first, highest_a, highest_b = i, np.int64(0), np.int64(0)
        while i < len(ranks) and ranks[i] < after:
            highest_a, highest_b = (ranks[i] - before) // to_b, max(highest_b, (ranks[i] - before) % to_b)
            i += 1
        size_a = size_b = 0
        if i > first and to_s > 1:
            size_a = _ways_on(
                start,
                neighbors,
                near,
                far,
                edges_a,
                depth_a,
                wanted_a,
                number_a,
                root_a,
                v,
                highest_a,
                nexts_a,
                upto_a,
            )
        if i > first and to_t > 1:
            size_b = _ways_on(
                start,
                neighbors,
                near,
                far,
                edges_b,
                depth_b,
                wanted_b,
                number_b,
                root_b,
                v,
                highest_b,
                nexts_b,
                upto_b,
            )
        for rank in ranks[first:i]:
            near_a, near_b, middle = (rank - before) // to_b, (rank - before) % to_b, place + to_s
            room[place], room[place + hops], room[middle] = s, t, v
            if to_s > 1:
                way = _pick(upto_a, size_a, near_a)
                room[middle - 1] = nexts_a[way]
                if to_s > 2:
                    near_a -= upto_a[way - 1] if way else 0
                    _walk(graph, a, reach_a, b, hops, nexts_a[way], near_a, to_s - 1, room, middle - 1, -1)
            if to_t > 1:
                way = _pick(upto_b, size_b, near_b)
                room[middle + 1] = nexts_b[way]
                if to_t > 2:
                    near_b -= upto_b[way - 1] if way else 0
                    _walk(graph, b, reach_b, a, hops, nexts_b[way], near_b, to_t - 1, room, middle + 1, 1)
            place += hops + 1
        before = after


@nb.njit(nogil=True, cache=True)
def _vertex(index, node):
    """The position of a node in the index; -1 where it is not in it."""
    if 0 <= node < len(index) and index[node] == node:  # in PrimeKG always
        return node
    vertex = np.searchsorted(index, node)
    return vertex if vertex < len(index) and index[vertex] == node else -1


@nb.njit(nogil=True, cache=True)
def _search(
    start, neighbors, index, depth, number, upto, vertex, frontier, state, pairs, keep, seed, distance, total, begin
):
    """Fill distance, total and begin.

    Returns which of the pairs' nodes is missing (-1: none is), and the nodes of all paths.
    """
    graph = Adjacency(start, neighbors)
    a = Side(depth[0], number[0], number[1], vertex[0], frontier[0], state[0])
    b = Side(depth[1], number[2], number[3], vertex[1], frontier[1], state[1])
    met, crossing = vertex[2:4].ravel(), Crossing(vertex[4], vertex[5])
    ways_a, ways_b = Ways(vertex[6], upto[0]), Ways(vertex[7], upto[1])
    ranks, room = np.empty(keep, np.int64), np.empty(256 * len(pairs), np.uint32)
    missing, begin[0] = np.int64(-1), 0
    for pair in range(len(pairs)):
        ends = _vertex(index, pairs[pair, 0]), _vertex(index, pairs[pair, 1])
        if min(ends) < 0:
            missing = np.int64(2 * pair if ends[0] < 0 else 2 * pair + 1)
            break
        _set_out(graph, a, np.uint32(ends[0]))
        _set_out(graph, b, np.uint32(ends[1]))
        at = _meet(graph, a, b, met, crossing)
        paths, end, last = 0.0, begin[pair], 0
        if at.hops >= 0:
            first, last = _to_middle(graph, a, b, at, met)
            numbers_a, numbers_b = _middle_numbers(a, b, at)
            middles = np.sort(met[first:last])
            for v in middles:
                paths += numbers_a[v] * numbers_b[v]
            drawn = 0
            if paths < EXACT:
                drawn = _draw(np.int64(paths), seed, np.uint64(pairs[pair, 0]), np.uint64(pairs[pair, 1]), ranks)
            end += drawn * (at.hops + 1)
            if end > len(room):
                room = np.append(room, np.empty(len(room) + end, np.uint32))
            _build(graph, a, b, at, middles, crossing, ways_a, ways_b, ranks[:drawn], room, begin[pair])
        for i in range(last):
            a.carried[met[i]] = b.carried[met[i]] = 0.0
        distance[pair], total[pair], begin[pair + 1] = at.hops, paths, end
    _forget(a)
    _forget(b)
    nodes = np.empty(0 if missing >= 0 else begin[len(pairs)], np.int64)
    for i in range(len(nodes)):
        nodes[i] = index[room[i]]
    return missing, nodes
