"""Abbreviations that a text defines itself, "thrombotic thrombocytopenic purpura (TTP)": there they mean nothing else.

Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text" (2003).
"""

import re

Span = tuple[int, int]
_BRACKETS = re.compile(r"\(([A-Za-z][A-Za-z0-9-]{1,9})\)")
_WORD = re.compile(r"[^\s-]+")


def defined(text: str) -> dict[str, Span]:
    """By abbreviation the (start, end) of the words that it stands for."""
    found: dict[str, Span] = {}
    for match in _BRACKETS.finditer(text):
        short = match[1]
        if sum(map(str.isupper, short)) > 1 and (long := _long_form(text, short, match.start())):
            found.setdefault(short, long)
    return found


def _long_form(text: str, short: str, end: int) -> Span | None:
    """The shortest run of words before ``end`` that has the abbreviation's letters in order, the first at the start of a word."""
    letters = [letter for letter in short.lower() if letter.isalnum()]
    words = list(_WORD.finditer(text, max(0, end - 120), end))[-min(len(letters) + 5, 2 * len(letters)) :]
    if not words:
        return None
    at = words[-1].end()
    last, begin = at, words[0].start()
    for number, letter in enumerate(reversed(letters)):
        first = number == len(letters) - 1
        at -= 1
        while at >= begin and (text[at].lower() != letter or (first and at > begin and text[at - 1].isalnum())):
            at -= 1
        if at < begin:
            return None
    return (at, last) if short.lower() not in text[at:last].lower().split() else None
