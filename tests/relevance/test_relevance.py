"""The relevance of a path: what the question says of its nodes, the published weights, and what makes a path more or less relevant."""

import re

import pytest

from dataset_builder.relevance import model
from dataset_builder.relevance.case import CASE_FACTS, Case, case_facts, case_of
from dataset_builder.relevance.model import FEATURES, about, published, relevance

EDGES = (
    "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
    "Colchicine drug | indication | gout disease",
    "Colchicine drug | drug_protein: target | TUBB gene/protein",
    "gouty arthritis disease | disease_protein: associated with | TUBB gene/protein",
    "Digoxin drug | contraindication | gout disease",
    "Digoxin drug | contraindication | sepsis disease",
)


def row(**more) -> dict:
    """A question about gout with the answer Colchicine; nodes by their index."""
    question = "A man with a history of gout; he has podagra. What helps?"
    mentions = [
        {"place": "question", "start": 24, "end": 28, "text": "gout", "negated": False},
        {"place": "question", "start": 37, "end": 44, "text": "podagra", "negated": False},
        {"place": "answer", "start": 0, "end": 10, "text": "Colchicine", "negated": False},
    ]
    nodes = [{"mention": 0, "node": 0}, {"mention": 1, "node": 1}, {"mention": 2, "node": 2}]
    about_it = {"question": question, "context": None, "gold_text": "Colchicine", "answer": "Colchicine"}
    return about_it | {"answer_type": "choice", "mentions": mentions, "nodes": nodes} | more


def facts(kg, case: Case, path: list[int]) -> dict[str, float]:
    return {name: values[0] for name, values in case_facts(kg, case, [path]).items()}


def test_what_the_first_sentence_and_the_answer_name() -> None:
    case = case_of(row())
    assert (case.first, case.explained) == ({0, 1}, {2})
    two = row(question="A man with a history of gout.  He has podagra. Why?")
    assert case_of(two).first == {0}


@pytest.mark.parametrize("flag", ["negated", "family"])
def test_what_does_not_count_is_not_named(flag: str) -> None:
    mentions = [m | {flag: m["text"] == "podagra"} for m in row()["mentions"]]
    assert case_of(row(mentions=mentions)).first == {0}


@pytest.mark.parametrize(("answer", "denied"), [("yes", False), ("no", True), ("maybe", True)])
def test_no_and_maybe_deny(answer: str, denied: bool) -> None:
    assert case_of(row(answer=answer, answer_type="yes/no/maybe")).denied == denied


def test_an_answer_that_ends_what_it_names() -> None:
    assert case_of(row(answer="Discontinuation of colchicine")).undone
    assert not case_of(row()).undone and not case_of(row(answer="yes", answer_type="yes/no/maybe")).undone


def test_a_finding_that_most_diseases_can_have(make_kg) -> None:
    kg = make_kg(
        "gout disease | disease_phenotype_positive: phenotype present | Fever effect/phenotype",
        "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
    )
    gout, fever, podagra = range(3)
    assert [facts(kg, case_of(row()), [start, gout])["common_sign"] for start in (fever, podagra)] == [1, 0]


def test_what_the_texts_say_of_the_nodes(make_kg) -> None:
    kg, case = make_kg(*EDGES), case_of(row())
    gout, podagra, colchicine, tubb, arthritis = range(5)
    told = facts(kg, case, [podagra, gout, colchicine])
    assert (told["first_sentence"], told["inside_explained"], told["twin_inside"]) == (1, 0, 0)
    assert told["inside_words"] > 0  # the text has "gout"
    assert facts(kg, case, [gout, colchicine])["inside_words"] == 0  # nothing is inside
    genes = facts(kg, case, [arthritis, tubb, colchicine])
    assert (genes["gene_inside"], genes["gene_end"], genes["inside_words"]) == (1, 0, 0)
    assert facts(kg, case, [gout, colchicine, tubb, arthritis])["alike"] == 1  # "gout" is in "gouty arthritis"


def test_an_own_disease_inside_is_more_relevant_than_a_contraindication(make_kg) -> None:
    kg = make_kg(*EDGES)
    gout, podagra, colchicine, _, _, digoxin, sepsis = range(7)
    direct = {"from": gout, "to": colchicine, "total": 1, "paths": [[gout, colchicine]]}
    inside = {"from": podagra, "to": colchicine, "total": 1, "paths": [[podagra, gout, colchicine]]}
    negative = {"from": podagra, "to": sepsis, "total": 1, "paths": [[podagra, gout, digoxin, sepsis]]}
    (found,) = relevance(kg, [case_of(row())], [[direct, inside, negative]])
    assert min(found[:2]) > found[2]
    assert all(0 < one < 1 for one in found)


def test_every_case_gets_its_own_numbers(make_kg) -> None:
    kg = make_kg(*EDGES)
    pair = {"from": 0, "to": 2, "total": 1, "paths": [[0, 2]]}
    case = case_of(row())
    found = relevance(kg, [case, case, case], [[pair], [], [pair, pair]])
    assert [len(one) for one in found] == [1, 0, 2]
    assert found[0][0] == found[2][1]
    assert relevance(kg, [], []) == []


def test_the_published_weights_belong_to_these_features(tmp_path, monkeypatch) -> None:
    assert len(published().weight) == len(FEATURES)
    told = about()
    assert re.fullmatch(r"[0-9a-f]{64}", told["graph_sha256"]) and told["calibrated_on"] and told["fitted"]
    broken = tmp_path / "weights.tsv"
    broken.write_text(model.WEIGHTS.read_text("utf-8").replace("\nhops\t", "\nhopes\t"), "utf-8")
    monkeypatch.setattr(model, "WEIGHTS", broken)
    with pytest.raises(ValueError, match=r"run `python -m benchmarks\.relevance fit`"):
        published.__wrapped__()


def test_the_facts_of_a_case_are_named(make_kg) -> None:
    assert set(case_facts(make_kg(*EDGES), case_of(row()), [])) == set(CASE_FACTS)
