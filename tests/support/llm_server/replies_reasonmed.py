"""The replies of scripted writers, judges and editors of different skill to reasonmed's prompts.

Draws are seeded by the whole request, so the same request always gets the same answer, and answers differ by temperature and turn.
The right answers are those of the sources $SCRIPTED_SOURCES in $SCRIPTED_DATA_DIR (by default the sample); a writer never sees them.
"""

import functools
import json
import os
import re
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from dataset_builder.row import normalize
from dataset_builder.sources.questions import read_questions
from tests.support.llm_server.prose import prose
from tests.support.llm_server.settings import Settings

OPTION = re.compile(r"^([A-Z])\. (.*)$", re.MULTILINE)
FINAL = re.compile(r"^Final answer: (\S+)$", re.MULTILINE)
FLAW = "Here the finding is taken for its opposite."  # the mark of a false step
LETTERS = str.maketrans("0123456789", "ghijklmnop")
SPOILED = (
    "As the error notes say, the trap is the second option.",
    "The target answer is reached in this way.",
    "This holds in 83.7 % of cases (Miller 2014).",
)
Rule = Callable[[str, dict[str, Any], Settings], dict[str, Any] | str]


def block(prompt: str, tag: str) -> str:
    """The text between the marks of this name."""
    return prompt.rpartition(f"<{tag}>\n")[2].partition(f"\n</{tag}>")[0]


@functools.cache
def gold() -> dict[str, str | None]:
    """Question to label of the right option."""
    folder = os.environ.get("SCRIPTED_DATA_DIR")
    names = os.environ.get("SCRIPTED_SOURCES", "sample").split(",")
    questions, _ = read_questions(names, data_dir=Path(folder) if folder else None)
    return {_key(row["question"]): row["answer_label"] for row in questions if row["answer_label"]}


def _key(question: str) -> str:
    return normalize(question)[:400]


def _right(prompt: str) -> tuple[str, list[str]]:
    """The right label, and all labels."""
    question = block(prompt, "question")
    stem = question.partition("\n\nA. ")[0]
    labels: list[str] = [found[0] for found in OPTION.findall(question)] or ["A", "B", "C"]  # yes, no, maybe
    return gold().get(_key(stem)) or labels[0], labels


def draw(settings: Settings, what: str, request: dict[str, Any]) -> float:
    """A number in [0, 1) of this request."""
    about = json.dumps([request["model"], request.get("temperature"), request["messages"]], sort_keys=True)
    return settings.uniform(what, about)


def is_hard(settings: Settings, prompt: str) -> bool:
    """Whether a question is one of those that every writer gets wrong."""
    return settings.uniform("hard", _key(block(prompt, "question").partition("\n\nA. ")[0])) < settings.hard


def wrong(prompt: str, request: dict[str, Any], settings: Settings) -> str:
    """A label that is not the right one."""
    right, labels = _right(prompt)
    others = [label for label in labels if label != right]
    return others[int(draw(settings, "which", request) * len(others))]


def _sample(prompt: str, request: dict[str, Any], settings: Settings) -> str:
    error = settings.hard_error if is_hard(settings, prompt) else settings.error_of(request["model"])
    erring = draw(settings, "error", request) < error
    label = wrong(prompt, request, settings) if erring else _right(prompt)[0]
    flawed = draw(settings, "flaw", request) < settings.flaw
    return _six_steps(prompt, request, label, FLAW if flawed else "", settings.long)


def _six_steps(prompt: str, request: dict[str, Any], label: str, also: str, long: int) -> str:
    question = block(prompt, "question")
    options = dict(OPTION.findall(question)) or {"A": "yes", "B": "no", "C": "maybe"}
    mark = blake2b(json.dumps(request["messages"]).encode(), digest_size=6).hexdigest().translate(LETTERS)
    others = "; ".join(f"{words.rstrip('.')} does not fit" for key, words in options.items() if key != label)
    steps = [
        f"It is asked: {question.partition(chr(10))[0][-200:]}",
        f"The details that decide were read by {request['model']} at {request.get('temperature')} ({mark}). {also}",
        f"Each option was examined in turn. {prose(long, repr(request))}".rstrip(),
        f"To be ruled out: {others}.",
        "What is left was weighed.",
        f"All of it leads to {options[label].rstrip('.')}.",
    ]
    end = label if OPTION.search(question) else options[label]
    return "\n".join(f"{i}. {step}" for i, step in enumerate(steps, 1)) + f"\n\nFinal answer: {end}"


def _judge(prompt: str, request: dict[str, Any], settings: Settings) -> dict[str, Any]:
    if draw(settings, "unclear", request) < settings.unclear:
        return {"reason": "it cannot be told", "verdict": "unclear"}
    sound = FLAW not in block(prompt, "reasoning")
    sound ^= draw(settings, "judge", request) < settings.judge_error
    reason = "each step follows" if sound else "one finding is read as its opposite, which turns the mechanism around"
    return {"reason": reason, "verdict": "right" if sound else "wrong"}


def _grade(names: tuple[str, ...], low: int, high: int, word: str) -> Rule:
    """Grades that are lower for a text with a false step."""

    def rule(prompt: str, request: dict[str, Any], settings: Settings) -> dict[str, Any]:
        flawed = FLAW in block(prompt, "reasoning")
        top = low + (high - low) // 2 if flawed else high
        middle = (low + top) // 2
        grades = {n: middle + int(draw(settings, n, request) * (top - middle + 1)) for n in names}
        return {word: "graded by the rule", **grades}

    return rule


def _rewrite(prompt: str, request: dict[str, Any], settings: Settings) -> str:
    """An editor errs in four ways, each in a quarter of its errors: a wrong answer, or one of SPOILED."""
    label, also = _right(prompt)[0], ""
    if draw(settings, "error", request) < settings.error_of(request["model"]):
        kind = int(draw(settings, "kind", request) * 4)
        label, also = (wrong(prompt, request, settings), "") if kind == 3 else (label, SPOILED[kind])
    flawed = FLAW if draw(settings, "flaw", request) < settings.flaw else ""
    return _six_steps(prompt, request, label, also or flawed, settings.long)


def _summary(prompt: str, request: dict[str, Any], settings: Settings) -> str:
    """A tenth of the editor's errors changes the answer here."""
    [end] = FINAL.findall(block(prompt, "reasoning"))[-1:] or ["A"]
    if draw(settings, "summary", request) < settings.error_of(request["model"]) / 10:
        end = wrong(prompt, request, settings)
    return f"The findings fit one option and speak against the others.\nThe answer is {end}."


RULES: dict[str, Rule] = {
    "sample_rationales": _sample,
    "judge_rationales": _judge,
    "rank_rationales": _grade(("findings", "mechanism", "options", "clarity"), 20, 95, "reason"),
    "refine_rationales": _rewrite,
    "summarize_rationale": _summary,
    "score_rationales": _grade(
        ("clinical_accuracy", "logic", "factual_correctness", "completeness"), 3, 10, "justification"
    ),
}
