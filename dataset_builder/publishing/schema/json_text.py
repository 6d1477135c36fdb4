"""Strict JSON of files that a stranger may have written: bounded in size and depth, without what only some parsers take."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

MAX_BYTES = 4_000_000  # a manifest has 10 to 100 kB
MAX_DEPTH = 50  # of lists and objects in each other; a manifest has 7
MAX_NUMBER = 2.0**63


def parse_json(text: bytes) -> Any:
    """The value of a JSON text.

    Raises ValueError, with what was found, for a text that is no UTF-8 or no JSON, larger than MAX_BYTES or deeper than MAX_DEPTH, or
    that has a name twice in an object, NaN, an infinite number, one of MAX_NUMBER or more, or half a character (a lone surrogate).
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"found {len(text):,} bytes; expected at most {MAX_BYTES:,}")
    too_deep = f"found lists or objects in each other, more than {MAX_DEPTH} deep"
    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_number,
            parse_float=_number,
            parse_int=_whole,
        )
    except RecursionError as why:
        raise ValueError(too_deep) from why
    level = [value]
    for _ in range(MAX_DEPTH):
        if not (level := [part for one in level for part in _parts(one)]):
            return value
    raise ValueError(too_deep)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"found the name {twice!r} twice in an object; expected it once")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"found {text}; expected finite numbers")


def _number(text: str) -> float:
    if abs(number := float(text)) >= MAX_NUMBER:
        raise ValueError(f"found the number {text[:40]}; expected numbers below 2^63")
    return number


def _whole(text: str) -> int:
    if len(text) > 20 or abs(number := int(text)) >= MAX_NUMBER:
        raise ValueError(f"found the number {text[:40]}; expected numbers below 2^63")
    return number


def _parts(value: Any) -> Iterable[Any]:
    """The values inside a value; its texts are checked."""
    if isinstance(value, str):
        _expect_whole_characters(value)
    elif isinstance(value, dict):
        for name in value:
            _expect_whole_characters(name)
        return value.values()
    return value if isinstance(value, list) else ()


def _expect_whole_characters(text: str) -> None:
    if has_half_character(text):
        raise ValueError(f"found half a character in {text[:40]!r}; expected text that can be written as UTF-8")


def has_half_character(text: str) -> bool:
    """Whether the text has a lone surrogate, so that it cannot be written as UTF-8."""
    return not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text)
