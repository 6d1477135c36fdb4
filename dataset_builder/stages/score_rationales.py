"""Score the kept rationales from 1 to 10 on four criteria, before and after refinement (ReasonMed, score evaluation).

The published scorer needs exactly 3,000 rows and counts an unreadable reply as 0. Here any share of the questions is scored,
drawn by seed, and a missing score is null.
"""

import hashlib
import statistics
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, Part, Rejected, ask_json, together
from dataset_builder.prompt import QUESTION, Prompt
from dataset_builder.stage import Batch, rows_of, stage
from dataset_builder.text_checks.verdicts import prompt_variables

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

PROMPT = Prompt("score_rationales", *QUESTION, "rationale")
NEEDS = "question context options answer_type candidates rationales"
CRITERIA = ("clinical_accuracy", "logic", "factual_correctness", "completeness")
BOUNDS = {"justification": 600} | dict.fromkeys(CRITERIA, range(1, 11))


class Score(BaseModel):
    """The judge's reply."""

    model_config = ConfigDict(extra="forbid")
    justification: str
    clinical_accuracy: int
    logic: int
    factual_correctness: int
    completeness: int


def unscored(batch: Batch, llm: "LLM", share: float, seed: int) -> dict[str, list[Any]]:
    """For an estimate: no score."""
    return {"scores": [[None] * len(rationales) for rationales in batch["rationales"]]}


@stage(needs=NEEDS, adds="scores", asks="llm", guess=unscored)
def score_rationales(batch: Batch, llm: "LLM", share: float, seed: int) -> list[Conversation]:
    """Rejects nothing. ``share``: the share of the questions that is scored, the same ones for the same seed."""
    return [_score(row, llm, share, seed) for row in rows_of(batch)]


def drawn(question: str, share: float, seed: int) -> bool:
    """Whether a question is scored."""
    digest = hashlib.blake2b(f"{seed}|{question}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def _score(row: dict[str, Any], llm: "LLM", share: float, seed: int) -> Conversation:
    if not drawn(row["question"], share, seed):
        return {"scores": [None] * len(row["rationales"])}
    return {"scores": (yield from together(_both(row, rationale, llm) for rationale in row["rationales"]))}


def _both(row: dict[str, Any], rationale: dict[str, Any], llm: "LLM") -> Part[dict[str, Any] | None]:
    """The score of a rationale and, if it was repaired, of its draft."""
    refined = rationale["rounds"] > 0 and rationale["candidate"] is not None
    texts = [rationale["text"]] + ([row["candidates"][rationale["candidate"]]["text"]] if refined else [])
    now, *before = yield from together(_scored(row, text, llm) for text in texts)
    if now is None:
        return None
    given = {name: getattr(now, name) for name in (*CRITERIA, "justification")}
    return {"score": mean(now), **given, "before": mean(before[0]) if before and before[0] else None}


def _scored(row: dict[str, Any], text: str, llm: "LLM") -> Part[Score | None]:
    prompt = PROMPT.render(**prompt_variables(row), rationale=text)
    try:
        request = llm.request(prompt, schema=Score, bounds=BOUNDS, may_fail=True)
        return (yield from ask_json(request, check=off_the_scale))
    except Rejected as why:
        if why.code == "over_budget":
            raise
        return None


def mean(told: Score) -> float:
    """The mean of the four criteria."""
    return statistics.fmean(getattr(told, criterion) for criterion in CRITERIA)


def off_the_scale(told: Score) -> str | None:
    """The first criterion that is out of range, in words for the model, or None."""
    off = [criterion for criterion in CRITERIA if not 1 <= getattr(told, criterion) <= 10]
    return f"{off[0]} must be from 1 to 10" if off else None
