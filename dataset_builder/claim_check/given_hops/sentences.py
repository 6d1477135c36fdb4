"""A text as steps (its lines) and their sentences, by offsets."""

from collections.abc import Iterator

from kg.fold import tokens

Span = tuple[int, int]


def sentences(text: str) -> Iterator[list[Span]]:
    """Per line with words, the (start, end) of each of its sentences, including the full stop."""
    begin = 0
    for line in text.splitlines(keepends=True):
        ends = [begin + token.end() for token in tokens(line) if token.lastgroup == "end"]
        starts = [begin, *ends]
        spans = [(a, b) for a, b in zip(starts, [*ends, begin + len(line)], strict=True) if text[a:b].strip()]
        if spans:
            yield [_stripped(text, *span) for span in spans]
        begin += len(line)


def _stripped(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
