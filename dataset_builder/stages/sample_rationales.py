"""Ask several models for rationales at several temperatures, without showing them the answer (ReasonMed, generation)."""

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataset_builder.answer_extraction.thoughts import without_thoughts
from dataset_builder.llm.conversation import Conversation, Part, Rejected, together
from dataset_builder.llm.model import Request
from dataset_builder.prompt import QUESTION, Prompt, path_line
from dataset_builder.stage import DETAIL, REJECTED, Batch, rows_of, stage
from dataset_builder.text_checks.verdicts import final_answer, prompt_variables

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

Writers = tuple["LLM", ...]
Temperatures = tuple[float, ...]
Sample = dict[str, Any]
PROMPT = Prompt("sample_rationales", *QUESTION, "paths")
AGAIN = Prompt("sample_rationales_again")
USUAL = 2000  # characters of a rationale, for an estimate


def of_usual_length(batch: Batch, writers: Writers, temperatures: Temperatures) -> dict[str, list[Any]]:
    """For an estimate: different texts with the length of a rationale and the right answer."""
    models = [(str(llm), temperature) for llm in writers for temperature in temperatures]
    texts = [f"{i}. {'x' * USUAL}\nFinal answer: " for i in range(len(models))]
    return {
        "candidates": [
            [_sample(*model, f"{text}{label}") for model, text in zip(models, texts, strict=True)]
            for label in batch["answer_label"]
        ]
    }


@stage(
    needs="question context options answer_label answer_type",
    adds="candidates",
    asks="writers",
    optional="paths",
    guess=of_usual_length,
)
def sample_rationales(batch: Batch, writers: Writers, temperatures: Temperatures) -> list[Conversation]:
    """Rejects: open_question, where there are no options: no rule could read a final answer.

    Rejects: llm_failed, where no sample came at all. If only some fail, the others are used.
    """
    models = [(llm, temperature) for llm in writers for temperature in temperatures]
    return [_ask(row, models) for row in rows_of(batch)]


def _ask(row: dict[str, Any], models: "list[tuple[LLM, float]]") -> Conversation:
    if not row["options"]:
        raise Rejected("open_question", "it has no options; ReasonMed's questions are multiple-choice")
    prompt = PROMPT.render(**prompt_variables(row), paths=list(map(path_line, row.get("paths") or [])))
    times: Counter[tuple[LLM, float]] = Counter()  # a writer that is listed twice gives two samples
    requests = []
    for llm, temperature in models:
        request = replace(llm, temperature=temperature).request(prompt, sample=times[llm, temperature], may_fail=True)
        requests.append(request)
        times[llm, temperature] += 1
    candidates = yield from together(_write(request, row) for request in requests)
    if any(candidate["text"] for candidate in candidates):
        return {"candidates": candidates}
    why = f"none of {len(candidates)} samples came; the first: {candidates[0]['failure']}"
    return {"candidates": candidates, REJECTED: "llm_failed", DETAIL: why}


def _write(request: Request, row: dict[str, Any]) -> Part[Sample]:
    """One sample, asked for once more where no final answer can be read from it."""
    model, temperature = str(request.llm), request.llm.temperature or 0.0
    [answer] = yield [request]
    if not answer.failure and unreadable(answer.text, row):
        [answer] = yield [answer.reply(AGAIN.render())]
    if answer.failure == "over_budget":
        raise Rejected("over_budget", answer.detail)
    if answer.failure:
        return _sample(model, temperature, None, f"{answer.failure}: {answer.detail}")
    text = without_thoughts(answer.text).strip()
    return _sample(model, temperature, text or None, None if text else "llm_failed: it ends within its thoughts")


def unreadable(text: str, row: dict[str, Any]) -> bool:
    """Whether the text states no answer at all; a refusal or several options count as an answer."""
    label, rule = final_answer(text, row)
    return label is None and not rule.endswith(("_refusal", "_multiple"))


def _sample(model: str, temperature: float, text: str | None, failure: str | None = None) -> Sample:
    return {"model": model, "temperature": temperature, "text": text, "failure": failure}
