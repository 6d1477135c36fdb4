"""Whether a row has the form that is trained: a list of messages to read, a list of messages to write. Rows may be of strangers."""

import reprlib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field, StrictStr, TypeAdapter, ValidationError

from dataset_builder.row import normalize

ROLES = "system, user, assistant, tool"
_FOUND = reprlib.Repr()
_FOUND.maxstring = _FOUND.maxother = 80
_EXPECTED = {  # of a prompt or completion, of a message in it, of the fields of a message
    "content": "a text (of a list of parts only the text, joined)",
    "role": f"one of {ROLES}",
    "message": "a message with role and content",
    "list": 'a list of at least one message: [{"role": "user", "content": "…"}]',
}


class _Message(BaseModel):
    role: Literal["system", "user", "assistant", "tool"]
    content: StrictStr


class _Row(BaseModel):
    prompt: list[_Message] = Field(min_length=1)
    completion: list[_Message] = Field(min_length=1)


class _Option(BaseModel):
    text: StrictStr


class _Question(BaseModel):
    question: StrictStr
    answer: StrictStr | None = None
    context: StrictStr | None = None
    options: list[_Option | StrictStr] | dict[str, StrictStr] | None = None


_ROW, _QUESTION = TypeAdapter(_Row), TypeAdapter(_Question)


def wrong_shape(row: Mapping[str, Any]) -> str | None:
    """Where prompt and completion are no messages: what was found at the first such place, and what is expected; else None.

    Plain texts are refused too: TRL trains them without the chat template, with which the model is asked later.
    """
    try:
        _ROW.validate_python(dict(row))
    except ValidationError as why:
        fault = why.errors(include_url=False)[0]
        column, *place = fault["loc"]
        if fault["type"] == "missing" and not place:
            return f"found no {column}; expected {_EXPECTED['list']}"
        found = "nothing" if fault["type"] == "missing" else _found(fault["input"])
        named = "".join(f", message {step + 1}" if isinstance(step, int) else f", {step}" for step in place)
        part = ["list", "message", *map(str, place[1:])][len(place)]
        return f"{column}{named}: found {found}; expected {_EXPECTED[part]}"
    return None


def question_of(row: Mapping[str, Any]) -> Mapping[str, Any] | str:
    """What this row asks, for the comparison with evaluation questions: its columns as `build` writes them, else its last turn.

    Also where the column `question` is not what the prompt asks: the prompt is trained.
    """
    asked = str(row["prompt"][-1]["content"])
    try:
        question = _QUESTION.validate_python(dict(row)).question
    except ValidationError:
        return asked
    return row if normalize(question) in normalize(asked) else asked


def _found(value: Any) -> str:
    return f"the {'empty ' if value == [] or value == '' else ''}{_KINDS.get(type(value), type(value).__name__)} {_FOUND.repr(value)}"


_KINDS = {str: "text", list: "list", dict: "object", type(None): "null"}
