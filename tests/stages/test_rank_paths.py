"""Which paths are kept: short ones, past hubs, between different ends, and only between ends that explain something."""

from pathlib import Path

import pytest

from dataset_builder.stages.rank_paths import rank_paths
from tests.support import mechanisms


def rank(kg, *pairs: tuple[int, int], keep: int = 3, max_hops: int = 4, min_relevance: float = 0, **row):
    """Rank all shortest paths of these pairs; the answer "x" names every node they end in, unless the row says otherwise."""
    results = kg.shortest_paths(pairs)
    candidates = [
        {"from": s, "to": t, "distance": r.distance, "total": r.total, "paths": [list(p) for p in r.paths]}
        for (s, t), r in zip(pairs, results, strict=True)
    ]
    named = [{"mention": 0, "node": t} for _, t in pairs]
    texts = {"question": "Why?", "context": None, "answer": "x", "answer_type": "choice", "gold_text": "x"}
    row = texts | {"mentions": [{"place": "answer", "end": 1}], "nodes": named} | row
    batch = {column: [value] for column, value in (row | {"candidate_paths": candidates}).items()}
    return rank_paths(batch, kg=kg, keep=keep, max_hops=max_hops, min_relevance=min_relevance)


def test_past_the_hub(make_kg) -> None:
    hub = [f"HUB gene/protein | disease_protein: associated with | other{i} disease" for i in range(20)]
    edges = [f"a disease | disease_protein: associated with | {g} gene/protein" for g in ("HUB", "QUIET")]
    edges += [f"b disease | disease_protein: associated with | {g} gene/protein" for g in ("HUB", "QUIET")]
    kg = make_kg(*edges, *hub)
    paths = rank(kg, (0, 3))["paths"][0]
    assert [path["names"][1] for path in paths] == ["QUIET", "HUB"]
    assert paths[0]["score"] > paths[1]["score"]
    assert (paths[0]["length"], paths[0]["total"]) == (2, 2)


def test_a_contraindication_comes_last(make_kg) -> None:
    kg = make_kg(
        "a disease | contraindication | Bad drug", "b disease | contraindication | Bad drug",
        "a disease | indication | Good drug", "b disease | indication | Good drug",
    )  # fmt: skip
    assert [path["names"][1] for path in rank(kg, (0, 2))["paths"][0]] == ["Good", "Bad"]


def test_a_target_comes_before_an_enzyme(make_kg) -> None:
    """What a drug acts on says why it helps; what breaks it down does not. Nothing else tells the two ways apart."""
    kg = make_kg(
        "D drug | drug_protein: enzyme | E gene/protein", "a disease | disease_protein: associated with | E gene/protein",
        "D drug | drug_protein: target | T gene/protein", "a disease | disease_protein: associated with | T gene/protein",
    )  # fmt: skip
    assert [path["names"][1] for path in rank(kg, (0, 2))["paths"][0]] == ["T", "E"]


def test_a_shared_use_comes_after_a_shared_target(make_kg) -> None:
    hub = [f"T gene/protein | protein_protein: ppi | other{i} gene/protein" for i in range(20)]
    kg = make_kg(
        "D drug | indication | a disease", "F drug | indication | a disease",
        "D drug | drug_protein: target | T gene/protein", "F drug | drug_protein: target | T gene/protein", *hub,
    )  # fmt: skip
    assert [path["names"][1] for path in rank(kg, (0, 2))["paths"][0]] == ["T", "a"]


def test_other_ends_come_before_a_second_way_between_the_same(make_kg) -> None:
    ways = [
        f"{end} disease | disease_protein: associated with | {g} gene/protein"
        for g in ("G1", "G2", "G3")
        for end in ("a", "b")
    ]
    kg = make_kg(
        *ways,
        "c disease | disease_protein: associated with | G4 gene/protein",
        "b disease | disease_protein: associated with | G4 gene/protein",
    )
    a, b, c = 0, 2, 5
    starts = [path["names"][0] for path in rank(kg, (a, b), (c, b))["paths"][0]]
    assert sorted(starts[:2]) == ["a", "c"]


@pytest.mark.parametrize(
    ("edges", "detail"),
    [
        (
            ["liver anatomy | anatomy_protein_present: expression present | ALB gene/protein"],
            "ends in anatomy (liver)",
        ),
        (["Oxygen drug | indication | hypoxia disease"], "ends in a laboratory chemical (Oxygen)"),
        (
            ["hypertension disease | disease_phenotype_positive: phenotype present | Hypertension effect/phenotype"],
            "both ends are called hypertension",
        ),
    ],
)
def test_ends_that_explain_nothing(make_kg, edges: list[str], detail: str) -> None:
    result = rank(make_kg(*edges), (0, 1))
    assert result["rejected_because"] == ["no_usable_path"]
    assert detail in result["rejected_detail"][0]


