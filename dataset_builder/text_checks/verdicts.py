"""The verdict on a rationale: by the rule on its final answer, then by a judge with a schema (ReasonMed, verification).

Used before routing and again after refinement. A third label separates faults of judge or endpoint from faults of the
rationale: unjudged, where no final answer can be read, no usable judgement came, or the judges disagree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.llm.conversation import Part, Rejected, ask_json, together
from dataset_builder.llm.model import Request
from dataset_builder.prompt import QUESTION, Prompt, question_of
from dataset_builder.text_checks.style import defect

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

PROMPT = Prompt("judge_rationales", *QUESTION, "answer", "label", "rationale")
LABELS = ("right", "wrong", "unjudged")
Verdict = dict[str, Any]


class Judgement(BaseModel):
    """The judge's reply."""

    model_config = ConfigDict(extra="forbid")
    reason: str
    verdict: Literal["right", "wrong", "unclear"]


JUDGEMENT_BOUNDS = {"reason": 600}  # characters


def prompt_variables(row: Mapping[str, Any], *, gold: bool = False) -> dict[str, Any]:
    """The prompt variables of the question; with ``gold`` also of its answer."""
    label = row["answer_label"] if gold and row["answer_type"] == "choice" else None
    return question_of(row) | ({"answer": row["answer"], "label": label} if gold else {})


def final_answer(text: str, row: Mapping[str, Any]) -> tuple[str | None, str]:
    """The label of the text's final answer, or None; and the rule that found it, or found none."""
    return extract(text, {option["label"]: option["text"] for option in row["options"]})


def judge(row: Mapping[str, Any], text: str, llm: "LLM", votes: int) -> Part[Verdict]:
    """The verdict on a rationale. A judge is asked, ``votes`` times, only where the final answer is the gold one."""
    return by_rule(row, text) or (yield from by_judge(row, text, llm, votes))


def by_judge(row: Mapping[str, Any], text: str, llm: "LLM", votes: int) -> Part[Verdict]:
    """The verdict of a judge, asked ``votes`` times, on a rationale that ends with the gold answer."""
    prompt = PROMPT.render(**prompt_variables(row, gold=True), rationale=text)
    requests = [
        llm.request(prompt, schema=Judgement, bounds=JUDGEMENT_BOUNDS, sample=n, may_fail=True) for n in range(votes)
    ]
    said = yield from together(map(_vote, requests))
    return by_votes(said) | {"answer": row["answer_label"]}


def by_rule(row: Mapping[str, Any], text: str) -> Verdict | None:
    """The verdict of a rule, else None: another option, several or a refusal are wrong; no readable answer is unjudged.

    A text with the right answer and a defect (style.py) is wrong too, so that no judge is paid for it.
    """
    label, rule = final_answer(text, row)
    if label == row["answer_label"]:
        shown = "\n".join([row["question"], row["context"] or "", *(option["text"] for option in row["options"])])
        fault = defect(text, shown)
        return fault and {"label": "wrong", "reason": fault[1], "by": f"rule {fault[0]}", "answer": label, "votes": []}
    about_it = {"by": f"rule {rule}", "answer": label, "votes": []}
    if label is None and not rule.endswith(("_refusal", "_multiple")):
        return {"label": "unjudged", "reason": "no final answer can be read"} | about_it
    return {
        "label": "wrong",
        "reason": f"it ends with {label or 'no single option'}, which is not the answer",
    } | about_it


def by_votes(votes: Sequence[tuple[str, str]]) -> Verdict:
    """The label of more than half of all (label, reason) votes, else unjudged; with the first reason given for it."""
    counts = Counter(label for label, _ in votes)
    label = next((label for label in LABELS if 2 * counts[label] > len(votes)), "unjudged")
    reasons = [reason for of, reason in votes if of == label] or ["the judges disagree"]
    return {"label": label, "by": "judge", "reason": reasons[0], "votes": [label for label, _ in votes]}


def _vote(request: Request) -> Part[tuple[str, str]]:
    """One (label, reason) vote. An unusable reply or a failed call is a vote for unjudged; a spent budget rejects the row."""
    try:
        told = yield from ask_json(request)
    except Rejected as why:
        if why.code == "over_budget":
            raise
        return "unjudged", str(why)
    return "unjudged" if told.verdict == "unclear" else told.verdict, told.reason
