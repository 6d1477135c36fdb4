"""Write the rationale from question, restated answer and kept paths (MedReason, rationale generation).

The reader of a rationale has neither paths nor answer. If a text shows that its writer had them, it is asked for once more; then
the row is rejected. If one of its three parts is missing, it is asked for as often as a reply that is not the requested JSON.
"""

from typing import TYPE_CHECKING, Any

from dataset_builder.llm.conversation import ASK_AGAIN, Conversation, Rejected, nearly_same
from dataset_builder.prompt import QUESTION, Prompt, path_line, question_of
from dataset_builder.stage import Batch, rows_of, stage
from dataset_builder.text_checks.rationale import Rationale, leak, parts

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

PROMPT = Prompt("write_rationale", *QUESTION, "finding", "conclusion", "paths")
AGAIN = Prompt("write_rationale_again", "fault", "found")
USUAL = 2000  # characters of a rationale, for an estimate


def of_usual_length(batch: Batch, llm: "LLM") -> dict[str, list[Any]]:
    """For an estimate: texts with the length of a rationale."""
    return {"rationale": [str(Rationale("1", "1" * USUAL, "1"))] * len(batch["paths"])}


@stage(
    needs="question context options answer_type restated paths", adds="rationale", asks="llm", guess=of_usual_length
)
def write_rationale(batch: Batch, llm: "LLM") -> list[Conversation]:
    """Rejects: leaked_answer, where the text mentions given paths or a given answer, twice.

    Rejects: bad_rationale, where one of the three parts is missing, three times, or twice in nearly the same text.
    """
    return [_write(row, llm) for row in rows_of(batch)]


def _write(row: dict[str, Any], llm: "LLM") -> Conversation:
    shown = {"finding": row["restated"]["question"], "conclusion": row["restated"]["answer"]}
    request = llm.request(PROMPT.render(**question_of(row), **shown, paths=list(map(path_line, row["paths"]))))
    faulty, leaked, before = 0, 0, None
    while True:
        [answer] = yield [request]
        rationale, fault = parts(answer.text)
        found = leak(str(rationale)) if rationale else None
        if rationale and not found:
            return {"rationale": str(rationale)}
        if found and leaked == 1:
            raise Rejected("leaked_answer", f"the text says {found!r}, also when it is written again")
        same = before is not None and nearly_same(answer.text, before)
        if fault and (faulty == ASK_AGAIN or same):
            raise Rejected(
                "bad_rationale", f"after {faulty + 1} texts{', two nearly the same' if same else ''}: {fault}"
            )
        before = answer.text if fault else None
        faulty, leaked = faulty + bool(fault), leaked + bool(found)
        kind = "leak" if found else "parts"
        request = answer.reply(AGAIN.render(fault=kind, found=found or fault))
