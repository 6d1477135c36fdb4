"""Question and answer restated: every node on exactly one side, by number."""

import json

import pytest

from dataset_builder.llm.model import LLM
from dataset_builder.stages.restate_question import Restatement, fault, named_nodes, restate_question
from tests.support.converse import converse

NODES = [
    (0, 7, "gout", "disease"),
    (1, 8, "Fever", "effect/phenotype"),
    (2, 9, "Colchicine", "drug"),
    (3, 7, "gout", "disease"),
]


def row(nodes=NODES, negated: tuple[int, ...] = ()) -> dict:
    mentions = [{"place": "question", "negated": i in negated} for i in range(4)]
    found = [{"mention": m, "node": n, "name": name, "type": type_} for m, n, name, type_ in nodes]
    options = [{"label": "A", "text": "Colchicine"}, {"label": "B", "text": "Aspirin"}]
    return {"question": "What treats gout?", "context": None, "options": options, "answer_type": "choice", "gold_text": "Colchicine.",
            "mentions": mentions, "nodes": found}  # fmt: skip


def reply(question: list[int], answer: list[int]) -> str:
    return json.dumps(
        {
            "question": {"text": "A man has gout.", "numbers": question},
            "answer": {"text": "Colchicine. ", "numbers": answer},
        }
    )


def restate(row: dict, *replies: str):
    said = iter(replies)
    columns, requests = converse(
        restate_question.using(llm=LLM("m")), {k: [v] for k, v in row.items()}, lambda _: next(said)
    )
    return {name: values[0] for name, values in columns.items()}, requests


def test_numbers_become_nodes() -> None:
    done, requests = restate(row(), reply([1, 2], [3]))
    assert done["restated"] == {
        "question": "A man has gout.",
        "answer": "Colchicine.",
        "question_nodes": [7, 8],
        "answer_nodes": [9],
    }
    prompt = requests[0].messages[-1]["content"]
    assert "Entities:\n1. gout (disease)\n2. Fever (effect/phenotype)\n3. Colchicine (drug)\n" in prompt
    assert "<question>\nWhat treats gout?\n\nA. Colchicine\nB. Aspirin\n" in prompt
    assert "<answer>\nColchicine.\n</answer>" in prompt


def test_a_denied_mention_gives_no_node_unless_another_one_does() -> None:
    assert [n["node"] for n in named_nodes(row(negated=(1,))["mentions"], row()["nodes"])] == [7, 9]
    assert [n["node"] for n in named_nodes(row(negated=(0,))["mentions"], row()["nodes"])] == [8, 9, 7]


@pytest.mark.parametrize(
    ("question", "answer", "complaint"),
    [
        ([1, 2], [], 'no entity was given to "answer"'),
        ([], [1, 2, 3], 'no entity was given to "question"'),
        ([1], [3], "entity 2 stands in neither list"),
        ([1, 2], [2, 3], "entity 2 stands in both lists, or twice"),
        ([1, 1, 2], [3], "entity 1 stands in both lists, or twice"),
        ([1, 2], [3, 4], "there is no entity 4; the list goes from 1 to 3"),
        ([0, 1, 2], [3], "there is no entity 0"),
    ],
)
def test_a_wrong_division_is_said_and_asked_for_again(question: list[int], answer: list[int], complaint: str) -> None:
    assert complaint in (fault(Restatement.model_validate_json(reply(question, answer)), 3) or "")
    done, requests = restate(row(), reply(question, answer), reply([1, 2], [3]))
    assert done["rejected_because"] is None
    assert complaint in requests[1].messages[-1]["content"]


def test_three_wrong_divisions_reject() -> None:
    done, _ = restate(row(), *[reply([1], [3])] * 3)
    assert (done["rejected_because"], done["restated"]) == ("bad_json", None)


def test_an_empty_text_is_a_fault() -> None:
    empty = Restatement.model_validate(
        {"question": {"text": " ", "numbers": [1]}, "answer": {"text": "x", "numbers": [2]}}
    )
    assert fault(empty, 2) == 'the text of "question" is empty'


def test_one_node_cannot_be_divided_and_nobody_is_asked() -> None:
    done, requests = restate(row(nodes=[NODES[0], NODES[3]]))
    assert (done["rejected_because"], requests) == ("no_path", [])
