"""Reading OptimusKG's two files: what each edge says, where it comes from, what is left out, and what a broken file is told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from kg import KG
from kg.contents import GraphError
from kg.path_facts import path_facts
from kg.phrases import PHRASES, read_table
from kg.readers.optimuskg import read_graph
from tests.support import optimuskg

OT, DC = {"direct": ["OPEN_TARGETS"], "indirect": []}, {"direct": ["DRUG_CENTRAL"], "indirect": []}
NODES: list[tuple[str, str, dict[str, Any]]] = [
    ("CHEMBL25", "DRG", {"name": "Aspirin", "synonyms": ["acetylsalicylic acid"], "trade_names": ["Brand"]}),
    ("ENSG1", "GEN", {"symbol": "PTGS1", "name": "prostaglandin synthase 1", "xrefs": [{"id": "9604", "source": "HGNC"}]}),
    ("MONDO_1", "DIS", {"name": "migraine", "exact_synonyms": ["migraine", "megrim"], "umls_cui": "C0149931", "sources": OT}),
    ("HP_1", "PHE", {"name": "Headache", "snomed_concept_ids": ["25064002"], "xrefs": ["MSH:D006261"]}),
    ("UBERON_1", "ANA", {"name": "brain", "synonyms": ["grey and white matter"]}),
    ("GO_1", "BPO", {"name": "inflammatory response"}),
    ("CHEMBL99", "DRG", {"name": "Novastatin"}),
]  # fmt: skip
EDGES: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("CHEMBL25", "ENSG1", "DRG-GEN", "INHIBITOR", {"sources": {"direct": ["DRUG_BANK"], "indirect": ["PUBMED"]}, "source_ids": ["5"]}),
    ("CHEMBL99", "ENSG1", "DRG-GEN", "OTHER", {}),
    ("CHEMBL25", "MONDO_1", "DRG-DIS", "INDICATION", {"sources": OT, "highest_clinical_trial_phase": 4.0, "reference_ids": ["NCT1"]}),
    ("CHEMBL99", "MONDO_1", "DRG-DIS", "INDICATION", {"sources": OT, "highest_clinical_trial_phase": 2.0}),
    ("CHEMBL99", "HP_1", "DRG-PHE", "ADVERSE_DRUG_REACTION", {}),
    ("MONDO_1", "ENSG1", "DIS-GEN", "ASSOCIATED_WITH", {"sources": OT, "evidence_score": 0.15, "evidence_count": 3}),
    ("MONDO_1", "HP_1", "DIS-PHE", "PHENOTYPE_PRESENT", {"qualifier_not": False, "references": ["PMID:7"], "evidence_type": ["PCS"]}),
    ("UBERON_1", "ENSG1", "ANA-GEN", "EXPRESSION_ABSENT", {"call_quality": "gold"}),
    ("GO_1", "ENSG1", "BPO-GEN", "INTERACTS_WITH", {"evidence": ["IDA", "IMP"]}),
    ("CHEMBL25", "GO_1", "DRG-DIS", "INDICATION", {"sources": DC}),
]  # fmt: skip


def write(folder: Path, nodes: Sequence[Any] = NODES, edges: Sequence[Any] = EDGES) -> Path:
    return optimuskg.write(folder, nodes, edges)


def test_nodes_have_names_exact_synonyms_and_ids_of_other_vocabularies(tmp_path: Path) -> None:
    nodes, _ = read_graph(write(tmp_path / "g"))
    assert nodes.name == ["Aspirin", "PTGS1", "migraine", "Headache", "brain", "inflammatory response", "Novastatin"]
    assert nodes.type[1:4] == ["gene/protein", "disease", "effect/phenotype"]
    assert [nodes.synonyms_of(v) for v in range(5)] == [["acetylsalicylic acid"], ["prostaglandin synthase 1"], ["megrim"], [], []]  # fmt: skip
    assert nodes.xrefs is not None
    assert nodes.xrefs.to_pylist()[1:4] == [["HGNC:9604"], ["UMLS:C0149931"], ["MSH:D006261", "SNOMEDCT:25064002"]]
    assert nodes.source[2] == "OPEN_TARGETS"


def hops(kg: KG) -> list[dict[str, Any]]:
    ends = zip(*kg.edges.ends(), strict=True)
    return [hop for a, b in ends for hop in kg.describe([int(a), int(b)])["hops"][0]]


def test_every_edge_is_a_statement_with_its_source(tmp_path: Path) -> None:
    found = {hop["statement"]: hop for hop in hops(KG.load(f"optimuskg:{write(tmp_path / 'g')}", min_edge_score=0.0))}
    assert set(found) == {
        "Aspirin inhibits PTGS1",
        "Novastatin targets PTGS1",
        "Aspirin is indicated for migraine",
        "Novastatin has been studied for migraine",
        "Novastatin can cause the side effect Headache",
        "PTGS1 is associated with migraine",
        "migraine can present with Headache",
        "PTGS1 is not expressed in the tissue brain",
        "PTGS1 takes part in the process inflammatory response",
        "Aspirin is indicated for inflammatory response",
    }
    of = {words: tuple(hop[key] for key in ("source", "publications", "evidence", "score")) for words, hop in found.items()}  # fmt: skip
    assert of["Aspirin inhibits PTGS1"] == ("DRUG_BANK; PUBMED", ["5"], None, None)
    assert of["Aspirin is indicated for migraine"] == ("OPEN_TARGETS", ["NCT1"], "clinical trial phase 4", None)
    assert of["migraine can present with Headache"] == (None, ["PMID:7"], "PCS", None)
    assert of["PTGS1 is associated with migraine"] == ("OPEN_TARGETS", None, None, 0.15)


@pytest.mark.parametrize(
    ("properties", "relation"),
    [
        ({"sources": OT, "highest_clinical_trial_phase": 3.0}, "studied_for"),
        ({"sources": OT}, "studied_for"),
        ({}, "studied_for"),
        ({"sources": DC}, "indication"),
        (
            {"sources": {"direct": ["DRUG_CENTRAL", "OPEN_TARGETS"]}, "highest_clinical_trial_phase": 2.0},
            "studied_for",
        ),
    ],
)
def test_an_indication_only_where_the_graph_says_approved(tmp_path: Path, properties: Any, relation: str) -> None:
    _, edges = read_graph(write(tmp_path / "g", NODES, [("CHEMBL25", "MONDO_1", "DRG-DIS", "INDICATION", properties)]))
    assert [name for name, _ in edges.relation_names] == [relation]


@pytest.mark.parametrize("relation", ["PHENOTYPE_PRESENT", "PHENOTYPE_ABSENT"])
def test_a_finding_that_is_absent(tmp_path: Path, relation: str) -> None:
    absent = ("MONDO_1", "HP_1", "DIS-PHE", relation, {"qualifier_not": True})
    _, edges = read_graph(write(tmp_path / "g", NODES, [absent]))
    assert edges.relation_names == [("disease_phenotype_negative", "phenotype absent")]


def test_edges_below_the_score_are_left_out_and_counted(tmp_path: Path) -> None:
    no_score = ("MONDO_1", "ENSG1", "DIS-GEN", "ASSOCIATED_WITH", {})
    folder = write(tmp_path / "g", NODES, [*EDGES, no_score])
    whole, cut = (KG.load(folder, min_edge_score=score) for score in (0.0, 0.2))
    assert cut.edges.left_out == {"DIS-GEN edges with a score below 0.2": 1, "DIS-GEN edges without a score, at the least score 0.2": 1}  # fmt: skip
    assert (whole.edge_count, cut.edge_count, whole.edges.left_out) == (10, 9, {})
    assert whole.digest != cut.digest and whole.path != cut.path
    assert KG.load(folder, min_edge_score=0.15).edge_count == 10


def test_what_no_line_of_the_table_names_is_counted_and_never_said(tmp_path: Path) -> None:
    strange = [
        ("CHEMBL25", "MONDO_1", "DRG-DIS", "OTHER", {}),
        ("CHEMBL25", "MONDO_1", "FOO-BAR", "INDICATION", {}),
        ("CHEMBL25", "UBERON_1", "DRG-DIS", "INDICATION", {}),
    ]
    _, edges = read_graph(write(tmp_path / "g", NODES, [*EDGES, *strange]))
    assert sorted(edges.left_out) == [
        "DRG-DIS edges of the relation 'INDICATION', between nodes of DRG-ANA, which kg/relations/optimuskg.tsv does not have",
        "DRG-DIS edges of the relation 'OTHER', which kg/relations/optimuskg.tsv does not have",
        "edges of the label 'FOO-BAR', which kg/relations/optimuskg.tsv does not have",
    ]
    assert len(edges.pair) == 10


NODE, EDGE = NODES[0], EDGES[0]


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        ([*NODES, ("X", "FOO", {"name": "x"})], EDGES, r"nodes\.parquet, row 8: unknown label 'FOO' of X; expected one of GEN"),
        ([*NODES, NODE], EDGES, r"nodes\.parquet, row 8: found the id 'CHEMBL25' again, as in row 1; expected an id of its own"),
        ([("X", "DIS", {"name": " "}), *NODES], EDGES, r"nodes\.parquet, row 1: X has no name that can be shown; expected one"),
        ([("X", "DIS", '{"name"'), *NODES], EDGES, r"nodes\.parquet, row 1 \(X\): column properties is no JSON .*found '{\"name\"', expected"),
        ([("X", "DIS", "[1]"), *NODES], EDGES, r"row 1 \(X\): column properties has '\[1\]'; expected a JSON object"),
        ([("X", "DIS", {"name": 7}), *NODES], EDGES, r"row 1 \(X\): property name has 7; expected a text"),
        ([("X", "DIS", '{"name": "\\ud800"}'), *NODES], EDGES, r"row 1 \(X\): property name has .*expected Unicode text"),
        (NODES, [*EDGES, ("NO", *EDGE[1:])], r"edges\.parquet, row 11: from is 'NO'; expected the id of a node"),
        (NODES, [EDGE, (*EDGE[:4], "null {}")], r"edges\.parquet, row 2 \(CHEMBL25 to ENSG1\): column properties is no JSON"),
        (NODES, [(*EDGES[5][:4], '{"evidence_score": NaN}')], r"row 1 .*NaN is no JSON number"),
        (NODES, [(*EDGES[5][:4], {"evidence_score": "high"})], r"row 1 .*property evidence_score has 'high'; expected a finite number"),
        (NODES, [(*EDGE[:4], {"sources": ["x"]})], r"row 1 .*property sources has \['x'\]; expected an object"),
        (NODES, [("CHEMBL25", "MONDO_1", "DRG-DIS", "OTHER", {})], r"edges\.parquet has no edge that is read; left out: .*OTHER"),
        ([], EDGES, r"nodes\.parquet has no row"),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_where(tmp_path: Path, nodes: Any, edges: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        read_graph(write(tmp_path / "g", nodes, edges))


def test_missing_columns_other_types_and_torn_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "g")
    file = folder / "edges.parquet"
    table = pyarrow.parquet.read_table(file)
    for changed, message in (
        (table.drop_columns(["properties"]), r"edges\.parquet has 0 columns properties; found \['from'"),
        (table.set_column(5, "properties", pa.array([{"a": 1}] * 10)), r"column properties is struct<.*expected text"),
    ):
        pyarrow.parquet.write_table(changed, file)
        with pytest.raises(GraphError, match=message):
            read_graph(folder)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(GraphError, match=r"edges\.parquet cannot be read as a graph: .*expected a complete parquet file"):  # fmt: skip
        read_graph(folder)
    file.unlink()
    with pytest.raises(GraphError, match=r"has no edges\.parquet; expected OptimusKG's"):
        read_graph(folder)


def test_the_files_of_the_largest_component_are_read_by_the_name_of_the_nodes(tmp_path: Path) -> None:
    folder = write(tmp_path / "g")
    for name in ("nodes.parquet", "edges.parquet"):
        (folder / name).rename(folder / f"largest_connected_component_{name}")
    assert KG.load(f"optimuskg:{folder / 'largest_connected_component_nodes.parquet'}", min_edge_score=0.0).edge_count == 10  # fmt: skip


def test_every_meaning_has_a_wording() -> None:
    assert {(ours, display) for *_, ours, display in read_table("optimuskg.tsv")} <= PHRASES.keys()


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.5, float("inf")])
def test_a_score_that_is_none(tmp_path: Path, score: float) -> None:
    with pytest.raises(GraphError, match=r"found --min-edge-score \S+; expected a number from 0 to 1"):
        KG.load(write(tmp_path / "g"), min_edge_score=score)


def test_where_the_score_is_said_and_where_it_is_not(tmp_path: Path) -> None:
    folder = write(tmp_path / "g")
    assert KG.load(folder).digest == KG.load(folder, min_edge_score=0.2).digest == KG.load(f"{folder}#min_edge_score=0.2").digest  # fmt: skip
    assert KG.load(folder, min_edge_score=0.0).edge_count == KG.load(f"{folder}#min_edge_score=0").edge_count == 10
    assert KG.load(f"{folder}#min_edge_score=0.9", min_edge_score=0.0).edge_count == 10
    for name, message in ((f"{folder}#min_edge_score=x", "found #min_edge_score=x after the path"), ("sample#min_edge_score=0.5", "a graph in the format primekg")):  # fmt: skip
        with pytest.raises(GraphError, match=message):
            KG.load(name)


def test_an_action_on_a_target_counts_as_a_target(tmp_path: Path) -> None:
    kg = KG.load(write(tmp_path / "g"))
    pair = {"from": 0, "to": 1, "total": 1, "paths": [[0, 1]]}
    assert path_facts(kg, [[pair]])["target"].tolist() == [1.0]
