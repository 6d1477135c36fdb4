"""The searches that benchmarks.paths compares: each takes pairs (s, t) of a question and returns their shortest paths.

Some list every shortest path, as their libraries do; others count them and draw at most KEEP. Vertices are node indexes
everywhere. An engine is built once, from the same distinct edges.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Literal

import numpy as np
import scipy.sparse

from kg import KG, graph, search
from kg.opened import contents

KEEP = 50
Pair = tuple[int, int]
Answer = tuple[int | None, int, Sequence[tuple[int, ...]]]  # distance, number of shortest paths, those that were given
Engine = Callable[[list[Pair]], list[Answer]]


def _all(paths: list[tuple[int, ...]]) -> Answer:
    return (len(paths[0]) - 1 if paths else None, len(paths), paths)


def networkx_all(low: np.ndarray, high: np.ndarray) -> Engine:
    """What MedReason calls; here on integers, where its code keeps names."""
    import networkx as nx

    net = nx.Graph()
    net.add_edges_from(zip(low.tolist(), high.tolist(), strict=True))

    def paths(s: int, t: int) -> list[tuple[int, ...]]:
        return [tuple(path) for path in nx.all_shortest_paths(net, s, t)] if nx.has_path(net, s, t) else []

    return lambda pairs: [_all(paths(s, t)) for s, t in pairs]


def rustworkx_all(low: np.ndarray, high: np.ndarray) -> Engine:
    """Its all_shortest_paths is Dijkstra's search with unit weights, over the whole graph."""
    import rustworkx as rx

    net = rx.PyGraph(multigraph=False)
    net.add_nodes_from(range(int(high.max()) + 1))
    net.add_edges_from_no_data(list(zip(low.tolist(), high.tolist(), strict=True)))
    return lambda pairs: [_all([tuple(path) for path in rx.all_shortest_paths(net, s, t)]) for s, t in pairs]


def networkit_bfs(low: np.ndarray, high: np.ndarray) -> Engine:
    """One breadth-first search per pair, which stops at the target and keeps all paths."""
    import networkit as nk

    net = nk.GraphFromCoo((low.astype(np.uint64), high.astype(np.uint64)), n=int(high.max()) + 1)

    def paths(s: int, t: int) -> list[tuple[int, ...]]:
        bfs = nk.distance.BFS(net, s, storePaths=True, target=t)
        bfs.run()
        return [tuple(path) for path in bfs.getPaths(t)]

    return lambda pairs: [_all(paths(s, t)) for s, t in pairs]


def scipy_bfs(low: np.ndarray, high: np.ndarray) -> Engine:
    """scipy's breadth-first search from each distinct t; then the paths are counted and drawn by kg.search."""
    from scipy.sparse.csgraph import breadth_first_order

    n = int(high.max()) + 1
    both = np.concatenate([low, high]), np.concatenate([high, low])
    matrix = scipy.sparse.csr_array((np.ones(2 * len(low), np.float64), both), shape=(n, n))

    def distances(t: int) -> np.ndarray:
        order, before = breadth_first_order(matrix, t, directed=True)
        depth = np.full(n, graph.UNREACHED, np.int64)
        depth[t] = 0
        # the order is by depth, so whole levels are settled at once: a level ends where a parent is no longer settled
        first, level = 1, 1
        while first < len(order):
            parents = depth[before[order[first:]]]
            size = int(np.argmax(parents >= level)) if (parents >= level).any() else len(parents)
            depth[order[first : first + size]] = level
            first, level = first + size, level + 1
        return depth

    def neighbors(v: int) -> np.ndarray:
        return matrix.indices[matrix.indptr[v] : matrix.indptr[v + 1]]

    def answers(pairs: list[Pair]) -> list[Answer]:
        found: dict[Pair, Answer] = {}
        for t in {t for _, t in pairs}:
            distance = distances(t)
            for s, target in pairs:
                if target == t:
                    found[s, t] = _drawn(s, t, int(distance[s]), search.steps_to(distance, neighbors))
        return [found[pair] for pair in pairs]

    return answers


