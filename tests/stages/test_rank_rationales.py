"""The ranking depends on texts, grades and votes, never on the order of the candidates."""

import json
import random
from typing import Any

import pytest

from dataset_builder.llm.model import LLM, Answer, Request
from dataset_builder.stages.rank_rationales import SCALES, rank_rationales
from tests.support.converse import Reply, converse
from tests.support.rationales import batch, candidate, rationale, verdict

MODELS = ("a", "b", "c")
TEMPERATURES = (0.7, 0.9, 1.0)


def grades(score: int) -> str:
    return json.dumps({"reason": "so", **dict.fromkeys(SCALES, score)})


def rank(candidates: list[dict], verdicts: list[dict], reply: Reply, tier: str = "easy", votes: int = 1):
    stage = rank_rationales.using(llm=LLM("judge"), votes=votes, keep=2, near=3.0, seed=0)
    columns, requests = converse(stage, batch(candidates=candidates, verdicts=verdicts, tier=tier), reply)
    return columns["ranking"][0], requests


def nine(steps: str = "step") -> list[dict[str, Any]]:
    return [
        candidate(rationale(steps=f"{steps} {i}"), model, temperature)
        for i, (model, temperature) in enumerate((m, t) for m in MODELS for t in TEMPERATURES)
    ]


def kept(ranking: list[dict], candidates: list[dict]) -> list[tuple]:
    return [(candidates[r["candidate"]]["text"], r["score"]) for r in ranking if r["kept"]]


@pytest.mark.parametrize("scale", [1, 4, 100])  # on a coarse scale most grades tie
def test_permuting_the_candidates_never_changes_the_result(scale: int) -> None:
    draw = random.Random(scale)

    def reply(request: Request) -> str:  # a grade that the text alone decides
        return grades(hash(request.messages[-1]["content"]) % scale)

    for round_ in range(30):
        candidates = nine(f"step {round_}" + " more" * draw.randrange(3))
        verdicts = [verdict(draw.choice(("right", "right", "wrong")), votes=("right",)) for _ in candidates]
        ranking, _ = rank(candidates, verdicts, reply)
        order = draw.sample(range(9), 9)
        again, _ = rank([candidates[i] for i in order], [verdicts[i] for i in order], reply)
        texts = [(candidates[r["candidate"]]["text"], r["score"], r["kept"]) for r in ranking]
        assert [(candidates[order[r["candidate"]]]["text"], r["score"], r["kept"]) for r in again] == texts


def test_equal_texts_of_equal_models_do_not_depend_on_the_order_either() -> None:
    candidates = [candidate(rationale(), m, t) for m in MODELS for t in TEMPERATURES]
    ranking, _ = rank(candidates, [verdict("right")] * 9, lambda r: grades(50))
    backwards, _ = rank(candidates[::-1], [verdict("right")] * 9, lambda r: grades(50))
    first = [
        (candidates[r["candidate"]]["model"], candidates[r["candidate"]]["temperature"]) for r in ranking if r["kept"]
    ]
    last = [
        (candidates[8 - r["candidate"]]["model"], candidates[8 - r["candidate"]]["temperature"])
        for r in backwards
        if r["kept"]
    ]
    assert first == last and len(first) == 1, "no text is kept twice"


def by_steps(**scores: int) -> Reply:
    return lambda request: grades(next(v for k, v in scores.items() if f"{k} step" in request.messages[-1]["content"]))


def test_the_best_first_and_another_model_where_it_is_nearly_as_good() -> None:
    names = {"one": "a", "two": "a", "three": "b", "four": "c"}
    candidates = [candidate(rationale(steps=f"{name} step"), model) for name, model in names.items()]
    right = [verdict("right")] * 4
    ranking, requests = rank(candidates, right, by_steps(one=90, two=88, three=86, four=70))
    assert [r["score"] for r in ranking] == [90, 88, 86, 70] and len(requests) == 4
    assert [r["candidate"] for r in ranking if r["kept"]] == [0, 2], "86 of another model is as good as 88"
    ranking, _ = rank(candidates, right, by_steps(one=90, two=88, three=84, four=70))
    assert [r["candidate"] for r in ranking if r["kept"]] == [0, 1], "84 is not"


def test_ties_go_to_the_judges_agreement_then_to_the_length_near_the_median() -> None:
    texts = [rationale(steps="x " * n) for n in (1, 30, 31, 200)]
    candidates = [candidate(text, model) for text, model in zip(texts, "abcd", strict=True)]
    right = [verdict("right", votes=("right", "right", "right"))] * 4
    ranking, _ = rank(candidates, right, lambda r: grades(50), votes=3)
    assert {r["candidate"] for r in ranking if r["kept"]} == {1, 2}
    split = [*right[:3], verdict("right", votes=("right", "right", "wrong"))]
    ranking, _ = rank(candidates, [split[3], *right[1:]], lambda r: grades(50), votes=3)
    assert ranking[-1]["candidate"] == 0


def test_only_right_ones_are_graded_and_nobody_is_asked_where_there_is_no_choice() -> None:
    candidates = nine()
    ranking, requests = rank(
        candidates, [verdict("right")] * 2 + [verdict("wrong")] * 7, lambda r: grades(1), "medium"
    )
    assert requests == [] and [r["kept"] for r in ranking] == [True, True]
    assert {r["candidate"] for r in ranking} == {0, 1} and {r["score"] for r in ranking} == {None}
    ranking, requests = rank(
        candidates, [verdict("unjudged")] + [verdict("wrong")] * 8, lambda r: grades(1), "difficult"
    )
    assert ranking == requests == []


def test_a_grade_off_the_scale_is_asked_for_again_and_a_failed_one_ranks_last() -> None:
    candidates, right = nine()[:3], [verdict("right")] * 3
    ranking, requests = rank(candidates, right, lambda r: grades(50 if len(r.messages) > 1 else 101))
    assert len(requests) == 6 and {r["score"] for r in ranking} == {50}

    def reply(request: Request) -> str | Answer:
        fails = "step 0" in request.messages[-1]["content"]
        return Answer(request, "", "llm_failed", "cut") if fails else grades(0)

    ranking, _ = rank(candidates, right, reply)
    assert (ranking[-1]["candidate"], ranking[-1]["score"], ranking[-1]["kept"]) == (0, None, False)


def test_votes_are_averaged() -> None:
    ranking, _ = rank(nine()[:3], [verdict("right")] * 3, lambda r: grades(40 + 10 * r.sample), votes=3)
    assert {r["score"] for r in ranking} == {50}
