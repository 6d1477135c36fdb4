"""A build says how many nodes of the graph's file are in no link and no path."""

import json
from pathlib import Path

import pytest

from dataset_builder.__main__ import main, parser
from dataset_builder.commands.graph import graph_facts, notes_on_graph
from kg import KG, SAMPLE

ROW = "disease_disease,parent-child,90001,1,disease,{},MONDO,90002,2,disease,{},MONDO"


def with_obsolete(folder: Path) -> Path:
    path = folder / "kg.csv"
    rows = [ROW.format("obsolete gout", "tophus"), ROW.format("obsolete gout", "tophus")]
    path.write_text(SAMPLE.read_text("utf-8").rstrip("\n") + "\n" + "\n".join(rows) + "\n", "utf-8")
    return path


def test_the_count_is_in_the_manifest_only_where_there_is_one(tmp_path: Path) -> None:
    given = parser().parse_args(["build", "kg_only"])
    sample, kg = KG.load("sample"), KG.load(with_obsolete(tmp_path))
    assert notes_on_graph(sample, given) == [] and "obsolete_nodes" not in graph_facts(sample)
    assert graph_facts(kg)["obsolete_nodes"] == 1
    assert len(kg.nodes.index) == len(sample.nodes.index) + 1, "its neighbour stays"
    with pytest.raises(KeyError, match="has no node 90001"):
        kg.name_of(90001)
    assert all(c.node != 90001 for c in kg.link(["obsolete gout"], similar=20)[0])
    assert kg.shortest_paths([(90002, int(sample.nodes.index[0]))])[0].total == 0


@pytest.mark.slow
def test_a_build_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--kg", str(with_obsolete(tmp_path)), "--out", str(tmp_path / "out"), "--rows", "3"]
    assert main(["build", "kg_only", *words]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Graph kg.csv: 1 nodes that their ontology calls obsolete are left out, with 2 rows of the file." in said
    assert json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))["graph"]["obsolete_nodes"] == 1
