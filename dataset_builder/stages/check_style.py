"""Check every rationale by rule: defects (leaks, refusals …) reject the row, doubtful numbers and citations are flags."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataset_builder.prompt import path_line
from dataset_builder.stage import DETAIL, REJECTED, Batch, rows_of, stage
from dataset_builder.text_checks.style import defect, flags


@stage(needs="question context options rationale|rationales", optional="paths contrasts", adds="flags")
def check_style(batch: Batch, min_relevance: float = 0) -> dict[str, list[Any]]:
    """Rejects: refusal, other_language, copied_prompt, leaked_answer, broken_markdown or personal_data, whichever is found first.

    Of several rationales each is checked. What is only doubtful (numbers, citations, loose markdown, paths that are all less relevant than
    ``min_relevance``) is a flag and rejects nothing.
    """
    checked = [_check(row, min_relevance) for row in rows_of(batch)]
    return {name: [columns.get(name) for columns in checked] for name in ("flags", REJECTED, DETAIL)}


def _check(row: Mapping[str, Any], min_relevance: float) -> dict[str, Any]:
    question = "\n".join([row["question"], row["context"] or "", *(option["text"] for option in row["options"])])
    hops = [*(row.get("paths") or []), *(row.get("contrasts") or [])]
    given = "\n".join([question, *map(path_line, hops)])
    many = "rationales" in row
    texts = [rationale["text"] for rationale in row["rationales"]] if many else [row["rationale"]]
    found = _irrelevant(row.get("paths") or [], min_relevance)
    for number, text in enumerate(texts, 1):
        which = f"#{number} " if many else ""
        if fault := defect(text, question):
            return {REJECTED: fault[0], DETAIL: f"{which}{fault[1]}"}
        found += [f"{which}{flag}" for flag in flags(text, given)]
    return {"flags": found}


def _irrelevant(paths: Sequence[Mapping[str, Any]], least: float) -> list[str]:
    """A flag with the highest relevance, where all paths lie below the threshold; none where there is no path, or none was measured."""
    best = max((known for path in paths if (known := path.get("relevance")) is not None), default=least)
    return [f"low_relevance: {best:.2f}"] if best < least else []
