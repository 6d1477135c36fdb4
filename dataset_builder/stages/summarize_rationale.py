"""Write the short response that closes each kept rationale (ReasonMed, response summary).

The published prompt only asks to summarise. Here the model also sees question and options. A response that changes the final
answer, or adds a number or a citation that the rationale does not contain, is asked for once more and then dropped.
"""

from typing import TYPE_CHECKING, Any

from dataset_builder.answer_extraction.thoughts import without_thoughts
from dataset_builder.llm.conversation import Conversation, Part, Rejected, together
from dataset_builder.prompt import QUESTION, Prompt
from dataset_builder.stage import DETAIL, REJECTED, Batch, rows_of, stage
from dataset_builder.text_checks.rewritten import unsupported
from dataset_builder.text_checks.verdicts import final_answer, prompt_variables

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

PROMPT = Prompt("summarize_rationale", *QUESTION, "rationale")
AGAIN = Prompt("summarize_rationale_again", "detail")
NEEDS = "question context options answer_label answer_type rationales support"
HELD_BACK = "contradicts_graph"
USUAL = 500  # characters of a response, for an estimate
Response = tuple[str | None, str | None]  # the text, or what is wrong with it: "code: detail"


def of_usual_length(batch: Batch, llm: "LLM") -> dict[str, list[Any]]:
    """For an estimate: texts with the length of a response."""
    return {"responses": [["x" * USUAL] * len(rationales) for rationales in batch["rationales"]]}


@stage(needs=NEEDS, adds="responses", asks="llm", guess=of_usual_length)
def summarize_rationale(batch: Batch, llm: "LLM") -> list[Conversation]:
    """Rejects: changed_answer, where no kept rationale gets a response with its final answer.

    Rejects: unsupported_claim or llm_failed, where that is what is wrong with all of them.
    """
    return [_summarize(row, llm) for row in rows_of(batch)]


def _summarize(row: dict[str, Any], llm: "LLM") -> Conversation:
    kept = [support["kept"] for support in row["support"] or ()] or [True] * len(
        row["rationales"]
    )  # no claim was read
    found = yield from together(
        _respond(row, rationale["text"], llm) if publish else _held_back()
        for rationale, publish in zip(row["rationales"], kept, strict=True)
    )
    if not any(text for text, _ in found):
        code, _, detail = next((str(why) for _, why in found if why != HELD_BACK), HELD_BACK).partition(": ")
        return {REJECTED: code, DETAIL: detail}
    return {"responses": [text for text, _ in found]}


def _held_back() -> Part[Response]:
    """The result for a rationale that check_hops holds back: it is not published and needs no response."""
    return None, HELD_BACK
    yield []


def _respond(row: dict[str, Any], rationale: str, llm: "LLM") -> Part[Response]:
    request = llm.request(PROMPT.render(**prompt_variables(row), rationale=rationale), may_fail=True)
    fault = None
    for _ in range(2):
        [answer] = yield [request]
        if answer.failure == "over_budget":
            raise Rejected("over_budget", answer.detail)
        if answer.failure:
            return None, f"llm_failed: {answer.failure}: {answer.detail}"
        text = without_thoughts(answer.text).strip()
        if (fault := fault_of(text, rationale, row)) is None:
            return text, None
        request = answer.reply(AGAIN.render(detail=fault.partition(": ")[2]))
    return None, fault


def fault_of(response: str, rationale: str, row: dict[str, Any]) -> str | None:
    """ "code: detail" of the fault of a response, or None."""
    label, _ = final_answer(response, row)
    if label != row["answer_label"]:
        return f"changed_answer: it ends with {label or 'no answer that can be read'}, not with {row['answer_label']}"
    sources = [rationale, row["question"], row["context"] or "", *(option["text"] for option in row["options"])]
    claim = unsupported(response, sources)
    return f"unsupported_claim: it says {claim!r}, which the reasoning does not" if claim else None
