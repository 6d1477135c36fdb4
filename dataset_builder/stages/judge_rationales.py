"""Give every sample a verdict: by the rule on its final answer, then by a judge with a schema (ReasonMed, verification)."""

from typing import TYPE_CHECKING, Any

from dataset_builder.llm.conversation import Conversation, Part, together
from dataset_builder.stage import Batch, rows_of, stage
from dataset_builder.text_checks.verdicts import Verdict, judge

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

NEEDS = "question context options answer answer_label answer_type candidates"


def in_all_tiers(batch: Batch, llm: "LLM", votes: int) -> dict[str, list[Any]]:
    """For an estimate: of nine samples three are wrong, then six, then eight, so that every tier has a third of the rows."""
    verdict = {"by": "guess", "reason": "guess", "answer": None, "votes": []}
    return {
        "verdicts": [
            [
                {"label": "wrong" if 9 * i < (3, 6, 8)[number % 3] * len(candidates) else "right"} | verdict
                for i in range(len(candidates))
            ]
            for number, candidates in enumerate(batch["candidates"])
        ]
    }


@stage(needs=NEEDS, adds="verdicts", asks="llm", guess=in_all_tiers)
def judge_rationales(batch: Batch, llm: "LLM", votes: int) -> list[Conversation]:
    """Rejects nothing: the stage `route` decides about the question from the verdicts."""
    return [_judge(row, llm, votes) for row in rows_of(batch)]


def _judge(row: dict[str, Any], llm: "LLM", votes: int) -> Conversation:
    verdicts = yield from together(_verdict(row, candidate, llm, votes) for candidate in row["candidates"])
    return {"verdicts": verdicts}


def _verdict(row: dict[str, Any], candidate: dict[str, Any], llm: "LLM", votes: int) -> Part[Verdict]:
    if candidate["text"] is None:
        return {"label": "unjudged", "by": "no text", "reason": candidate["failure"], "answer": None, "votes": []}
    return (yield from judge(row, candidate["text"], llm, votes))
