"""The knowledge graph as stages see it."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from datasets.fingerprint import Hasher

from kg import KG, GraphError
from kg.contents import NODE_TYPES
from kg.readers.primekg import read_graph

EDGES = (
    "Colchicine drug | indication | gout disease",
    "Colchicine drug | contraindication | gout disease",
    "Colchicine drug | drug_protein: target | TUBB gene/protein",
    "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
)


def test_describe_gives_names_types_and_every_relation_of_every_hop(make_kg) -> None:
    kg = make_kg(*EDGES)
    podagra, gout, colchicine = 3, 1, 0
    evidence = kg.describe([podagra, gout, colchicine])
    assert evidence["names"] == ["Podagra", "gout", "Colchicine"]
    assert evidence["types"] == ["effect/phenotype", "disease", "drug"]
    assert [[relation["relation"] for relation in hop] for hop in evidence["hops"]] == [
        ["disease_phenotype_positive"],
        ["contraindication", "indication"],
    ]
    assert evidence["hops"][1][1] == {
        "relation": "indication",
        "display_relation": "indication",
        "direction": "backward",
        "statement": "Colchicine is indicated for gout",
    }


def test_degree_counts_neighbours_not_relations(make_kg) -> None:
    kg = make_kg(*EDGES)
    assert kg.degrees(kg.nodes.index).tolist() == [2, 2, 1, 1]
    assert kg.edge_count == 3


def test_neighbours_are_nodes_in_order(make_kg) -> None:
    kg = make_kg(
        "b drug | indication | a disease", "b drug | contraindication | a disease", "c drug | indication | a disease"
    )
    assert [kg.neighbors(node).tolist() for node in (0, 1, 2)] == [[1], [0, 2], [1]]


def test_no_edge_and_no_node_are_named(make_kg) -> None:
    kg = make_kg(*EDGES)
    with pytest.raises(KeyError, match="no edge between 0 and 3"):
        kg.describe([0, 3])
    with pytest.raises(KeyError, match="has no node 99"):
        kg.name_of(99)


def test_a_kg_is_a_value_that_follows_the_files_content(make_kg) -> None:
    kg = make_kg(*EDGES)
    assert kg.nodes.name  # opened: and still the same value
    assert pickle.loads(pickle.dumps(kg)) == kg
    before = Hasher.hash(kg)
    other = make_kg(*EDGES[:3])
    assert Hasher.hash(other) != before
    assert other.nodes.name == ["Colchicine", "gout", "TUBB"]


def test_an_unknown_graph_is_told_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(
        GraphError, match=r"there is no graph 'smaple': expected one of sample, primekg, hpo, or the path of a \.csv"
    ):
        KG.load("smaple")


def test_same_name_sees_through_spelling(make_kg) -> None:
    kg = make_kg(
        "hypertension disease | disease_phenotype_positive: phenotype present | Hypertensions effect/phenotype",
        "Gout disease | x | hypertension disease",
    )
    assert kg.same_name(0, 1)
    assert not kg.same_name(0, 2)


def test_the_sample_graph_is_what_it_promises() -> None:
    kg = KG.load("sample")
    assert kg.name == "sample"
    assert len(kg.nodes.index) >= 250
    assert kg.edge_count >= 900
    assert set(kg.nodes.type) == set(NODE_TYPES)
    assert kg.nodes.index.tolist() == list(range(len(kg.nodes.index)))


def test_hops_that_only_state_a_negative(make_kg) -> None:
    kg = make_kg(*EDGES, "Aspirin drug | contraindication | gout disease")
    froms, tos = np.array([0, 1, 4, 3, 2]), np.array([1, 0, 1, 1, 3])
    # both relations; the same backwards; only the contraindication; another relation; no edge at all
    assert kg.hops_with_only(frozenset({"contraindication"}), froms, tos).tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_edges_are_found_whichever_way_and_absent_ones_are_not(make_kg) -> None:
    edges = read_graph(Path(make_kg(*EDGES).path))[1]
    assert edges.find(np.array([0, 1, 0, 3]), np.array([1, 0, 3, 3])).tolist() == [0, 0, -1, -1]


def test_names_that_contain_each_other_and_twins(make_kg) -> None:
    kg = make_kg(
        "asthma disease | disease_phenotype_positive: phenotype present | Asthma effect/phenotype",
        "allergic asthma disease | disease_phenotype_positive: phenotype present | Cough effect/phenotype",
    )
    nodes = {(kg.type_of(int(i)), kg.name_of(int(i))): int(i) for i in kg.nodes.index}
    asthma, phenotype = nodes["disease", "asthma"], nodes["effect/phenotype", "Asthma"]
    assert kg.contains_name(asthma, nodes["disease", "allergic asthma"])
    assert not kg.contains_name(asthma, nodes["effect/phenotype", "Cough"])
    assert kg.twin_key(asthma) == kg.twin_key(phenotype) != kg.twin_key(nodes["disease", "allergic asthma"])
