"""What the graph says of a rationale's sentences, and what becomes of the row."""

from typing import Any

import pytest

from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.stages import check_hops as module
from dataset_builder.stages.check_hops import check_hops
from kg import KG

READER = claim_reader("spacy")
EDGES = (
    "Colchicine drug | indication | gout disease",
    "Ibuprofen drug | contraindication | gastric ulcer disease",
    "Lesinurad drug | off-label use | hyperuricemia disease",
    "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
    "gout disease | disease_phenotype_negative: phenotype absent | Macroglossia effect/phenotype",
    "Colchicine drug | drug_protein: target | TUBB gene/protein",
    "Colchicine drug | drug_protein: enzyme | CYP3A4 gene/protein",
    "ABCG2 gene/protein | disease_protein: associated with | gout disease",
    "TUBB gene/protein | bioprocess_protein: interacts with | mitosis biological_process",
    "SCN5A gene/protein | anatomy_protein_absent: expression absent | skin anatomy",
    "Warfarin drug | indication | thrombosis disease",
    "Colchicine drug | drug_effect: side effect | Diarrhea effect/phenotype",
    "asthma disease | disease_phenotype_positive: phenotype present | Wheezing effect/phenotype",
)


@pytest.fixture
def kg(make_kg) -> KG:
    return make_kg(*EDGES)


def node(kg: KG, name: str) -> int:
    return int(kg.nodes.index[kg.nodes.name.index(name)])


def check(kg: KG, text: str | None, *path: str, reject: bool = False) -> dict[str, Any]:
    paths = [kg.describe([node(kg, name) for name in path])] if path else []
    batch = {"rationale": [text], "paths": [paths], "mentions": [[]], "nodes": [[]]}
    return {
        name: values[0]
        for name, values in check_hops.fn(batch, kg=kg, reader=READER, reject_contradicted=reject).items()
    }


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Colchicine is indicated for gout.", "supported"),
        ("People with gout can be given colchicine.", "supported"),
        ("Colchicine must not be given in gout.", "contradicted"),
        ("Gout is no indication for colchicine.", "contradicted"),
        ("Colchicine causes gout.", "unknown"),  # a drug can also cause what it is given for
        ("Colchicine does not interact with TUBB.", "contradicted"),
        ("Ibuprofen should be avoided in gastric ulcer.", "supported"),
        ("Gastric ulcer is treated with ibuprofen.", "contradicted"),
        ("Ibuprofen is not contraindicated in gastric ulcer.", "contradicted"),
        ("Lesinurad is used for hyperuricemia without being licensed for it.", "supported"),
        ("Lesinurad is useless in hyperuricemia.", "contradicted"),
        ("Podagra is a sign of gout.", "supported"),
        ("Macroglossia is absent in gout.", "supported"),
        ("Macroglossia is typical of gout.", "contradicted"),
        ("This patient has gout but no podagra was seen.", None),
        ("Gout is linked to ABCG2.", "supported"),
        ("ABCG2 plays no role in gout.", "contradicted"),
        ("SCN5A is expressed in the skin.", "contradicted"),
        ("SCN5A is absent from the skin.", "supported"),
        ("Colchicine is metabolised by CYP3A4.", "supported"),
        ("Colchicine is metabolised by TUBB.", "unknown"),
        ("Colchicine can lead to diarrhea.", "supported"),
        ("Colchicine never causes diarrhea.", "contradicted"),
        ("Warfarin is indicated for gout.", "unknown"),
        ("Does colchicine cause gout?", None),
        ("Colchicine, gout.", None),
        ("", None),
        (None, None),
    ],
)
def test_a_sentence_against_the_graph(kg: KG, text: str | None, verdict: str | None) -> None:
    row = check(kg, text)
    assert [c["verdict"] for c in row["hop_checks"]] == ([verdict] if verdict else [])


@pytest.mark.parametrize("text", ["Gout treats colchicine.", "Colchicine, in gout, is forbidden."])
def test_names_that_changed_places_and_unknown_wordings_are_read_where_the_hop_was_given(kg: KG, text: str) -> None:
    given = check(kg, text, "Colchicine", "gout")["hop_checks"]
    assert [c["verdict"] for c in given] == ["contradicted"]
    assert "contradicted" not in [c["verdict"] for c in check(kg, text)["hop_checks"]]


def test_what_is_supposed_or_one_patient_s_is_shown_and_not_counted(kg: KG) -> None:
    row = check(kg, "The patient is treated with colchicine for gout. It is unclear whether colchicine treats gout.")
    assert [c["mode"] for c in row["hop_checks"]] == ["patient", "hedged"]
    assert {c["verdict"] for c in row["hop_checks"]} == {"unknown"}
    assert row["support"][0]["claims"] == 0 and row["support_share"] is None


def test_every_claim_says_where_it_stands(kg: KG) -> None:
    text = "First.\nColchicine treats gout. Podagra is a sign of gout."
    row = check(kg, text, "Colchicine", "gout", "Podagra")
    first, second = row["hop_checks"]
    assert text[first["start"] : first["end"]] == "Colchicine treats gout."
    assert text[second["to_start"] : second["to_end"]] == "Podagra"
    assert (second["from_name"], second["to_name"], second["by"]) == ("gout", "Podagra", "path")
    assert (first["stated"], first["negated"], first["graph"]) == (
        "indication",
        False,
        "Colchicine is indicated for gout",
    )
    [support] = row["support"]
    assert support == {
        "claims": 2, "supported": 2, "contradicted": 0, "off_path": 0, "unknown": 0, "hops": 2, "of": 2, "share": 1.0, "kept": True
    }  # fmt: skip
    assert row["support_share"] == 1.0


