"""A prepared graph is the same graph, is opened without reading the file again, and follows the file's content."""

from pathlib import Path

import numpy as np
import pytest

from kg import prepared
from kg.adjacency import adjacency
from kg.contents import GraphError
from kg.readers import Source
from kg.readers.primekg import read_graph

EDGES = (
    "Colchicine drug | indication | gout disease",
    "Colchicine drug | contraindication | gout disease",
    "gout disease | disease_phenotype_positive: phenotype present | NA effect/phenotype",
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    return tmp_path / "home/medreason"


def test_it_is_the_same_graph(make_kg) -> None:
    path = Path(make_kg(*EDGES).path)
    for _ in range(2):
        nodes, edges, compact = prepared.load(Source("primekg", path), prepared.digest(path))
        read_nodes, read_edges = read_graph(path)
        assert (nodes.name, nodes.type, nodes.id, nodes.source) == (
            read_nodes.name,
            read_nodes.type,
            read_nodes.id,
            read_nodes.source,
        )
        assert all(np.array_equal(getattr(edges, array), getattr(read_edges, array)) for array in prepared.ARRAYS)
        assert (edges.relation_names, edges.rows) == (read_edges.relation_names, read_edges.rows)
        assert np.array_equal(nodes.index, read_nodes.index)
        expected = adjacency(read_edges.vertices, *read_edges.ends())
        assert all(np.array_equal(one, other) for one, other in zip(compact, expected, strict=True))


def test_a_second_load_does_not_read_the_file(make_kg, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(make_kg(*EDGES).path)
    digest = prepared.digest(path)
    prepared.load(Source("primekg", path), digest)
    monkeypatch.setattr(Source, "read", lambda _: pytest.fail("read again"))
    _, edges, compact = prepared.load(Source("primekg", path), digest)
    assert all(
        isinstance(array.base, np.memmap) for array in (edges.pair, *compact)
    )  # pages of the file, shared by all processes


def test_a_broken_graph_leaves_nothing_behind(tmp_path: Path, own_folder: Path) -> None:
    (tmp_path / "kg.csv").write_text("relation\n")
    with pytest.raises(GraphError):
        prepared.load(Source("primekg", tmp_path / "kg.csv"), "0" * 64)
    assert not list((own_folder / "graphs").glob("*")) if (own_folder / "graphs").exists() else True


def test_a_full_disk_leaves_nothing_behind(make_kg, own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(make_kg(*EDGES[:1]).path)
    before = set((own_folder / "graphs").iterdir())

    def no_space_left(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", no_space_left)
    with pytest.raises(OSError, match="No space left"):
        prepared.load(Source("primekg", path), "f" * 64)
    assert set((own_folder / "graphs").iterdir()) == before


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "kg.csv"
    path.write_text("a")
    first = prepared.digest(path)
    assert prepared.digest(path) == first
    path.write_text("b")
    assert prepared.digest(path) != first
    path.write_text("a")
    assert prepared.digest(path) == first
