"""Nine samples per question, without the answer; one of them may fail, and one without a final answer is asked for again."""

from collections.abc import Callable
from typing import Any

from dataset_builder.llm.model import LLM, Answer, Request
from dataset_builder.stages.sample_rationales import sample_rationales
from tests.support.converse import converse
from tests.support.rationales import batch, rationale

WRITERS = tuple(LLM(name, top_p=0.9) for name in ("a", "b", "c"))
TEMPERATURES = (0.7, 0.9, 1.0)


def sample(
    reply: Callable[[Request], str | Answer], writers: tuple[LLM, ...] = WRITERS, **more: Any
) -> tuple[dict[str, Any], list[Request]]:
    columns, requests = converse(
        sample_rationales.using(writers=writers, temperatures=TEMPERATURES), batch(**more), reply
    )
    return {name: values[0] for name, values in columns.items()}, requests


def test_every_writer_at_every_temperature_and_nobody_is_told_the_answer() -> None:
    row, requests = sample(lambda request: rationale())
    asked = {(r.llm.model, r.body["temperature"], r.body["top_p"]) for r in requests}
    assert asked == {(llm.model, t, 0.9) for llm in WRITERS for t in TEMPERATURES}
    assert len({r.key for r in requests}) == 9 and all(r.may_fail for r in requests)
    assert [(c["model"], c["temperature"]) for c in row["candidates"]] == [
        (w.model, t) for w in WRITERS for t in TEMPERATURES
    ]
    prompts = {r.messages[-1]["content"] for r in requests}
    told, _ = sample(lambda request: rationale(), answer="Pseudogout", answer_label="B")
    assert told["candidates"] == row["candidates"]
    assert len(prompts) == 1 and "Final answer: <letter>" in prompts.pop()


def test_a_writer_that_is_named_twice_gives_two_samples() -> None:
    _, requests = sample(lambda request: rationale(), writers=(WRITERS[0], WRITERS[0]))
    assert sorted(r.sample for r in requests) == [0, 0, 0, 1, 1, 1]


def test_one_of_nine_may_fail() -> None:
    def reply(request: Request) -> str | Answer:
        return Answer(request, "", "llm_failed", "cut") if request.llm.model == "b" else rationale()

    row, _ = sample(reply)
    assert row["rejected_because"] is None
    assert [c["failure"] for c in row["candidates"]] == [None] * 3 + ["llm_failed: cut"] * 3 + [None] * 3


def test_where_none_comes_the_row_is_rejected_and_a_spent_budget_is_one() -> None:
    row, _ = sample(lambda request: Answer(request, "", "llm_failed", "cut"))
    assert row["rejected_because"] == "llm_failed" and "none of 9" in row["rejected_detail"]
    row, _ = sample(lambda request: Answer(request, "", "over_budget", "cap"))
    assert (row["rejected_because"], row["rejected_detail"]) == ("over_budget", "cap")


def test_a_text_without_a_final_answer_is_asked_for_once_more() -> None:
    row, requests = sample(lambda r: rationale() if len(r.messages) > 1 else "Sure! Here is the JSON: {")
    assert len(requests) == 18
    assert {c["text"] for c in row["candidates"]} == {rationale()}
    row, requests = sample(lambda r: "It could be gout or pseudogout. Final answer: A or B")
    assert len(requests) == 9, "several answers are read, and are wrong"
    assert row["rejected_because"] is None


def test_thoughts_are_cut_off_also_where_they_are_left_open() -> None:
    row, _ = sample(lambda r: f"<think>B? Final answer: B</think>\n{rationale()}")
    assert row["candidates"][0]["text"] == rationale()
    row, _ = sample(lambda r: "<think>It must be. Final answer: A")
    assert row["candidates"][0]["text"] is None and "thoughts" in row["candidates"][0]["failure"]


def test_an_open_question_is_rejected() -> None:
    row, requests = sample(lambda r: rationale(), options=[])
    assert row["rejected_because"] == "open_question" and requests == []


def test_grounded_writers_see_the_paths() -> None:
    hop = [{"relation": "x", "display_relation": "deposits in", "direction": "forward", "statement": "s"}]
    path = {"names": ["urate", "joint"], "hops": [hop]}
    _, requests = sample(lambda r: rationale(), paths=[path])
    assert "1. urate —deposits in→ joint" in requests[0].messages[-1]["content"]
    _, requests = sample(lambda r: rationale())
    assert "connections" not in requests[0].messages[-1]["content"]
