"""Questions to be answered, with what a reward needs to know of them: the config `rl`."""

from collections.abc import Iterator, Mapping
from typing import Any

from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.stages.to_messages import stated_answer

AS_IN_QUESTION = ("id", "source", "answer", "answer_label", "answer_type", "license")
MOST_OPTIONS = 26  # they have letters


def rl_rows(question: Mapping[str, Any], prompt: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """The question, unless a reward that reads final answers would not read its own gold answer."""
    if gold_answer_is_read(question):
        same = {name: question[name] for name in AS_IN_QUESTION}
        found = {name: question.get(name) for name in ("paths", "pass_rate")}
        yield same | {"prompt": prompt, "options": question["options"], **found, "paths": found["paths"] or []}


def gold_answer_is_read(question: Mapping[str, Any]) -> bool:
    """Whether the gold answer, in the words with which completions end, is read as its label. Nothing is asked of open questions."""
    options = {option["label"]: option["text"] for option in question["options"]}
    if not options:
        return True
    if question["answer"] is None or question["answer_label"] not in options or len(options) > MOST_OPTIONS:
        return False
    return extract(stated_answer(question), options).label == question["answer_label"]
