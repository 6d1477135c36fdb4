"""Rank the right rationales of a question and decide which are kept (ReasonMed, quality ranking).

A judge grades each rationale by itself on four scales of 0 to 100, so the order of the candidates has no effect; a rule decides
ties. The published code uses integers of 0 to 5, which tie often; then the first model wins.
"""

import hashlib
import statistics
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, Part, Rejected, ask_json, together
from dataset_builder.llm.model import Request
from dataset_builder.prompt import QUESTION, Prompt
from dataset_builder.row import normalize
from dataset_builder.stage import Batch, rows_of, stage
from dataset_builder.text_checks.verdicts import prompt_variables

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

PROMPT = Prompt("rank_rationales", *QUESTION, "answer", "label", "rationale")
NEEDS = "question context options answer answer_label answer_type candidates verdicts tier"
SCALES = ("findings", "mechanism", "options", "clarity")
BOUNDS = {"reason": 600} | dict.fromkeys(SCALES, range(101))
Ranked = dict[str, Any]


class Quality(BaseModel):
    """The judge's reply."""

    model_config = ConfigDict(extra="forbid")
    reason: str
    findings: int
    mechanism: int
    options: int
    clarity: int


def by_position(batch: Batch, llm: "LLM", votes: int, keep: int, near: float, seed: int) -> dict[str, list[Any]]:
    """For an estimate: the right rationales in their order, the first ``keep`` of them kept."""
    right = [[i for i, v in enumerate(verdicts) if v["label"] == "right"] for verdicts in batch["verdicts"]]
    return {
        "ranking": [[_ranked(i, None, place < keep, "guess") for place, i in enumerate(numbers)] for numbers in right]
    }


@stage(needs=NEEDS, adds="ranking", asks="llm", guess=by_position)
def rank_rationales(batch: Batch, llm: "LLM", votes: int, keep: int, near: float, seed: int) -> list[Conversation]:
    """Rejects nothing. No judge is asked in the difficult tier, or where at most ``keep`` rationales are right.

    ``near``: scores that differ by less count as equal; then a rationale of another model is preferred to a second one of the
    same model. ``votes``: number of grades per rationale, which are averaged.
    """
    return [_rank(row, llm, votes, keep, near, seed) for row in rows_of(batch)]


def _rank(row: dict[str, Any], llm: "LLM", votes: int, keep: int, near: float, seed: int) -> Conversation:
    right = [i for i, verdict in enumerate(row["verdicts"]) if verdict["label"] == "right"]
    keep = 1 if row["tier"] == "difficult" else keep
    ask = len(right) > keep and row["tier"] != "difficult"
    graded = yield from together(_graded(row, i, llm, votes if ask else 0) for i in right)
    order = in_order(graded, row["candidates"], row["verdicts"], seed)
    kept = best(order, row["candidates"], keep, near)
    return {"ranking": [ranked | {"kept": ranked["candidate"] in kept} for ranked in order]}


def in_order(graded: list[Ranked], candidates: list[dict], verdicts: list[dict], seed: int) -> list[Ranked]:
    """The rationales, best first: by score, then agreement of the judges, distance from the median length, a seeded hash."""
    lengths = [len(candidates[ranked["candidate"]]["text"]) for ranked in graded]
    median = statistics.median(lengths) if lengths else 0

    def place(ranked: Ranked) -> tuple:
        candidate, votes = candidates[ranked["candidate"]], verdicts[ranked["candidate"]]["votes"]
        agreement = votes.count("right") / len(votes) if votes else 0.0
        draw = repr((seed, candidate["model"], candidate["temperature"], candidate["text"]))
        score = -1.0 if ranked["score"] is None else ranked["score"]
        return (
            -score,
            -agreement,
            abs(len(candidate["text"]) - median),
            hashlib.blake2b(draw.encode("utf-8", "surrogatepass"), digest_size=8).digest(),
        )

    return sorted(graded, key=place)


def best(order: list[Ranked], candidates: list[dict], keep: int, near: float) -> list[int]:
    """The numbers of the kept rationales: the best, then one of another model if it is nearly as good; no text twice."""
    kept: list[int] = []
    left = [ranked["candidate"] for ranked in order]
    scores = {ranked["candidate"]: ranked["score"] or 0.0 for ranked in order}
    while len(kept) < keep:
        have = {normalize(candidates[i]["text"]) for i in kept}
        left = [i for i in left if i not in kept and normalize(candidates[i]["text"]) not in have]
        if not left:
            break
        models = {candidates[i]["model"] for i in kept}
        others = [i for i in left if candidates[i]["model"] not in models and scores[left[0]] - scores[i] < near]
        kept.append((others or left)[0])
    return kept


def _graded(row: dict[str, Any], number: int, llm: "LLM", votes: int) -> Part[Ranked]:
    """The candidate with its score, the mean over scales and votes; null where no judge was asked or no usable grade came."""
    prompt = PROMPT.render(**prompt_variables(row, gold=True), rationale=row["candidates"][number]["text"])
    requests = [llm.request(prompt, schema=Quality, bounds=BOUNDS, sample=n, may_fail=True) for n in range(votes)]
    told = [grade for grade in (yield from together(map(_grade, requests))) if grade]
    if not told:
        return _ranked(number, None, False, "no usable grade came" if votes else "nobody was asked")
    score = statistics.fmean(getattr(grade, scale) for grade in told for scale in SCALES)
    return _ranked(number, score, False, told[0].reason)


def _grade(request: Request) -> Part[Quality | None]:
    try:
        return (yield from ask_json(request, check=off_the_scale))
    except Rejected as why:
        if why.code == "over_budget":
            raise
        return None


def off_the_scale(told: Quality) -> str | None:
    """The first grade that is out of range, in words for the model, or None."""
    off = [scale for scale in SCALES if not 0 <= getattr(told, scale) <= 100]
    return f"{off[0]} must be from 0 to 100" if off else None


def _ranked(number: int, score: float | None, kept: bool, reason: str) -> Ranked:
    return {"candidate": number, "score": score, "kept": kept, "reason": reason}
