"""Which paths a model keeps: by number, per pair of ends, relations shown; a path that is not there cannot be kept."""

import pytest

from dataset_builder.llm.model import LLM
from dataset_builder.stages.prune_paths import KeptPaths, fault, prune_paths
from tests.support.converse import converse

GENES = ("G1", "G2", "G3", "G4")
EDGES = tuple(f"{end} disease | disease_protein: associated with | {g} gene/protein" for g in GENES for end in "ab")
A, G1, B, G2, G3, G4 = range(6)


def pair(*middles: int, to: int = B) -> dict:
    return {"from": A, "to": to, "distance": 2, "total": 9, "paths": [[A, middle, to] for middle in middles]}


def prune(kg, pairs: list[dict], *replies: str, keep: int = 3, min_relevance: float = 0):
    said = iter(replies)
    batch = {"question": ["Why a?"], "context": [None], "answer": ["b"], "answer_type": ["open"], "gold_text": ["b."]}
    batch |= {"mentions": [[]], "nodes": [[]], "candidate_paths": [pairs]}
    stage = prune_paths.using(kg=kg, llm=LLM("m"), keep=keep, min_relevance=min_relevance)
    columns, requests = converse(stage, batch, lambda _: next(said))
    return {name: values[0] for name, values in columns.items()}, requests


def test_the_best_first_with_their_relations_shown(make_kg) -> None:
    row, requests = prune(make_kg(*EDGES), [pair(G1, G2, G3, G4)], '{"reason": "x", "numbers": [4, 1]}')
    assert [(path["names"][1], path["score"], path["length"], path["total"]) for path in row["paths"]] == [
        ("G4", 1, 2, 9),
        ("G1", 0.5, 2, 9),
    ]
    prompt = requests[0].messages[-1]["content"]
    assert "\n1. a —associated with— G1 —associated with— b\n2. a —associated with— G2" in prompt
    assert "Choose at most 3," in prompt
    assert "<question>\nWhy a?\n</question>\n<answer>\nb.\n</answer>" in prompt


def test_every_pair_is_a_question_of_its_own_and_a_small_one_none(make_kg) -> None:
    pairs = [pair(G1, G2), pair(G1, G2, G3, G4), pair(G4, G3, G2, G1)]
    row, requests = prune(make_kg(*EDGES), pairs, '{"reason": "", "numbers": []}', '{"reason": "", "numbers": [2]}')
    assert len(requests) == 2
    assert [(path["names"][1], path["score"]) for path in row["paths"]] == [("G1", None), ("G2", None), ("G3", 1)]


def test_more_than_were_asked_for_are_cut(make_kg) -> None:
    row, _ = prune(make_kg(*EDGES), [pair(G1, G2, G3, G4)], '{"reason": "", "numbers": [4, 3, 2, 1]}', keep=2)
    assert [path["names"][1] for path in row["paths"]] == ["G4", "G3"]


def test_nothing_kept_rejects(make_kg) -> None:
    row, _ = prune(make_kg(*EDGES), [pair(G1, G2, G3, G4)], '{"reason": "", "numbers": []}')
    assert (row["rejected_because"], row["paths"]) == ("no_usable_path", None)


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ([5], "there is no connection 5; the list goes from 1 to 4"),
        ([0], "there is no connection 0"),
        ([1, 1], "a number stands there twice"),
    ],
)
def test_an_invented_path_is_impossible(make_kg, numbers: list[int], complaint: str) -> None:
    assert complaint in (fault(KeptPaths(reason="", numbers=numbers), 4) or "")
    bad = f'{{"reason": "", "numbers": {numbers}}}'
    row, requests = prune(make_kg(*EDGES), [pair(G1, G2, G3, G4)], bad, '{"reason": "", "numbers": [1]}')
    assert (len(requests), row["rejected_because"]) == (2, None)
    row, _ = prune(make_kg(*EDGES), [pair(G1, G2, G3, G4)], bad, bad, bad)
    assert row["rejected_because"] == "bad_json"


def test_with_a_threshold_the_most_relevant_are_shown_first(make_kg) -> None:
    """G4 has many other diseases; without a threshold the order is that of the draw."""
    hub = [f"other{i} disease | disease_protein: associated with | G1 gene/protein" for i in range(9)]
    kg = make_kg(*EDGES, *hub)
    reply = '{"reason": "", "numbers": [4]}'
    drawn, _ = prune(kg, [pair(G1, G2, G3, G4)], reply)
    shown, _ = prune(kg, [pair(G1, G2, G3, G4)], reply, min_relevance=0.5)
    assert [row["paths"][0]["names"][1] for row in (drawn, shown)] == ["G4", "G1"]
    assert 0 < shown["paths"][0]["relevance"] < drawn["paths"][0]["relevance"] < 1
