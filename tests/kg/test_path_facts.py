"""Facts about paths: shares of relations, ranks, and how surprising a connection is; the same numbers by plain code."""

import math

import numpy as np
import pytest

from kg.path_facts import DAMPING, FACTS, path_facts

EDGES = (
    "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
    "Colchicine drug | indication | gout disease",
    "Colchicine drug | contraindication | gout disease",
    "Colchicine drug | drug_protein: target | TUBB gene/protein",
    "Digoxin drug | contraindication | gout disease",
    "Digoxin drug | drug_protein: target | ATP1A1 gene/protein",
    "gout disease | disease_protein: associated with | TUBB gene/protein",
)


def node(kg, name: str) -> int:
    return int(kg.nodes.index[kg.nodes.name.index(name)])


def facts(kg, *paths: str, total: int = 1) -> dict[str, np.ndarray]:
    """Of paths that are written "a - b - c", each of a question of its own."""
    nodes = [[node(kg, name) for name in path.split(" - ")] for path in paths]
    return path_facts(kg, [[{"from": p[0], "to": p[-1], "total": total, "paths": [p]}] for p in nodes])


def test_relations_as_shares_and_flags(make_kg) -> None:
    found = facts(make_kg(*EDGES), "Podagra - gout", "Podagra - gout - Digoxin - ATP1A1", "gout - TUBB - Colchicine")
    assert found["hops"].tolist() == [1, 3, 2]
    assert found["presentation"].tolist() == [1, 0, 0]
    assert found["target"].tolist() == [0, 1 / 3, 1 / 2]
    assert found["disease_gene"].tolist() == [0, 0, 1 / 2]
    assert found["negative"].tolist() == [0, 1, 0]


def test_a_hop_that_is_also_an_indication_is_not_negative(make_kg) -> None:
    assert facts(make_kg(*EDGES), "gout - Colchicine", "gout - Digoxin")["negative"].tolist() == [0, 1]


def test_a_treatment_and_two_targets(make_kg) -> None:
    """Drugs that act like one that is used for the disease."""
    kg = make_kg(*EDGES, "Vinblastine drug | drug_protein: target | TUBB gene/protein")
    found = facts(
        kg,
        "gout - Colchicine - TUBB - Vinblastine",
        "Vinblastine - TUBB - Colchicine - gout",
        "gout - Digoxin - ATP1A1",
    )
    assert found["treats_by_target"].tolist() == [1, 1, 0]
    assert found["treats_end"].tolist() == [0, 1, 0]
    assert found["target_fan"].tolist() == pytest.approx((found["target"] * found["fan_in"]).tolist())


def test_two_hops_between_diseases_and_genes(make_kg) -> None:
    kg = make_kg(*EDGES, "arthritis disease | disease_protein: associated with | TUBB gene/protein")
    assert facts(kg, "gout - TUBB - arthritis", "gout - TUBB")["genes_only"].tolist() == [1, 0]


def test_other_pairs_of_the_question(make_kg) -> None:
    """Podagra is nearer to gout than the gene is, and has the higher count; in another question it is no rival."""
    kg = make_kg(*EDGES)
    direct = {"from": 1, "to": 0, "total": 1, "paths": [[1, 0]]}
    gene, gout, digoxin = (node(kg, name) for name in ("ATP1A1", "gout", "Digoxin"))
    far = {"from": gene, "to": gout, "total": 1, "paths": [[gene, digoxin, gout]]}
    found = path_facts(kg, [[far, direct], [far], [direct, direct]])
    assert found["longer"].tolist() == [1, 0, 0, 0, 0]
    assert found["rivals"].tolist() == [1, 0, 0, 0, 0]


def test_ranks_are_shares_of_the_nodes_with_the_relation(make_kg) -> None:
    """Of the three nodes with a contraindication gout has two, the drugs one each."""
    found = facts(make_kg(*EDGES), "gout - Digoxin")
    assert found["fan_out"].tolist() == pytest.approx([math.log(1 / 3)])
    assert found["fan_in"].tolist() == [0]


def test_of_several_relations_the_rarest_counts(make_kg) -> None:
    assert facts(make_kg(*EDGES), "gout - Colchicine")["fan_out"].tolist() == [
        0
    ]  # one indication, two contraindications


def test_surprise_is_the_count_over_that_of_a_random_graph(make_kg) -> None:
    kg = make_kg(*EDGES)
    degree = {name: len({e for e in EDGES if name in e} - {EDGES[2]}) for name in kg.nodes.name}
    ends = sum(degree.values())
    between = sum(d ** (2 - DAMPING) for d in degree.values()) / ends
    found = facts(kg, "Podagra - gout - TUBB", total=3)["surprise"][0]
    expected = degree["Podagra"] * degree["TUBB"] / ends * between
    assert found == pytest.approx(math.log(3 * degree["gout"] ** -DAMPING / expected))


def test_no_path_and_no_such_hop(make_kg) -> None:
    kg = make_kg(*EDGES)
    assert {name: values.tolist() for name, values in path_facts(kg, []).items()} == {name: [] for name in FACTS}
    with pytest.raises(KeyError, match="no edge between"):
        facts(kg, "Podagra - Digoxin")
