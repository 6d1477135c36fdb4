"""All shortest paths: against brute force, networkx, and the promises about drawing."""

import csv
import gzip
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, pairwise
from pathlib import Path

import networkx as nx
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import KG, Engine
from kg.search import draw_ranks


def brute_force(edges: set[tuple[int, int]], s: int, t: int) -> list[tuple[int, ...]]:
    """All shortest paths by listing every simple path, shortest first."""
    if s == t:
        return [(s,)]
    ways = [(s,)]
    while ways:
        ways = [(*way, v) for way in ways for v in range(9) if v not in way and tuple(sorted((way[-1], v))) in edges]
        if done := [way for way in ways if way[-1] == t]:
            return sorted(done)
    return []


ENGINES: tuple[Engine, ...] = ("graph-tool", "fast")
GRAPHS = st.sets(st.sampled_from(list(combinations(range(9), 2))), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def any_graph(tmp_path_factory: pytest.TempPathFactory):
    """A KG over nodes 0..8 with these edges, some of them with a second relation: a new file for every content."""
    folder = tmp_path_factory.mktemp("graphs")

    def load(edges: set[tuple[int, int]]) -> KG:
        path = folder / f"{len(list(folder.iterdir()))}.csv"
        side = "relation,display_relation,x_index,x_id,x_type,x_name,x_source,y_index,y_id,y_type,y_name,y_source"
        ring = [(v, v) for v in range(9)]  # every node stands in the file, also one without edges
        rows = [
            f"{relation},{relation},{a},{a},drug,n{a},test,{b},{b},drug,n{b},test"
            for x, y in [*sorted(edges), *ring]
            for a, b in ((x, y), (y, x))
            for relation in (["drug_drug", "second"] if (x + y) % 3 == 0 else ["drug_drug"])
        ]
        path.write_text("\n".join([side, *rows]) + "\n")
        return KG.load(path)

    return load


@pytest.mark.parametrize("engine", ENGINES)
@given(edges=GRAPHS)
@settings(max_examples=80, deadline=None)
def test_paths_equal_brute_force_on_every_pair(any_graph, engine: Engine, edges: set[tuple[int, int]]) -> None:
    kg = any_graph(edges)
    pairs = [(s, t) for s in range(9) for t in range(9)]  # s = t, unreachable and disconnected among them
    for (s, t), found in zip(pairs, kg.shortest_paths(pairs, keep=10_000, engine=engine), strict=True):
        expected = brute_force(edges, s, t)
        assert sorted(found.paths) == expected
        assert found.total == len(expected)
        assert found.distance == (len(expected[0]) - 1 if expected else None)


@given(edges=GRAPHS, keep=st.integers(1, 3), seed=st.integers(0, 2**40))
@settings(max_examples=60, deadline=None)
def test_drawn_paths_are_distinct_shortest_paths_and_depend_on_the_pair_only(any_graph, edges, keep, seed) -> None:
    kg = any_graph(edges)
    pairs = [(s, t) for s in range(9) for t in range(9) if s != t]
    together = kg.shortest_paths(pairs, keep=keep, seed=seed)
    for pair, found in zip(reversed(pairs), kg.shortest_paths(pairs[::-1], keep=keep, seed=seed), strict=True):
        assert found == together[pairs.index(pair)]
        assert kg.shortest_paths([pair], keep=keep, seed=seed) == [found]
        assert len(found.paths) == len(set(found.paths)) == min(keep, found.total)
        assert set(found.paths) <= set(brute_force(edges, *pair))


@given(edges=GRAPHS, keep=st.integers(1, 4), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=100, deadline=None)
def test_the_fast_search_draws_what_graph_tool_draws(any_graph, edges, keep: int, seed: int) -> None:
    kg = any_graph(edges)
    pairs = [(s, t) for s in range(9) for t in range(9)]
    fast = kg.shortest_paths(pairs, keep=keep, seed=seed, engine="fast")
    assert fast == kg.shortest_paths(pairs, keep=keep, seed=seed, engine="graph-tool")


def test_long_paths_are_the_same_in_any_order_and_batch(make_kg) -> None:
    """A grid has long paths, many of them, that meet far from both ends; what one pair has searched serves the next."""
    side = 12
    edges = [
        f"{a} drug | drug_drug | {b} drug"
        for i in range(side)
        for j in range(side)
        for a, b in ((f"{i}-{j}", f"{i + 1}-{j}"), (f"{i}-{j}", f"{i}-{j + 1}"))
    ]
    hub = [f"hub drug | drug_drug | {i}-0 drug" for i in range(0, side, 2)]
    kg = make_kg(*edges, *hub)
    chooser, nodes = random.Random(3), kg.nodes.index.tolist()
    pairs = [(s, t) for s in chooser.sample(nodes, 12) for t in chooser.sample(nodes, 12)]
    expected = dict(zip(pairs, kg.shortest_paths(pairs, keep=20, engine="graph-tool"), strict=True))
    assert max(found.distance or 0 for found in expected.values()) > 8
    for order in (pairs, pairs[::-1], sorted(pairs, key=lambda pair: pair[1]), chooser.sample(pairs, len(pairs))):
        assert kg.shortest_paths(order, keep=20, engine="fast") == [expected[pair] for pair in order]
    for first in range(0, len(pairs), 5):
        batch = pairs[first : first + 5]
        assert kg.shortest_paths(batch, keep=20, engine="fast") == [expected[pair] for pair in batch]


def test_threads_search_side_by_side(make_kg) -> None:
    edges = [f"n{i} drug | drug_drug | n{j} drug" for i in range(60) for j in (i + 1, i + 7)]
    kg = make_kg(*edges)
    nodes = kg.nodes.index.tolist()
    batches = [[(s, t) for t in nodes] for s in nodes]
    expected = [kg.shortest_paths(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(kg.shortest_paths, batches)) == expected


def test_an_error_leaves_the_search_as_it_was(any_graph) -> None:
    kg = any_graph({(0, 1), (1, 2)})
    with pytest.raises(KeyError, match="no node 77"):
        kg.shortest_paths([(0, 2), (0, 77)])
    with pytest.raises(ValueError, match="keep=-1; expected how many"):
        kg.shortest_paths([(0, 2)], keep=-1)
    assert kg.shortest_paths([(0, 2)])[0].paths == ((0, 1, 2),)


@pytest.mark.parametrize("layers", [1, 2, 5, 9, 40, 60])
def test_many_paths_are_counted_exactly_by_both(make_kg, layers: int) -> None:
    """2 ** layers paths: beyond 2 ** 53 the fast search leaves the pair to the other."""
    edges = [
        f"{a} drug | drug_drug | {b} drug"
        for i in range(layers)
        for side in "xy"
        for a, b in ((f"n{i}", f"{side}{i}"), (f"{side}{i}", f"n{i + 1}"))
    ]
    kg = make_kg(*edges)
    ends = (kg.nodes.name.index("n0"), kg.nodes.name.index(f"n{layers}"))
    (fast,), (slow,) = (kg.shortest_paths([ends], engine=engine) for engine in ENGINES)
    assert fast == slow
    assert (fast.distance, fast.total, len(fast.paths)) == (2 * layers, 2**layers, min(50, 2**layers))


def test_the_canonical_order_is_middle_vertex_then_towards_s_then_towards_t(any_graph) -> None:
    # s=8, level 1 {5, 6}, level 2 {1, 2}, level 3 {3, 4}, t=0: d = 4, the middle is level 2
    edges = {(5, 8), (6, 8), (1, 5), (1, 6), (2, 5), (2, 6), (1, 3), (1, 4), (2, 3), (2, 4), (0, 3), (0, 4)}
    (found,) = any_graph(edges).shortest_paths([(8, 0)], keep=8)
    key = [(path[2], path[1], path[0], path[3], path[4]) for path in found.paths]
    assert found.total == 8
    assert key == sorted(key)
    # d = 3: the middle is level 2, next to t
    (found,) = any_graph(edges).shortest_paths([(8, 3)], keep=4)
    assert [(path[2], path[1]) for path in found.paths] == [(1, 5), (1, 6), (2, 5), (2, 6)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("node", [77, -1, -(2**63), 2**63 - 1])
def test_an_unknown_node_is_named(any_graph, engine: Engine, node: int) -> None:
    for pair in ((0, node), (node, 0)):
        with pytest.raises(KeyError, match=f"no node {node}'"):
            any_graph({(0, 1)}).shortest_paths([(0, 1), pair], engine=engine)


def test_an_unknown_engine_is_named(any_graph) -> None:
    with pytest.raises(ValueError, match="found engine='quick'; expected one of fast, graph-tool"):
        any_graph({(0, 1)}).shortest_paths([(0, 1)], engine="quick")


@pytest.mark.parametrize("engine", ENGINES)
def test_no_pairs_have_no_paths(any_graph, engine: Engine) -> None:
    assert any_graph({(0, 1)}).shortest_paths([], engine=engine) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_drawn_paths_are_uniform(make_kg, engine: Engine) -> None:
    """27 paths of 4 hops, 3 of them drawn by each of 900 seeds."""
    layers = [["s"], *([f"{layer}{i}" for i in range(3)] for layer in "abc"), ["t"]]
    edges = [f"{x} drug | drug_drug | {y} drug" for one, other in pairwise(layers) for x in one for y in other]
    kg = make_kg(*edges)
    ends = (kg.nodes.name.index("s"), kg.nodes.name.index("t"))
    found = [kg.shortest_paths([ends], keep=3, seed=seed, engine=engine)[0] for seed in range(900)]
    counts = Counter(path for one in found for path in one.paths)
    assert {one.total for one in found} == {27} == {len(counts)}
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 0.001


def test_ranks_are_uniform_without_replacement() -> None:
    total, keep, seeds = 40, 5, 4000
    counts = Counter(rank for seed in range(seeds) for rank in draw_ranks(total, keep, seed, 3, 7))
    assert set(counts) == set(range(total))
    assert scipy.stats.chisquare([counts[rank] for rank in range(total)]).pvalue > 0.001


def test_ranks_are_fixed_for_ever() -> None:
    """Another generator or order would silently change every published dataset."""
    assert draw_ranks(10**6, 4, 0, 1, 2) == draw_ranks(10**6, 4, 0, 1, 2)
    assert draw_ranks(10**6, 4, 0, 1, 2) != draw_ranks(10**6, 4, 0, 2, 1)
    assert draw_ranks(3, 50, 9, 1, 2) == [0, 1, 2]
    assert draw_ranks(10**30, 3, 0, 1, 2)[-1] < 10**30


def test_the_fast_search_equals_graph_tools_on_real_data(shared_data: Path) -> None:
    kg = KG.load(shared_data / "primekg" / "kg_subset.csv.gz")
    chooser = random.Random(5)
    nodes = kg.nodes.index.tolist()
    pairs = [(chooser.choice(nodes), chooser.choice(nodes)) for _ in range(300)]
    assert kg.shortest_paths(pairs, seed=7, engine="fast") == kg.shortest_paths(pairs, seed=7, engine="graph-tool")


@pytest.mark.parametrize("engine", ENGINES)
def test_paths_equal_networkx_on_real_data(shared_data: Path, engine: Engine) -> None:
    path = shared_data / "primekg" / "kg_subset.csv.gz"
    graph = nx.Graph()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not {row["x_name"][:9], row["y_name"][:9]} & {"obsolete "}]
        graph.add_edges_from((int(row["x_index"]), int(row["y_index"])) for row in rows)
    kg = KG.load(path)
    chooser = random.Random(11)
    nodes = sorted(graph)
    pairs = [(chooser.choice(nodes), chooser.choice(nodes)) for _ in range(40)]
    for (s, t), found in zip(pairs, kg.shortest_paths(pairs, keep=100_000, engine=engine), strict=True):
        expected = set(map(tuple, nx.all_shortest_paths(graph, s, t))) if nx.has_path(graph, s, t) else set()
        assert set(found.paths) == expected
        assert found.total == len(expected)
