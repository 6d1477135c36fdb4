"""Whatever the bytes of a graph file are, they are read, or refused with a message: never a traceback, never a silent loss."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.contents import NODE_TYPES, GraphError
from kg.readers.primekg import COLUMNS, read_graph

HEAD = ",".join(COLUMNS)
NAME = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=12).filter(
    lambda name: any(sign.isprintable() and not sign.isspace() for sign in name) and "obsolete" not in name.lower()
)
SLOWER = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[int, str, str]], list[tuple[int, int, str]]]:
    """Nodes (index, type, name) and edges (position, position, relation) of a valid graph."""
    indexes = draw(st.lists(st.integers(0, 10**9), min_size=2, max_size=8, unique=True))
    nodes = [(index, draw(st.sampled_from(NODE_TYPES)), draw(NAME)) for index in indexes]
    end = st.integers(0, len(nodes) - 1)
    return nodes, draw(st.lists(st.tuples(end, end, NAME), min_size=1, max_size=12))


def quoted(*fields: object) -> str:
    return ",".join('"' + str(field).replace('"', '""') + '"' for field in fields)


def rows(graph: tuple[list[tuple[int, str, str]], list[tuple[int, int, str]]]) -> list[str]:
    nodes, edges = graph
    side = [(index, f"id{index}", type_, name, "test") for index, type_, name in nodes]
    return [quoted(relation, relation, *side[x], *side[y]) for x, y, relation in edges]


@given(graph=graphs())
@SLOWER
def test_a_valid_graph_is_read_exactly(tmp_path: Path, graph) -> None:
    path = tmp_path / "kg.csv"
    path.write_text("\n".join([HEAD, *rows(graph)]) + "\n", encoding="utf-8")
    nodes, edges = read_graph(path)
    given_nodes, given_edges = graph
    used = sorted({end for x, y, _ in given_edges for end in (x, y)}, key=lambda end: given_nodes[end][0])
    assert nodes.index.tolist() == [given_nodes[end][0] for end in used]
    assert nodes.name == [given_nodes[end][2] for end in used]
    assert nodes.type == [given_nodes[end][1] for end in used]
    expected = {(frozenset((used.index(x), used.index(y))), relation) for x, y, relation in given_edges if x != y}
    low, high = edges.ends()
    found = {
        (frozenset((int(low[e]), int(high[e]))), edges.relation_names[r][0])
        for e in range(len(edges.pair))
        for r in edges.relation[edges.start[e] : edges.start[e + 1]]
    }
    assert found == expected
    assert edges.rows == len(given_edges)


@given(graph=graphs(), cut=st.floats(0, 1), noise=st.binary(max_size=6), zipped=st.booleans())
@SLOWER
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, graph, cut: float, noise: bytes, zipped: bool) -> None:
    content = "\n".join([HEAD, *rows(graph)]).encode()
    place = int(len(content) * cut)
    damaged = content[:place] + noise + (content[place + len(noise) :] if len(noise) % 2 else b"")
    path = tmp_path / ("kg.csv.gz" if zipped else "kg.csv")
    path.write_bytes(gzip.compress(damaged)[: -len(noise) or None] if zipped else damaged)
    _read_or_refuse(path)


@given(content=st.binary(max_size=200), ending=st.sampled_from([".csv", ".csv.gz", ".parquet"]))
@SLOWER
def test_any_bytes_are_refused(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"kg{ending}"
    path.write_bytes(content)
    with pytest.raises(GraphError):
        read_graph(path)


def _read_or_refuse(path: Path) -> None:
    try:
        nodes, edges = read_graph(path)
    except GraphError as why:
        assert str(path) in str(why)
    else:
        assert edges.vertices == len(nodes.index) == len(nodes.name)
        assert edges.find(*edges.ends()).tolist() == list(range(len(edges.pair)))
