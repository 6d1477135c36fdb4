"""The options of a question, in the forms in which public datasets write them.

A form that is not known gives no options: nothing is guessed, since a wrong option makes a wrong gold answer.
"""

import ast
import json
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

LETTERS = string.ascii_uppercase
Option = dict[str, str]  # label and text

# HLE writes its options into the question: a line "Answer Choices:", then lines that begin "A. ", "B. ", …
LISTED_OPTION = re.compile(r"^[ \t]*([A-Z])\.[ \t]+", re.MULTILINE)
# "A. text", "(B) text", "c) text", "D: text"; MedQA's copies also have "A.: text"
LINE = re.compile(r"^[ \t]*(?:[-*][ \t]+)?(?:\(([A-Za-z])\)|([A-Za-z])(?:[.):]))[.:]?[ \t]+(?=\S)", re.MULTILINE)
INLINE = re.compile(r"(?:^|(?<=[\s;,]))(?:\(([A-Z])\)|([A-Z])[.):])[.:]?[ \t]*(?=\S)")
HEADING = re.compile(  # of a text without blanks at its end
    r"(?:^|\n)[ \t]*\*{0,2}(?:answer choices|answer options|options|choices)\*{0,2}(?:[ \t]*:)?\*{0,2}\Z",
    re.IGNORECASE,
)
LEADING_HEADING = re.compile(
    r"\A\s*\*{0,2}(?:answer choices|answer options|options|choices)\*{0,2}[ \t]*:\*{0,2}\s*", re.IGNORECASE
)
BEFORE_INLINE = re.compile(r"[?:.\n][ \t\"')]*\Z")  # what stands before the options of a question in one line
LABELS, TEXTS = ("label", "key", "letter", "id"), ("text", "value", "content", "option")
MAX_LITERAL = 20_000  # characters of a text that may be a Python literal; options are shorter


def labelled(options: Any) -> list[Option]:
    """Labelled options, from a dict by label or a list in order.

    Parquet gives absent labels as null: these are left out.
    """
    if isinstance(options, (list, tuple)) and len(options) <= len(LETTERS):
        options = dict(zip(LETTERS, options, strict=False))
    if not isinstance(options, Mapping):
        return []
    return [{"label": str(label), "text": text_of(text)} for label, text in options.items() if text is not None]


def after_heading(text: str) -> tuple[str, dict[str, str]]:
    """The stem, and the options that are listed after it; none where their letters are not A, B, C and so on."""
    stem, _, listed = text.rpartition("Answer Choices:")
    before, *parts = LISTED_OPTION.split(listed)
    labels, texts = parts[::2], [part.strip() for part in parts[1::2]]
    if not stem or before.strip() or labels != list(LETTERS[: len(labels)]):
        return text, {}
    return stem.strip(), dict(zip(labels, texts, strict=True))


def read_options(value: Any) -> list[Option] | None:
    """The options of a value in any known form: a dict by label, ``{"label": [...], "text": [...]}``, a list of texts or of dicts, one
    text with labelled lines or with labels in one line, or such a dict or list as JSON or as Python writes it.

    None: the value has none (null, an empty text, list or dict). Empty: it has something, in a form that is not known.
    """
    if value is None or (isinstance(value, (str, list, tuple, Mapping)) and not value):
        return None
    if isinstance(value, str):
        return _of_text(value) if value.strip().lower() not in ("", "none", "null", "n/a", "[]", "{}") else None
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if isinstance(value, (list, tuple)) and all(isinstance(one, Mapping) for one in value):
        return _of_dicts(value)
    return _unless_empty(labelled(value)) if isinstance(value, (list, tuple)) else []


def split_options(question: str) -> tuple[str, list[Option]]:
    """The stem of a question, and the options that stand at its end, in lines of their own or in one line; none: the question as it is."""
    for pattern, least in ((LINE, 2), (INLINE, 3)):
        starts = [found for found in pattern.finditer(question) if _letter(found) == "A"]
        for start in reversed(starts):
            stem, rest = question[: start.start()], question[start.start() :]
            if pattern is INLINE and not BEFORE_INLINE.search(stem):
                continue
            if len(options := _in_order(rest, pattern)) >= least:
                return HEADING.sub("", stem.rstrip()).strip(), options
    return question, []


def text_of(value: Any) -> str:
    """A text or a number, without blanks around it; empty for anything else, including NaN."""
    is_text = isinstance(value, (str, int, float)) and not isinstance(value, bool) and value == value
    return str(value).strip() if is_text else ""


def _of_mapping(value: Mapping[Any, Any]) -> list[Option] | None:
    label, text = (
        next((name for name in names if isinstance(value.get(name), (list, tuple))), None) for names in (LABELS, TEXTS)
    )
    if label and text and len(value[label]) == len(value[text]):
        return _unless_empty(labelled(dict(zip(map(str, value[label]), value[text], strict=True))))
    if any(isinstance(one, (list, tuple, Mapping)) for one in value.values()):
        return []
    return labelled(value) or None  # parquet gives a dict of nulls where a row has none


def _of_dicts(value: Sequence[Mapping[Any, Any]]) -> list[Option]:
    options = []
    for letter, one in zip(LETTERS, value, strict=False):
        label = next((one[name] for name in LABELS if one.get(name) is not None), letter)
        text = next((one[name] for name in TEXTS if one.get(name) is not None), None)
        options.append({"label": text_of(label), "text": text_of(text)})
    return options if len(value) <= len(LETTERS) and len({one["label"] for one in options}) == len(options) else []


def _of_text(text: str) -> list[Option]:
    if text.lstrip()[:1] in ("{", "[") and (literal := _literal(text.strip())) is not None:
        return read_options(literal) or []
    listed = LEADING_HEADING.sub("", text)
    for pattern in (LINE, INLINE):
        first = pattern.match(listed.lstrip())
        if first and _letter(first) == "A" and len(options := _in_order(listed.lstrip(), pattern)) >= 2:
            return options
    return []


def _literal(text: str) -> Any:
    """The dict or list that a text is as JSON, or as Python writes it; None where it is neither."""
    if len(text) > MAX_LITERAL:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, (dict, list)) else None


def _in_order(text: str, pattern: re.Pattern[str]) -> list[Option]:
    """The options of a text that begins with the first label: A, B, C and so on, each label once, none without a text; else none.

    A label that comes twice is ambiguous: "A. spread by B. burgdorferi B. flu".
    """
    found = list(pattern.finditer(text))
    if not found or found[0].start():
        return []
    expected = [one for number, one in enumerate(found) if number < len(LETTERS)]
    labels = [_letter(one) for one in expected]
    if labels != list(LETTERS[: len(labels)]) or len(found) > len(LETTERS):
        return []
    ends = [one.start() for one in expected[1:]] + [len(text)]
    texts = [
        text[one.end() : end].partition("\n\n")[0].strip().rstrip(";,").strip()
        for one, end in zip(expected, ends, strict=True)
    ]
    return [{"label": label, "text": one} for label, one in zip(labels, texts, strict=True)] if all(texts) else []


def _letter(found: re.Match[str]) -> str:
    return (found[1] or found[2]).upper()


def _unless_empty(options: list[Option]) -> list[Option]:
    return options if any(option["text"] for option in options) else []
