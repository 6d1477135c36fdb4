"""Check every rationale by rule: defects (leaks, refusals …) reject the row, doubtful numbers and citations are flags."""

from collections.abc import Mapping
from typing import Any

from dataset_builder.prompt import path_line
from dataset_builder.stage import DETAIL, REJECTED, Batch, rows_of, stage
from dataset_builder.text_checks.style import defect, flags


@stage(needs="question context options rationale|rationales", optional="paths contrasts", adds="flags")
def check_style(batch: Batch) -> dict[str, list[Any]]:
    """Rejects: refusal, other_language, copied_prompt, leaked_answer, broken_markdown or personal_data, whichever is found first.

    Of several rationales each is checked. What is only doubtful (numbers, citations, loose markdown) is a flag and rejects nothing.
    """
    checked = [_check(row) for row in rows_of(batch)]
    return {name: [columns.get(name) for columns in checked] for name in ("flags", REJECTED, DETAIL)}


def _check(row: Mapping[str, Any]) -> dict[str, Any]:
    question = "\n".join([row["question"], row["context"] or "", *(option["text"] for option in row["options"])])
    hops = [*(row.get("paths") or []), *(row.get("contrasts") or [])]
    given = "\n".join([question, *map(path_line, hops)])
    many = "rationales" in row
    texts = [rationale["text"] for rationale in row["rationales"]] if many else [row["rationale"]]
    found: list[str] = []
    for number, text in enumerate(texts, 1):
        which = f"#{number} " if many else ""
        if fault := defect(text, question):
            return {REJECTED: fault[0], DETAIL: f"{which}{fault[1]}"}
        found += [f"{which}{flag}" for flag in flags(text, given)]
    return {"flags": found}