def test_a_path_on_a_line_is_read_arrow_by_arrow(kg: KG) -> None:
    text = "1. TUBB ←target— Colchicine —indication→ gout —phenotype present→ Podagra\n2. Macroglossia ←phenotype absent— gout"
    assert [c["verdict"] for c in check(kg, text)["hop_checks"]] == ["supported"] * 4
    swapped = check(kg, "TUBB ←target— Colchicine —contraindication→ gout")["hop_checks"]
    assert [c["verdict"] for c in swapped] == ["supported", "contradicted"]
    assert check(kg, "Podagra → gout → colchicine")["hop_checks"] == []


def test_a_contradiction_is_flagged_or_rejects_the_row(kg: KG) -> None:
    text = "Colchicine treats gout. Podagra never occurs in gout."
    kept = check(kg, text)
    [support] = kept["support"]
    assert kept["rejected_because"] is None and support["kept"] and support["contradicted"] == 1
    row = check(kg, text, reject=True)
    assert row["rejected_because"] == "contradicts_graph" and row["support"][0]["kept"] is False
    assert "characters 24 to 53: gout / Podagra: not phenotype present" in row["rejected_detail"]
    assert "the graph has: gout can present with Podagra" in row["rejected_detail"]
    assert [c["verdict"] for c in row["hop_checks"]] == ["supported", "contradicted"]
    assert kept["hop_checks"] == row["hop_checks"]


def test_a_relation_that_is_read_rightly_rejects_by_default(kg: KG, monkeypatch: pytest.MonkeyPatch) -> None:
    assert frozenset() == module.REJECTED_BY_DEFAULT
    flagged, stated = "Podagra never occurs in gout.", "Colchicine must not be given in gout."
    [claim] = check(kg, stated)["hop_checks"]
    monkeypatch.setattr(module, "REJECTED_BY_DEFAULT", frozenset([claim["stated"]]))
    first, second = check(kg, f"{flagged} {stated}"), check(kg, flagged)
    assert first["rejected_because"] == "contradicts_graph" and first["support"][0]["kept"] is False
    assert "Colchicine / gout: " in first["rejected_detail"]  # not the first contradiction, which is a flag
    assert second["rejected_because"] is None and second["support"][0]["kept"] is True


def test_another_end_than_the_path_s_is_off_path_and_goes_on(kg: KG) -> None:
    path = ("Colchicine", "gout", "Podagra")
    row = check(kg, "Colchicine treats asthma. Podagra is a sign of gout.", *path)
    assert [c["verdict"] for c in row["hop_checks"]] == ["off_path", "supported"]
    assert row["hop_checks"][0]["graph"] == "Colchicine is indicated for gout"
    assert row["rejected_because"] is None
    unheard = check(kg, "Colchicine meets asthma somehow. Podagra is a sign of gout.", *path)
    assert [c["verdict"] for c in unheard["hop_checks"]] == ["off_path", "supported"]
    said = check(kg, "Colchicine treats gout, and colchicine treats asthma.", *path)
    assert [c["verdict"] for c in said["hop_checks"]] == ["supported", "unknown"]
    assert [c["verdict"] for c in check(kg, "Colchicine treats asthma.")["hop_checks"]] == ["unknown"]


def test_the_row_s_own_words_name_its_nodes(kg: KG) -> None:
    paths = [kg.describe([node(kg, "Colchicine"), node(kg, "gout")])]
    mentions = [
        {"text": "the autumn crocus", "place": "question", "start": 0, "end": 3, "type": "drug", "negated": False}
    ]
    nodes = [
        {"mention": 0, "node": node(kg, "Colchicine"), "name": "x", "type": "drug", "method": "chosen", "score": 1.0}
    ]
    batch = {
        "rationale": ["The autumn crocus is used in gout."],
        "paths": [paths],
        "mentions": [mentions],
        "nodes": [nodes],
    }
    [found] = check_hops.fn(batch, kg=kg, reader=READER)["hop_checks"]
    assert [c["verdict"] for c in found] == ["supported"]


def test_of_several_rationales_only_the_contradicting_are_held_back(kg: KG) -> None:
    texts = ["Colchicine treats gout.", "Colchicine is useless in gout.", "Nothing is said."]
    rows = [[{"text": text} for text in texts], [{"text": texts[1]}]]
    out = check_hops.fn({"rationales": rows}, kg=kg, reader=READER, reject_contradicted=True)
    assert [[s["kept"] for s in support] for support in out["support"]] == [[True, False, True], [False]]
    assert out["rejected_because"] == [None, "contradicts_graph"]
    assert [c["rationale"] for c in out["hop_checks"][0]] == [0, 1]
    assert out["support_share"] == [0.5, 0.0]
    assert [s["share"] for s in out["support"][0]] == [1.0, 0.0, None]
    kept = check_hops.fn({"rationales": rows}, kg=kg, reader=READER)
    assert kept["rejected_because"] == [None, None] and all(s["kept"] for row in kept["support"] for s in row)
