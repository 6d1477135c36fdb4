"""The graph of a build or an estimate, with and without --license commercial."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from dataset_builder.__main__ import main, parser
from dataset_builder.commands.graph import chosen_graph, graph_facts, notes_on_graph
from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.contents import PROVENANCE

COMMERCIAL = ("--license", "commercial")


@pytest.fixture
def from_omim(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every graph has two relations, one of OMIM."""
    said = pa.Table.from_pylist([{"source": "HPO; OMIM"}, {"source": "HPO"}], PROVENANCE)
    edges = SimpleNamespace(provenance=said, obsolete_nodes=0, obsolete_rows=0, left_out={"odd lines": 2})
    nodes = SimpleNamespace(index=[1, 2])
    graph = SimpleNamespace(name="hpo", digest="0" * 64, edges=edges, nodes=nodes, edge_count=2)
    monkeypatch.setattr(KG, "load", lambda *_, **__: graph)


@pytest.mark.usefixtures("from_omim")
@pytest.mark.parametrize("command", ["build", "estimate"])
def test_a_source_that_forbids_commercial_use_is_refused(command: str) -> None:
    with pytest.raises(SourceError, match=r"OMIM \(own terms\): 1 relations"):
        chosen_graph(parser().parse_args([command, "kg_only", *COMMERCIAL, "--kg", "hpo"]))


@pytest.mark.slow
@pytest.mark.usefixtures("from_omim")
def test_a_build_ends_with_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "kg_only", *COMMERCIAL, "--kg", "hpo", "--out", "nowhere"]) == 2
    said = capsys.readouterr().err
    assert "OMIM (own terms): 1 relations" in said and "HPO (" not in said


@pytest.mark.usefixtures("from_omim")
def test_a_graph_that_is_not_used_or_not_for_commerce_is_not_refused() -> None:
    for words in (["kg_only"], ["reasonmed", *COMMERCIAL]):
        kg = chosen_graph(given := parser().parse_args(["build", *words, "--kg", "hpo"]))
        assert notes_on_graph(kg, given) == ["Graph hpo: left out: 2 odd lines."]
        assert {name: of["relations"] for name, of in graph_facts(kg)["sources"].items()} == {"HPO": 2, "OMIM": 1}


def test_the_sample_has_no_sources_in_the_manifest_and_no_note() -> None:
    kg = chosen_graph(given := parser().parse_args(["build", "kg_only", *COMMERCIAL]))
    assert graph_facts(kg).keys() == {"name", "sha256", "nodes", "edges"}
    assert notes_on_graph(kg, given) == []
