"""Write prompt and completion as TRL reads them: the question as in evaluation, then rationale and final answer."""

from dataset_builder.prompt import question_of, render, stated_answer
from dataset_builder.stage import Batch, stage

NEEDS = "question context options answer answer_label answer_type rationale"


@stage(needs=NEEDS, adds="prompt completion")
def to_messages(batch: Batch) -> dict[str, list]:
    """Rejects nothing. The completion has the headings Thinking, Final Answer (MedReason's published SFT script)."""
    rows = [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
    return {
        "prompt": [[{"role": "user", "content": _question(row)}] for row in rows],
        "completion": [[{"role": "assistant", "content": _response(row)}] for row in rows],
    }


def _question(row: dict) -> str:
    return render("question", **question_of(row))


def _response(row: dict) -> str:
    return f"## Thinking\n\n{row['rationale']}\n\n## Final Answer\n\n{stated_answer(row)}"
