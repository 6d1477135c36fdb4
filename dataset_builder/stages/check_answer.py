"""Check whether the rationale leads to the gold answer (MedReason, quality filter).

A model answers the question from the rationale alone, without its conclusion. A rule reads the option that it commits to
(extraction.py) and compares the labels. A judge compares the answers only where no option can be read; its verdict is a field
of its reply. Words in the texts, such as "true" or "untrue", decide nothing.
"""

import re
from typing import TYPE_CHECKING, Any

from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.llm.conversation import ASK_AGAIN, Conversation, Part, ask_json, nearly_same
from dataset_builder.llm.model import Request
from dataset_builder.prompt import QUESTION, Prompt, question_of
from dataset_builder.stage import DETAIL, REJECTED, Batch, rows_of, stage
from dataset_builder.text_checks.rationale import parts
from dataset_builder.text_checks.verdicts import JUDGEMENT_BOUNDS, Judgement, prompt_variables

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

ANSWER = Prompt("check_answer", *QUESTION, "reasoning")
ANSWER_AGAIN = Prompt("check_answer_again")
JUDGE = Prompt("check_answer_judge", *QUESTION, "answer", "label", "given")
NEEDS = "question context options answer answer_label answer_type rationale"
CODES = {"right": None, "wrong": "wrong_answer", "unjudged": "unjudged"}
STATED = re.compile(r"\bthe (?:final |correct |best )?answer is\b", re.IGNORECASE)
Verdict = dict[str, Any]


def all_right(batch: Batch, llm: "LLM") -> dict[str, list[Any]]:
    """For an estimate: no row is rejected."""
    return {"verdict": [None] * len(batch["rationale"])}


@stage(needs=NEEDS, adds="verdict", asks="llm", guess=all_right)
def check_answer(batch: Batch, llm: "LLM") -> list[Conversation]:
    """Rejects: wrong_answer, where the reasoning leads to another answer, or to none.

    Rejects: unjudged, where neither rule nor judge can tell. Both keep their verdict in the row.
    """
    return [_check(row, llm) for row in rows_of(batch)]


def _check(row: dict[str, Any], llm: "LLM") -> Conversation:
    prompt = ANSWER.render(**question_of(row), reasoning=hidden_conclusion(row["rationale"]))
    text = yield from _answer(llm.request(prompt), row)
    given = last_words(text)
    verdict = by_rule(text, row) or (yield from by_judge(given, row, llm))
    code = CODES[verdict["label"]]
    return {"verdict": verdict | {"answer": given}, REJECTED: code, DETAIL: verdict["reason"] if code else None}


def _answer(request: Request, row: dict[str, Any]) -> Part[str]:
    """The model's answer, asked for again where it states none: a fault of the endpoint is no evidence against the rationale."""
    [answer] = yield [request]
    for _ in range(ASK_AGAIN):
        if STATED.search(answer.text) or by_rule(answer.text, row):
            break
        before = answer.text
        [answer] = yield [answer.reply(ANSWER_AGAIN.render())]
        if nearly_same(answer.text, before):
            break
    return answer.text


def last_words(text: str) -> str:
    """The text from its last "the answer is" on; the whole text where these words do not occur."""
    *_, start = [0, *(match.start() for match in STATED.finditer(text))]
    return text[start:].strip()


def hidden_conclusion(rationale: str) -> str:
    """The rationale without its last part. Raises ValueError where it does not have MedReason's three parts."""
    found, fault = parts(rationale)
    if found is None:
        raise ValueError(f"rationale cannot be checked: {fault}; expected the three parts of MedReason")
    return found.without_conclusion()


def by_rule(text: str, row: dict[str, Any]) -> Verdict | None:
    """The verdict where the answer commits to an option, compared by label, or says that it cannot commit to one.

    None where no option can be read, or the question has no options.
    """
    if not row["options"]:
        return None
    label, rule = extract(text, {option["label"]: option["text"] for option in row["options"]})
    if label is None and not rule.endswith(("_refusal", "_multiple")):
        return None
    right = label == row["answer_label"]
    leads = f"the reasoning leads to {label or 'no single option'}"
    reason = f"{leads}, {'as it should' if right else 'the answer is ' + row['answer_label']}"
    return {"label": "right" if right else "wrong", "by": f"rule {rule}", "reason": reason}


def by_judge(given: str, row: dict[str, Any], llm: "LLM") -> Part[Verdict]:
    """The verdict of a judge on an answer from which no option can be read."""
    prompt = JUDGE.render(**prompt_variables(row, gold=True), given=given)
    told = yield from ask_json(llm.request(prompt, schema=Judgement, bounds=JUDGEMENT_BOUNDS))
    label = "unjudged" if told.verdict == "unclear" else told.verdict
    return {"label": label, "by": "judge", "reason": told.reason}
