"""A build on a graph in OptimusKG's form: the sample graph, written so."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from dataset_builder.__main__ import main
from kg import KG
from kg.phrases import read_table
from kg.readers.optimuskg_properties import TYPES
from tests.support.optimuskg import write

SOURCES = {
    "sources": {"direct": ["DRUG_CENTRAL"], "indirect": ["PUBMED"]},
    "references": ["PMID:1"],
    "evidence_score": 0.9,
}


def sample(folder: Path) -> Path:
    """The sample graph's nodes and edges, those that OptimusKG could have."""
    kg, labels = KG.load("sample"), {type_: label for label, type_ in TYPES.items()}
    meant = {(label, ours, display): relation for label, relation, _, ours, display in read_table("optimuskg.tsv")}
    nodes = [
        (f"N{v}", labels[type_], {"name": name, "symbol": name})
        for v, (name, type_) in enumerate(zip(kg.nodes.name, kg.nodes.type, strict=True))
    ]
    edges = []
    for e, (a, b) in enumerate(zip(*(ends.tolist() for ends in kg.edges.ends()), strict=True)):
        for item in kg.edges.relation[kg.edges.start[e] : kg.edges.start[e + 1]]:
            for x, y in ((a, b), (b, a)):
                label = f"{nodes[x][1]}-{nodes[y][1]}"
                if relation := meant.get((label, *kg.edges.relation_names[item])):
                    edges.append((f"N{x}", f"N{y}", label, relation, SOURCES))
                    break
    return write(folder, nodes, edges)


@pytest.mark.slow
def test_a_build_has_hops_with_their_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["build", "kg_only", "--kg", f"optimuskg:{sample(tmp_path / 'g')}", "--min-edge-score", "0.5", "--out", str(out)]) == 0  # fmt: skip
    rows = pyarrow.parquet.read_table(sorted((out / "data").glob("train*.parquet"))[0]).to_pylist()
    hops = [one for row in rows for path in row["paths"] for hop in path["hops"] for one in hop]
    assert hops and all(hop["source"] == "DRUG_CENTRAL; PUBMED" and hop["publications"] == ["PMID:1"] for hop in hops)
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert "--min-edge-score 0.5" in json.dumps(manifest)
    capsys.readouterr()
    for score, same in (("0.5", True), ("0.6", False)):
        assert main(["verify", str(out), "--kg", f"optimuskg:{tmp_path / 'g'}", "--min-edge-score", score]) == 0
        assert ("another graph" not in " ".join(capsys.readouterr().out.split())) == same
