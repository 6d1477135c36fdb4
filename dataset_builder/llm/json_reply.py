"""Find the JSON object in a model's reply: bare, in a code fence, or after words. Strict: nothing is repaired."""

import contextlib
import json
import re
from typing import Any

from dataset_builder.answer_extraction.thoughts import without_thoughts

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)
_BRACES = re.compile(r'[{}]|"(?:[^"\\\n]|\\.)*"')


class NotJSON(ValueError):
    """The reply contains no JSON object, or more than one; the message is written for the model."""


def find_object(text: str) -> dict[str, Any]:
    """The one JSON object of a reply. Raises NotJSON.

    Tried in this order: the whole text; the content of a code fence; the objects at the outermost level of the text. Of
    these there must be exactly one, since of two objects it is unknown which one is meant.
    """
    text = without_thoughts(text)  # a reasoning model's draft is not its reply
    for candidate in (text, *(match[1] for match in _FENCE.finditer(text))):
        try:
            found = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
        raise NotJSON(f"expected one JSON object, found {type(found).__name__}")
    found = _objects(text)
    if len(found) != 1:
        raise NotJSON(f"expected one JSON object, found {len(found) or 'none that is complete'}")
    return found[0]


def _objects(text: str) -> list[dict[str, Any]]:
    """All complete objects at the outermost level. Braces in prose are skipped.

    A brace that never closes ends the search, so that no inner part of a truncated object is taken for the object.
    """
    objects, at = [], text.find("{")
    while 0 <= at < (end := _closing_brace(text, at)):
        with contextlib.suppress(ValueError, RecursionError):
            objects.append(json.loads(text[at:end]))
        at = text.find("{", end)
    return objects


def _closing_brace(text: str, at: int) -> int:
    """The position after the brace that closes the one at ``at``, without those in JSON strings; -1 if none."""
    depth = 0
    for token in _BRACES.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return -1
