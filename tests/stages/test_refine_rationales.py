"""Easy questions keep their best; the others are rewritten and verified again, with one more round, and then rejected."""

from collections.abc import Callable
from typing import Any

import pytest

from dataset_builder.llm.model import LLM, Answer, Request
from dataset_builder.stages.refine_rationales import refine_rationales
from tests.support.converse import converse
from tests.support.rationales import QUESTION, batch, candidate, judged, rationale, verdict

NOTE = "the needles are taken for calcium pyrophosphate, and so gout for its imitator"
GOOD = rationale(steps="1. Anew: urate.")
DRAFTS = [rationale(steps="draft one"), rationale("B"), rationale(steps="draft two"), rationale("C")]


def ranked(*numbers: int) -> list[dict]:
    return [{"candidate": i, "score": 50.0, "kept": True, "reason": "so"} for i in numbers]


def refine(
    edit: Callable[[Request], str | Answer],
    tier: str = "medium",
    ranking: list[dict] | None = None,
    judge: Callable[[Request], str | Answer] = lambda r: judged("right"),
    **more: Any,
) -> tuple[dict[str, Any], list[Request]]:
    columns = {
        "candidates": [candidate(text, model) for text, model in zip(DRAFTS, "abab", strict=True)],
        "verdicts": [
            verdict("right", "fine as it is"),
            verdict("wrong", NOTE),
            verdict("right"),
            verdict("wrong", NOTE),
        ],
        "tier": tier,
        "ranking": ranked(0, 2) if ranking is None else ranking,
    }
    stage = refine_rationales.using(editor=LLM("editor"), llm=LLM("judge"), votes=1, rounds=2)
    found, requests = converse(
        stage, batch(**columns, **more), lambda r: edit(r) if r.llm.model == "editor" else judge(r)
    )
    return {name: values[0] for name, values in found.items()}, requests


def prompts(requests: list[Request], model: str = "editor") -> list[str]:
    return [r.messages[0]["content"] for r in requests if r.llm.model == model]


def test_easy_questions_keep_the_best_as_they_are() -> None:
    row, requests = refine(lambda r: GOOD, "easy")
    assert requests == [] and row["refined"] == []
    assert [(r["text"], r["model"], r["rounds"]) for r in row["rationales"]] == [
        (DRAFTS[0], "a", 0),
        (DRAFTS[2], "a", 0),
    ]


def test_medium_ones_are_repaired_with_the_errors_of_the_wrong_ones_and_judged_again() -> None:
    row, requests = refine(
        lambda r: rationale(steps="1. Anew: " + ("one" if "draft one" in r.messages[0]["content"] else "two"))
    )
    assert len(prompts(requests)) == 2 and len(prompts(requests, "judge")) == 2
    for prompt in prompts(requests):
        assert prompt.count(NOTE) == 1 and "fine as it is" not in prompt, (
            "each error once, and no reason of a right one"
        )
        assert "<target>" not in prompt, "the draft ends with the answer; nobody need be told it"
    assert [(r["candidate"], r["model"], r["rounds"], r["verdict"]["label"]) for r in row["rationales"]] == [
        (0, "editor", 1, "right"),
        (2, "editor", 1, "right"),
    ]
    assert [attempt["fault"] for attempt in row["refined"]] == [None, None]


def test_difficult_ones_without_a_right_draft_are_written_anew() -> None:
    row, [editor, _] = refine(lambda r: GOOD, "difficult", ranking=[])
    assert (
        "<target>\nA. Gout\n</target>" in editor.messages[0]["content"]
        and "<draft>" not in editor.messages[0]["content"]
    )
    assert [(r["candidate"], r["text"]) for r in row["rationales"]] == [(None, GOOD)]
    row, [editor, _] = refine(lambda r: GOOD, "difficult", ranking=ranked(2))
    assert "<draft>\ndraft two" in editor.messages[0]["content"] and row["rationales"][0]["candidate"] == 2


@pytest.mark.parametrize(
    ("bad", "code", "told"),
    [
        (rationale("B"), "wrong_answer", "it ends with B, which is not the answer"),
        (rationale(steps="As the error notes say, urate."), "leaked_answer", "error notes"),
        (rationale(steps="The gold answer is gout."), "leaked_answer", '"gold answer"'),
        (rationale(steps=f"Some say that {NOTE}."), "leaked_answer", "taken for calcium pyrophosphate"),
        (rationale(steps="It is so in 83.7 % of cases."), "unsupported_claim", '"83.7 %"'),
        (rationale(steps="It is so (Miller 2014)."), "unsupported_claim", '"(Miller 2014)"'),
        ("Sure! Here is the JSON: {", "unjudged", "no final answer can be read"),
    ],
)
def test_a_fault_is_told_once_and_then_rejects_the_row(bad: str, code: str, told: str) -> None:
    row, requests = refine(lambda r: GOOD if len(r.messages) > 1 else bad, ranking=ranked(0))
    assert row["rejected_because"] is None and row["rationales"][0]["rounds"] == 2
    assert told in requests[1].messages[-1]["content"]
    assert row["refined"][0]["fault"].startswith(code) and row["refined"][1]["fault"] is None
    row, requests = refine(lambda r: bad, ranking=ranked(0))
    assert row["rejected_because"] == code and row["rationales"] is None
    assert len(row["refined"]) == 2 and len(prompts(requests)) == 2, "one more round, not another"
    assert "still after 2 rounds of refinement: " in row["rejected_detail"]


def test_still_wrong_by_the_judge_is_told_and_rejected() -> None:
    row, requests = refine(lambda r: GOOD, ranking=ranked(0), judge=lambda r: judged("wrong", "urate is no calcium"))
    assert row["rejected_because"] == "wrong_answer" and "urate is no calcium" in row["rejected_detail"]
    assert (
        "An examiner found: urate is no calcium"
        in next(r for r in requests if len(r.messages) > 1).messages[-1]["content"]
    )


def test_one_of_two_may_fail_and_two_equal_texts_are_one() -> None:
    row, _ = refine(lambda r: GOOD if "draft one" in r.messages[0]["content"] else rationale("C"))
    assert row["rejected_because"] is None and [r["candidate"] for r in row["rationales"]] == [0]
    row, _ = refine(lambda r: GOOD)
    assert len(row["rationales"]) == 1


def test_a_failed_editor_rejects_and_a_spent_budget_is_one() -> None:
    row, _ = refine(lambda r: Answer(r, "", "llm_failed", "cut"))
    assert row["rejected_because"] == "llm_failed" and "cut" in row["rejected_detail"]
    row, _ = refine(lambda r: Answer(r, "", "over_budget", "cap"))
    assert row["rejected_because"] == "over_budget"


def test_a_number_of_the_paths_is_supported() -> None:
    hop = [{"relation": "x", "display_relation": "found in 83.7%", "direction": "forward", "statement": "s"}]
    path = {"names": ["urate", "joint"], "hops": [hop]}
    text = rationale(steps="It is found in 83.7% of joints.")
    assert refine(lambda r: text, ranking=ranked(0), paths=[path])[0]["rejected_because"] is None
    assert refine(lambda r: text, ranking=ranked(0))[0]["rejected_because"] == "unsupported_claim"


def test_what_the_question_says_may_be_repeated() -> None:
    text = rationale(steps=str(QUESTION["question"]))
    assert refine(lambda r: text, ranking=ranked(0))[0]["rejected_because"] is None