def test_too_long(make_kg) -> None:
    chain = [f"d{i} disease | disease_disease: parent-child | d{i + 1} disease" for i in range(5)]
    kg = make_kg(*chain)
    assert rank(kg, (0, 4))["rejected_because"] == [None]
    result = rank(kg, (0, 5))
    assert (result["paths"], result["rejected_because"]) == ([[]], ["no_usable_path"])
    assert "5 hops, more than 4" in result["rejected_detail"][0]


def test_the_order_of_pairs_changes_nothing(make_kg) -> None:
    kg = make_kg(
        *(f"{end} disease | disease_protein: associated with | G{g} gene/protein" for g in range(4) for end in "abc")
    )
    a, b, c = (kg.nodes.name.index(name) for name in "abc")
    assert rank(kg, (a, b), (c, b), keep=4)["paths"] == rank(kg, (c, b), (a, b), keep=4)["paths"]


def test_a_path_without_a_new_hop_is_not_kept(make_kg) -> None:
    kg = make_kg(
        "Drugx drug | indication | a disease", "a disease | disease_protein: associated with | G gene/protein"
    )
    drug, a, gene = 0, 1, 2
    kept = rank(kg, (drug, a), (a, drug), (a, gene), (drug, gene))["paths"][0]
    assert [path["nodes"] for path in kept] == [[drug, a], [a, gene]]


def test_an_end_in_the_explanation_is_not_the_answer_but_stands_for_a_yes_or_no(make_kg) -> None:
    kg = make_kg("gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype")
    explained = [{"place": "answer", "end": 30}]
    result = rank(kg, (1, 0), mentions=explained)
    assert result["rejected_because"] == ["no_usable_path"]
    assert result["rejected_detail"] == ["1 connected pairs: ends in the explanation, not in the answer"]
    assert rank(kg, (1, 0), mentions=explained, answer="yes", answer_type="yes/no/maybe")["rejected_because"] == [None]


def test_a_specific_end_comes_before_one_that_everything_has(make_kg) -> None:
    common = [
        f"Pain effect/phenotype | disease_phenotype_positive: phenotype present | d{i} disease" for i in range(20)
    ]
    kg = make_kg(
        "gout disease | disease_phenotype_positive: phenotype present | Pain effect/phenotype",
        "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
        *common,
    )
    gout, pain, podagra = 0, 1, 2
    assert [path["names"][0] for path in rank(kg, (pain, gout), (podagra, gout))["paths"][0]] == ["Podagra", "Pain"]


@pytest.mark.slow
def test_curated_mechanisms_are_kept(shared_data: Path) -> None:
    counts = mechanisms.report(shared_data / "primekg")
    assert (counts["lie in the subset"], counts["are a shortest path"]) == (340, 208)
    assert counts["kept among 3"] >= 207
    assert counts["kept first"] >= 200  # 199 before targets were told from enzymes, and shared uses weighed down


def test_with_a_threshold_the_most_relevant_come_first_and_others_not_at_all(make_kg) -> None:
    kg = make_kg(
        "a disease | disease_protein: associated with | T gene/protein", "D drug | drug_protein: target | T gene/protein",
        "a disease | contraindication | Bad drug", "Bad drug | has a link with | D drug",
    )  # fmt: skip
    a, drug = (kg.nodes.name.index(name) for name in "aD")
    every = rank(kg, (a, drug))["paths"][0]
    best, worst = sorted(every, key=lambda path: -path["relevance"])
    assert [path["names"][1] for path in (best, worst)] == ["T", "Bad"]
    between = (best["relevance"] + worst["relevance"]) / 2
    assert rank(kg, (a, drug), min_relevance=between)["paths"] == [[best]]
    assert rank(kg, (a, drug), min_relevance=1)["paths"] == [
        [best]
    ]  # none reaches it: the best is shown, and gate_paths rejects


def test_with_a_threshold_twins_count_once(make_kg) -> None:
    """The graph has one concept as a disease and as a phenotype: two paths that say the same."""
    kg = make_kg(
        "D drug | indication | asthma disease", "D drug | indication | Asthma effect/phenotype",
        "D drug | drug_protein: target | T gene/protein",
        "E drug | indication | asthma disease", "E drug | indication | Asthma effect/phenotype",
        "E drug | drug_protein: target | T gene/protein",
    )  # fmt: skip
    d, e = (kg.nodes.name.index(name) for name in "DE")
    middles = {path["names"][1].lower() for path in rank(kg, (d, e), min_relevance=1e-9)["paths"][0]}
    assert middles == {"asthma", "t"}
    assert len(rank(kg, (d, e), min_relevance=1e-9)["paths"][0]) == 2
    assert len(rank(kg, (d, e))["paths"][0]) == 3
