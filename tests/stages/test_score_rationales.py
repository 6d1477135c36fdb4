"""Scores of 1 to 10 on four criteria, before and after refinement; what does not come is null, never 0."""

import json

import pytest

from dataset_builder.llm.model import LLM, Answer
from dataset_builder.stages.score_rationales import CRITERIA, drawn, score_rationales
from tests.support.converse import Reply, converse
from tests.support.rationales import batch, candidate, rationale


def said(*numbers: int) -> str:
    return json.dumps({"justification": "so", **dict(zip(CRITERIA, numbers, strict=True))})


def score(reply: Reply, rounds: int = 1, number: int | None = 0, share: float = 1.0):
    kept = [{"candidate": number, "model": "m", "text": rationale(), "rounds": rounds, "verdict": None}]
    columns = batch(candidates=[candidate(rationale(steps="the draft"))], rationales=kept)
    found, requests = converse(score_rationales.using(llm=LLM("judge"), share=share, seed=0), columns, reply)
    assert found["rejected_because"] == [None]
    return found["scores"][0][0], requests


def test_the_mean_of_four_before_and_after() -> None:
    now, requests = score(lambda r: said(5, 5, 6, 6) if "the draft" in r.messages[0]["content"] else said(9, 8, 10, 8))
    assert (now["score"], now["before"], now["factual_correctness"], now["justification"]) == (8.75, 5.5, 10, "so")
    assert len(requests) == 2 and all("Gout\n</" not in r.messages[0]["content"] for r in requests)


@pytest.mark.parametrize(("rounds", "number"), [(0, 0), (1, None)])
def test_what_was_not_repaired_has_no_before(rounds: int, number: int | None) -> None:
    now, requests = score(lambda r: said(9, 8, 10, 8), rounds, number)
    assert now["before"] is None and len(requests) == 1


@pytest.mark.parametrize("bad", ["no JSON", said(0, 5, 5, 5), said(5, 5, 5, 11)])
def test_a_score_that_cannot_be_is_asked_for_again_and_is_null_in_the_end(bad: str) -> None:
    now, _ = score(lambda r: said(5, 5, 5, 5) if len(r.messages) > 1 else bad, rounds=0)
    assert now["score"] == 5
    assert score(lambda r: bad, rounds=0)[0] is None


def test_a_failed_call_is_null() -> None:
    assert score(lambda r: Answer(r, "", "llm_failed", "cut"))[0] is None


def test_a_seeded_share_of_the_questions_is_scored() -> None:
    assert score(lambda r: said(5, 5, 5, 5), share=0.0) == (None, [])
    questions = [f"question {i}" for i in range(2000)]
    first = [q for q in questions if drawn(q, 0.25, 0)]
    assert 400 < len(first) < 600
    assert first == [q for q in questions if drawn(q, 0.25, 0)] != [q for q in questions if drawn(q, 0.25, 1)]
    assert set(first) <= {q for q in questions if drawn(q, 0.5, 0)}