def _drawn(s: int, t: int, distance: int, steps: Callable[[int, int], list[int]]) -> Answer:
    if distance >= graph.UNREACHED:
        return (None, 0, ())
    result = search.shortest_paths(s, t, distance, steps, lambda total: search.draw_ranks(total, KEEP, 0, s, t))
    return (result.distance, result.total, result.paths)


def _graph_tool(low: np.ndarray, high: np.ndarray):
    from graph_tool import Graph

    net = Graph(directed=False)
    net.add_vertex(int(high.max()) + 1)
    net.add_edge_list(np.column_stack([low, high]))
    return net


def graph_tool_all(low: np.ndarray, high: np.ndarray) -> Engine:
    """graph-tool's own all_shortest_paths, a call per pair."""
    from graph_tool.topology import all_shortest_paths

    net = _graph_tool(low, high)
    return lambda pairs: [_all([tuple(map(int, path)) for path in all_shortest_paths(net, s, t)]) for s, t in pairs]


def graph_tool_predecessors(low: np.ndarray, high: np.ndarray) -> Engine:
    """One search that stops at all sources of a question, then graph-tool's all_predecessors; the paths are listed from these."""
    from graph_tool.topology import all_predecessors, shortest_distance

    net = _graph_tool(low, high)

    def answers(pairs: list[Pair]) -> list[Answer]:
        found: dict[Pair, Answer] = {}
        for t in {t for _, t in pairs}:
            sources = [s for s, target in pairs if target == t]
            distance = net.new_vertex_property("int32_t")
            _, nearest = shortest_distance(net, t, sources, dist_map=distance, pred_map=True)
            before = all_predecessors(net, distance, nearest)
            for s in sources:
                found[s, t] = _all(list(_ways(before, s, t)) if distance[s] < graph.UNREACHED else [])
        return [found[pair] for pair in pairs]

    return answers


def _ways(before, s: int, t: int) -> Iterator[tuple[int, ...]]:
    if s == t:
        yield (t,)
        return
    for v in before[s]:
        for way in _ways(before, int(v), t):
            yield (s, *way)


def ours(kg: KG, engine: Literal["fast", "graph-tool"]) -> Engine:
    """KG.shortest_paths."""

    return lambda pairs: list(kg.shortest_paths(pairs, keep=KEEP, engine=engine))


def distinct_edges(kg: KG) -> tuple[np.ndarray, np.ndarray]:
    """The node indexes at both ends of every pair of connected nodes, the lower first."""
    low, high = (kg.nodes.index[end] for end in contents(kg.path, kg.digest)[1].ends())
    return low, high


def sample_questions(kg: KG, questions: int, ends: tuple[range, range], seed: int) -> list[list[Pair]]:
    """Pairs as questions have them: every question node with every answer node, of four types, half of them drawn by degree.

    ``ends``: how many question nodes and answer nodes there may be. Pairs with the same answer node come one after the other.
    """
    types = {"gene/protein": 0.15, "drug": 0.2, "effect/phenotype": 0.25, "disease": 0.4}
    rng = np.random.default_rng(seed)
    every_type, degrees = np.array(kg.nodes.type), kg.degrees(kg.nodes.index)
    pools = [np.flatnonzero((every_type == type_) & (degrees > 0)) for type_ in types]
    weights = [degrees[pool] / degrees[pool].sum() for pool in pools]

    def node() -> int:
        kind = rng.choice(len(pools), p=list(types.values()))
        return int(kg.nodes.index[rng.choice(pools[kind], p=weights[kind] if rng.random() < 0.5 else None)])

    sample = []
    for _ in range(questions):
        sizes = [int(rng.integers(size.start, size.stop)) for size in ends]
        nodes: dict[int, None] = {}
        while len(nodes) < sum(sizes):
            nodes[node()] = None
        found = list(nodes)
        sample.append([(s, t) for t, s in product(found[sizes[0] :], found[: sizes[0]])])
    return sample
