"""The steps of a rationale, by offsets: the items of its lists, and its paragraphs.

Lines that are a heading alone, or have no word, are no step. Every other character that is no white space is in exactly one step.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_WORD = re.compile(r"\w")
_NUMBER = r"(?:\(?(?:\d{1,3}|[A-Z])[.)]|step\s+\d{1,3}\s?[.:)]?)"
# "2. Findings: …", "- …", "B) …", "Step 3: …", also in bold
_ITEM = re.compile(rf"\s*(?:\*\*)?(?:[-*•+–—]\s|{_NUMBER}(?:\*\*)?[\s:])", re.IGNORECASE)
# "## Thinking", "**Conclusion:**", "2. **Findings**", "Step 3:", "Reasoning Process:"
_HEADING_LINE = re.compile(
    rf"#{{1,6}}\s.*|(?:[-*•]\s+)?(?:{_NUMBER}\s*)?\*\*[^*]+\*\*(?:\s*:)?|\**step\s+\d{{1,3}}\s?[.:)]?\**"
    r"|(?:\d{1,2}[.)]\s*)?(?:finding reasoning paths|reasoning process|conclusion)(?:\s*:)?",
    re.IGNORECASE,
)


def step_spans(text: str) -> list[Span]:
    """(start, end) of every step, in order, without white space at its ends. Pure."""
    return [_stripped(text, start, end) for start, end in _blocks(text)]


def is_heading(line: str) -> bool:
    """Whether a line only names what follows, or only parts two sections (a rule, a fence)."""
    return not _WORD.search(line) or bool(_HEADING_LINE.fullmatch(line.strip()))


def _blocks(text: str) -> Iterator[Span]:
    """Lines that belong together: a new block begins with an item of a list, after an empty line, and after a heading."""
    begin, end, at = None, 0, 0
    for line in text.splitlines(keepends=True):
        parts = is_heading(line)
        if begin is not None and (parts or _ITEM.match(line)):
            yield begin, end
            begin = None
        if not parts:
            begin = at if begin is None else begin
            end = at + len(line)
        at += len(line)
    if begin is not None:
        yield begin, end


def _stripped(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
