"""Publish each kept rationale as a row of its own, in three configs of one dataset (ReasonMed, three training sets).

`reasonmed`: rationale and response; `cot`: the rationale; `response`: the response. The paper's three files have neither id,
gold answer nor tier, and without configs a bare `load_dataset` mixes them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataset_builder.prompt import question_of, render
from dataset_builder.row import COLUMNS, UNROLLED, as_features

if TYPE_CHECKING:
    from datasets import Features

FORMS: dict[str, Callable[[str, str], str]] = {
    "reasonmed": lambda rationale, response: f"## Thinking\n\n{rationale}\n\n## Final Response\n\n{response}",
    "cot": lambda rationale, response: rationale,
    "response": lambda rationale, response: response,
}
FROM_QUESTION = ("source", "question", "options", "answer", "answer_label", "tier", "pass_rate")
NAMES = ("id", *FROM_QUESTION, "model", "prompt", "completion", "verdict", "scores")


def unrolls(columns: Sequence[str]) -> bool:
    """Whether rows with these columns have several rationales each."""
    return "rationales" in columns and "responses" in columns


def unrolled_types() -> "Features":
    """The columns of the unrolled configs."""
    return as_features({name: UNROLLED.get(name) or COLUMNS[name] for name in NAMES})


def unrolled(questions: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of the configs by name, from published rows of questions, in their order."""
    rows = [row for question in questions for row in _rows(question)]
    return {name: [_as(row, form) for row in rows] for name, form in FORMS.items()}


def ids_of(question: Mapping[str, Any]) -> list[str]:
    """``<question id>#<k>`` of every rationale that has a response.

    ``k`` is its place in the question's row, counted from 1.
    """
    return [f"{question['id']}#{k}" for k, response in enumerate(question["responses"], 1) if response]


def prompt_of(question: Mapping[str, Any]) -> list[dict[str, str]]:
    """The question as the user's turn: as in its row, where the row has it."""
    return question.get("prompt") or [{"role": "user", "content": render("question", **question_of(question))}]


def _rows(question: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    same = {name: question[name] for name in FROM_QUESTION} | {"prompt": prompt_of(question)}
    parts = zip(question["rationales"], question["responses"], question["scores"], strict=True)
    for id_, (rationale, response, scores) in zip(ids_of(question), (part for part in parts if part[1]), strict=True):
        own = {"id": id_, "model": rationale["model"], "verdict": rationale["verdict"], "scores": scores}
        yield same | own | {"completion": (rationale["text"], response)}


def _as(row: dict[str, Any], form: Callable[[str, str], str]) -> dict[str, Any]:
    text = form(*row["completion"])
    return {name: row[name] for name in NAMES} | {"completion": [{"role": "assistant", "content": text}]}
