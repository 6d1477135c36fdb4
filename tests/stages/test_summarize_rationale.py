"""A response must keep the final answer, and add nothing."""

import pytest

from dataset_builder.llm.model import LLM, Answer, Request
from dataset_builder.stages.summarize_rationale import summarize_rationale
from tests.support.converse import Reply, converse
from tests.support.rationales import batch, rationale

GOOD = "Urate needles decide; calcium ones would be blunt.\nThe answer is A. Gout"


def summarize(reply: Reply, texts: tuple[str, ...] = (rationale(),), held: tuple[int, ...] = ()):
    kept = [{"candidate": 0, "model": "m", "text": text, "rounds": 0, "verdict": None} for text in texts]
    support = [{"kept": number not in held} for number in range(len(kept))]
    columns, requests = converse(
        summarize_rationale.using(llm=LLM("editor")), batch(rationales=kept, support=support), reply
    )
    return {name: values[0] for name, values in columns.items()}, requests


def test_question_options_and_rationale_are_in_view() -> None:
    row, [request] = summarize(lambda r: GOOD)
    prompt = request.messages[0]["content"]
    assert row["responses"] == [GOOD]
    assert all(words in prompt for words in ("great toe", "B. Pseudogout", rationale(), "The answer is <letter>."))


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("It is pseudogout. The answer is B. Pseudogout", "changed_answer"),
        ("The answer is A. No: the answer is C.", "changed_answer"),
        ("Urate needles decide.", "changed_answer"),
        ("In 83.7% it is so. The answer is A. Gout", "unsupported_claim"),
        ("The ACR guidelines say so. The answer is A. Gout", "unsupported_claim"),
    ],
)
def test_a_response_that_changes_the_answer_or_adds_to_it_is_asked_for_once_more(bad: str, code: str) -> None:
    row, requests = summarize(lambda r: GOOD if len(r.messages) > 1 else bad)
    assert row["responses"] == [GOOD] and len(requests) == 2
    row, requests = summarize(lambda r: bad)
    assert row["rejected_because"] == code and row["rejected_detail"] and len(requests) == 2


def test_one_of_two_may_be_lost() -> None:
    texts = (rationale(steps="first step"), rationale(steps="second step"))

    def reply(request: Request) -> str | Answer:
        return GOOD if "second step" in request.messages[0]["content"] else Answer(request, "", "llm_failed", "cut")

    row, _ = summarize(reply, texts)
    assert row["rejected_because"] is None and row["responses"] == [None, GOOD]


def test_one_that_contradicts_the_graph_is_not_asked_about() -> None:
    texts = (rationale(steps="first step"), rationale(steps="second step"))
    row, [request] = summarize(lambda r: GOOD, texts, held=(0,))
    assert row["responses"] == [None, GOOD] and "second step" in request.messages[0]["content"]


def test_a_spent_budget_rejects_the_row() -> None:
    assert summarize(lambda r: Answer(r, "", "over_budget", "cap"))[0]["rejected_because"] == "over_budget"
    assert summarize(lambda r: Answer(r, "", "llm_failed", "cut"))[0]["rejected_because"] == "llm_failed"
