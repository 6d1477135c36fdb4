"""The verdicts of a scripted judge on the calibration cases: right except for known error rates, or by substrings."""

import functools
from typing import Any

from dataset_builder.judge_calibration.calibration import PROMPTS, calibration_cases
from tests.support.llm_server.settings import Settings

BLOCKS = {"check_answer": "reasoning", "judge_rationales": "reasoning", "check_answer_judge": "answer_to_compare"}


@functools.cache
def known() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """By prompt and question, the cases; the longest texts first."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for stage in PROMPTS:
        for row in sorted(calibration_cases(stage), key=lambda row: -len(row["text"])):
            found.setdefault((row["prompt"], row["question"]), []).append(row)
    return found


def reply(name: str, prompt: str, settings: Settings) -> dict[str, Any] | str | None:
    """The answer to a calibration case; None where the prompt of this name holds none."""
    if name not in BLOCKS:
        return None
    question = prompt.partition("<question>\n")[2].partition("\n")[0]
    text = prompt.rpartition(f"<{BLOCKS[name]}>\n")[2].partition(f"</{BLOCKS[name]}>")[0].rstrip("\n")
    same = [row for row in known().get((name, question), ()) if _stands(row, text)]
    if not same:
        return None
    right = _judged(same[0], settings, prompt)
    if name == "check_answer":
        return f"So it is. The answer is {same[0]['answer_label'] if right else 'none'}."
    return {"reason": "as it is", "verdict": "right" if right else "wrong"}


def _stands(row: dict[str, Any], text: str) -> bool:
    """In check_answer the text stands between two titles."""
    return (
        row["text"] == text.rpartition("Reasoning Process:**\n")[2]
        if row["prompt"] == "check_answer"
        else row["text"] == text
    )


def _judged(row: dict[str, Any], settings: Settings, prompt: str) -> bool:
    if (
        settings.judge == "substring"
    ):  # "not true" holds "true", and a wrong text with the right letter holds the letter
        words = row["text"].casefold()
        return (
            row["answer"].casefold() in words
            or f" {row['answer_label'].casefold()}" in f" {words}"
            or "right" in words
        )
    right = row["expected"] == "right"
    error = settings.false_negative if right else settings.false_positive
    return right ^ (settings.uniform("canary", prompt) < error)
