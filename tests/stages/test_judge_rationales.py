"""The rule on the final answer comes first, then the judge; what cannot be judged is no error."""

import pytest

from dataset_builder.llm.model import LLM, Answer, Request
from dataset_builder.stages.judge_rationales import judge_rationales
from tests.support.converse import Reply, converse
from tests.support.rationales import batch, candidate, judged, rationale


def judge(reply: Reply, *texts: str | None, votes: int = 1):
    stage = judge_rationales.using(llm=LLM("judge"), votes=votes)
    columns, requests = converse(stage, batch(candidates=[candidate(text) for text in texts]), reply)
    assert columns["rejected_because"] == [None]
    return columns["verdicts"][0], requests


@pytest.mark.parametrize("end", ["B", "B. Pseudogout", "A or B", "**C**"])
def test_another_final_answer_is_wrong_and_no_judge_is_asked(end: str) -> None:
    [verdict], requests = judge(lambda r: judged("right"), rationale(end))
    assert verdict["label"] == "wrong" and verdict["by"].startswith("rule ") and requests == []
    assert "A" not in verdict["reason"].replace("Answer", "")  # an editor is shown it: no word of the right answer


def test_with_the_right_final_answer_the_judge_decides_at_temperature_0() -> None:
    [verdict], [request] = judge(lambda r: judged("wrong", "urate is not calcium"), rationale())
    assert (verdict["label"], verdict["by"], verdict["reason"]) == ("wrong", "judge", "urate is not calcium")
    assert request.body["temperature"] == 0.0
    prompt = request.messages[-1]["content"]
    assert "<right_answer>\nA. Gout\n</right_answer>" in prompt and rationale() in prompt
    assert judge(lambda r: judged("right"), rationale())[0][0]["label"] == "right"


@pytest.mark.parametrize("said", ['{"verdict": "right"', "Correct!", judged("maybe"), judged("unclear")])
def test_what_is_no_judgement_is_unjudged_never_wrong(said: str) -> None:
    [verdict], _ = judge(lambda r: said, rationale())
    assert verdict["label"] == "unjudged"


def test_a_failed_call_a_failed_sample_and_a_text_without_an_answer_are_unjudged() -> None:
    def fails(request: Request) -> Answer:
        return Answer(request, "", "llm_failed", "cut")

    verdicts, _ = judge(fails, rationale(), None, "Sure! Here is the JSON: {")
    assert [v["label"] for v in verdicts] == ["unjudged"] * 3


def test_a_spent_budget_rejects_the_row() -> None:
    stage = judge_rationales.using(llm=LLM("judge"), votes=1)
    said = converse(stage, batch(candidates=[candidate(rationale())]), lambda r: Answer(r, "", "over_budget", "cap"))
    assert said[0]["rejected_because"] == ["over_budget"]


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        (["right", "wrong", "right"], "right"),
        (["wrong", "wrong", "right"], "wrong"),
        (["right", "wrong", "unclear"], "unjudged"),
        (["right", "wrong"], "unjudged"),
        (["unclear", "unclear", "right"], "unjudged"),
    ],
)
def test_more_than_half_of_the_votes_decide(votes: list[str], label: str) -> None:
    [verdict], requests = judge(lambda r: judged(votes[r.sample]), rationale(), votes=len(votes))
    assert verdict["label"] == label and len(verdict["votes"]) == len(votes)
    assert len({r.key for r in requests}) == len(votes)


def test_the_words_of_a_reason_decide_nothing() -> None:
    [verdict], _ = judge(lambda r: judged("wrong", 'the verdict is "right": true, correct'), rationale())
    assert verdict["label"] == "wrong"
