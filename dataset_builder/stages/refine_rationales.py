"""Repair the rationales of medium questions, write those of difficult questions again, and verify the result.

ReasonMed, error-driven refinement (medium) and regeneration by a stronger model (difficult). The published code verifies
nothing after this step. Here every text is checked by rule (leaks, quoted notes, unsupported numbers and citations), then
judged like a sample. If a text fails, the editor gets the reason and another round, up to ``rounds``; then the text is dropped.
"""

from typing import TYPE_CHECKING, Any

from dataset_builder.answer_extraction.thoughts import without_thoughts
from dataset_builder.llm.conversation import Conversation, Part, Rejected, together
from dataset_builder.prompt import QUESTION, Prompt, path_line
from dataset_builder.row import normalize
from dataset_builder.stage import DETAIL, REJECTED, Batch, rows_of, stage
from dataset_builder.text_checks.rewritten import reveals_material, unsupported
from dataset_builder.text_checks.verdicts import Verdict, judge, prompt_variables

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

PROMPT = Prompt("refine_rationales", *QUESTION, "answer", "label", "draft", "notes")
AGAIN = Prompt("refine_rationales_again", "code", "detail")
NEEDS = "question context options answer answer_label answer_type candidates verdicts tier ranking"
MAX_NOTES = 6  # error notes shown to an editor
Attempt = dict[str, Any]


def as_they_are(batch: Batch, editor: "LLM", llm: "LLM", votes: int, rounds: int) -> dict[str, list[Any]]:
    """For an estimate: the kept rationales of the ranking, unchanged."""
    rows = rows_of(batch)
    return {
        "refined": [[] for _ in rows],
        "rationales": [[_kept(row, r["candidate"]) for r in row["ranking"] if r["kept"]] for row in rows],
    }


@stage(needs=NEEDS, optional="paths", adds="refined rationales", asks="editor", guess=as_they_are)
def refine_rationales(batch: Batch, editor: "LLM", llm: "LLM", votes: int, rounds: int) -> list[Conversation]:
    """Easy questions keep their best rationales unchanged.

    Rejects: wrong_answer, unjudged, leaked_answer or llm_failed, where no text of the question passes within ``rounds``.
    Rejects: unsupported_claim, where it is a number or a citation that neither question nor context nor paths support.
    """
    return [_refine(row, editor, llm, votes, rounds) for row in rows_of(batch)]


def _refine(row: dict[str, Any], editor: "LLM", llm: "LLM", votes: int, rounds: int) -> Conversation:
    drafts = [ranked["candidate"] for ranked in row["ranking"] if ranked["kept"]]
    if row["tier"] == "easy":
        return {"refined": [], "rationales": [_kept(row, number) for number in drafts]}
    done = yield from together(_rewrite(row, number, editor, llm, votes, rounds) for number in drafts or [None])
    attempts = [attempt for attempts in done for attempt in attempts]
    passed = {normalize(last["text"]): last for *_, last in done if last["fault"] is None}  # no text twice
    if not passed:
        code, _, detail = attempts[-1]["fault"].partition(": ")
        why = f"still after {len(done[-1])} rounds of refinement: {detail}"
        return {"refined": attempts, REJECTED: code, DETAIL: why}
    kept = [_rewritten(attempt, editor) for attempt in passed.values()]
    return {"refined": attempts, "rationales": kept}


def _rewrite(
    row: dict[str, Any], draft: int | None, editor: "LLM", llm: "LLM", votes: int, rounds: int
) -> Part[list[Attempt]]:
    """The rounds of one rationale; only the last one can have passed."""
    notes = error_notes(row["verdicts"])
    text = None if draft is None else row["candidates"][draft]["text"]
    prompt = PROMPT.render(**prompt_variables(row, gold=True), draft=text, notes=notes)
    request, attempts = editor.request(prompt, may_fail=True), []
    for round_ in range(1, rounds + 1):
        [answer] = yield [request]
        if answer.failure == "over_budget":
            raise Rejected("over_budget", answer.detail)
        attempt = {"candidate": draft, "round": round_, "text": without_thoughts(answer.text).strip()}
        if answer.failure:
            return [*attempts, attempt | {"verdict": None, "fault": f"llm_failed: {answer.failure}: {answer.detail}"}]
        fault, verdict = fault_of(attempt["text"], row, notes), None
        if fault is None:
            verdict = yield from judge(row, attempt["text"], llm, votes)
            fault = _fault_by(verdict)
        attempts.append(attempt | {"verdict": verdict, "fault": fault})
        if fault is None:
            break
        code, _, detail = fault.partition(": ")
        request = answer.reply(AGAIN.render(code=code, detail=detail))
    return attempts


def error_notes(verdicts: list[Verdict]) -> list[str]:
    """The reasons of the wrong verdicts, each once; the reasons of right or unjudged ones are no errors."""
    reasons = [verdict["reason"] for verdict in verdicts if verdict["label"] == "wrong"]
    return list(dict.fromkeys(reasons))[:MAX_NOTES]


def fault_of(text: str, row: dict[str, Any], notes: list[str]) -> str | None:
    """ "code: detail" of the fault that a rule finds in a rewritten text, or None."""
    shown = [row["question"], row["context"] or "", *(option["text"] for option in row["options"])]
    if told := reveals_material(text, notes, shown):
        return f"leaked_answer: {told}"
    paths = [path_line(path) for path in row.get("paths") or []]
    if claim := unsupported(text, [*shown, *paths]):
        return f"unsupported_claim: {claim}"
    return None


def _fault_by(verdict: Verdict) -> str | None:
    codes = {"right": None, "wrong": "wrong_answer", "unjudged": "unjudged"}
    return (code := codes[verdict["label"]]) and f"{code}: {verdict['reason']}"


def _kept(row: dict[str, Any], number: int) -> dict[str, Any]:
    candidate = row["candidates"][number]
    return {
        "candidate": number,
        "model": candidate["model"],
        "text": candidate["text"],
        "rounds": 0,
        "verdict": row["verdicts"][number],
    }


def _rewritten(attempt: Attempt, editor: "LLM") -> dict[str, Any]:
    same = {name: attempt[name] for name in ("candidate", "text", "verdict")}
    return same | {"model": str(editor), "rounds": attempt["round"]}
