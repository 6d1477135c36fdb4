"""Questions to be answered, with what a reward needs to know of them: the config `rl`."""

from collections.abc import Iterator, Mapping
from typing import Any

from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.prompt import stated_answer
from dataset_builder.row import HOP, PATH

AS_IN_QUESTION = ("id", "source", "answer", "answer_label", "answer_type", "options", "license")
MOST_OPTIONS = 26  # they have letters


def rl_rows(question: Mapping[str, Any], prompt: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """The question, unless a reward that reads final answers would not read its own gold answer."""
    if gold_answer_is_read(question):
        same = {name: question[name] for name in AS_IN_QUESTION}
        paths = [_whole(path) for path in question.get("paths") or ()]
        yield same | {"prompt": prompt, "paths": paths, "pass_rate": question.get("pass_rate")}


def _whole(path: Mapping[str, Any]) -> Mapping[str, Any]:
    """The path with all fields that this version knows: null where an earlier version has not written them."""
    relations = [relation for hop in path["hops"] for relation in hop]
    if path.keys() == PATH.keys() and all(relation.keys() == HOP.keys() for relation in relations):
        return path
    hops = [[{name: relation.get(name) for name in HOP} for relation in hop] for hop in path["hops"]]
    return {name: path.get(name) for name in PATH} | {"hops": hops}


def gold_answer_is_read(question: Mapping[str, Any]) -> bool:
    """Whether the gold answer, in the words with which completions end, is read as its label. Nothing is asked of open questions."""
    options = {option["label"]: option["text"] for option in question["options"]}
    if not options:
        return True
    if question["answer"] is None or question["answer_label"] not in options or len(options) > MOST_OPTIONS:
        return False
    return extract(stated_answer(question), options).label == question["answer_label"]
