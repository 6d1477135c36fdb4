"""Claims that need no reading: a sentence of the graph quoted word by word, and a path on a line ("A ←target— B —indication→ C")."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from dataset_builder.claim_check.parsing import Name
from dataset_builder.claim_check.relations import Statement
from dataset_builder.claim_check.words import ASSOCIATED, EXPRESSED, INTERACTS, PARENT, PRESENT
from kg.phrases import PHRASES

if TYPE_CHECKING:
    from kg import KG

Edge = tuple[int, int, str]  # the two nodes, the display_relation
Found = tuple[int, int, Statement]  # the (start, end) of the sentence, and what it says
# what kg.csv calls these is the denial of another relation, or another name of it
DENIALS = {"phenotype absent": PRESENT, "expression absent": EXPRESSED}
SAME = {"ppi": INTERACTS, "synergistic interaction": INTERACTS, "linked to": ASSOCIATED, "is a": PARENT}
SAME |= {display: PRESENT for relation, display in PHRASES if relation == "disease_phenotype_positive"}
_LABELS = frozenset(display for _, display in PHRASES)
_ARROW = re.compile(r"\s*(?:←([^←→—\n]+)—|—([^←→—\n]+)[→—])\s*")  # prompt.ARROWS
_LINE = re.compile(r"^.*[←→].*$", re.MULTILINE)
_BEFORE = re.compile(r"(?:^|[.:;]\s|\n)[\s\d.)*•-]*\Z")
_AND = " and "


def quotes(text: str, statements: Mapping[str, Edge], kg: "KG") -> Iterator[Found]:
    """The ``statements`` (the graph's own words for its edges) that are whole sentences of the text, or joined to one by "and"."""
    known = [words.lower() for words in statements]
    for words, (a, b, relation) in statements.items():
        for match in re.finditer(re.escape(words), text, re.IGNORECASE):
            start, end = match.span()
            if _is_whole(text, start, end, known):
                first, second = kg.name_of(a).lower(), kg.name_of(b).lower()
                at = _two(match[0].lower(), first, second)
                ends = [
                    Name(start + begin, start + begin + len(name), (node,), frozenset([kg.type_of(node)]))
                    for node, name, begin in ((a, first, at[0]), (b, second, at[1]))
                ]
                ends.sort(key=lambda end: end.start)
                yield start, end + text.startswith(".", end), _statement(ends[0], ends[1], relation)


def _is_whole(text: str, start: int, end: int, known: Sequence[str]) -> bool:
    """Whether the sentence has nothing else: "it is not true that …" would turn a quotation round. ``known``: in small letters."""
    after = re.match(r"\.|\s*(?:\n|\Z)", text[end : end + 40])
    joined = any(text[end : end + len(_AND + other)].lower() == _AND + other for other in known)
    follows = any(text[max(0, start - len(other + _AND)) : start].lower() == other + _AND for other in known)
    return bool((after or joined) and (follows or _BEFORE.search(text, max(0, start - 40), start)))


def _two(words: str, first: str, second: str) -> tuple[int, int]:
    """Where the two names stand, which may be parts of each other."""
    forward = words.find(first), words.rfind(second)
    backward = words.rfind(first), words.find(second)
    return forward if forward[0] + len(first) <= forward[1] else backward


def arrows(names: Sequence[Name], text: str) -> Iterator[Found]:
    """Of each two names with nothing but an arrow between, the relations that stand at the arrow. The sentence is the whole path."""
    hops = [(a, b, match) for a, b in pairwise(names) if (match := _ARROW.fullmatch(text, a.end, b.start))]
    start: dict[Name, int] = {}
    for a, b, _ in hops:
        start[b] = start.get(a, a.start)
    end: dict[Name, int] = {}
    for a, b, _ in reversed(hops):
        end[a] = end.get(b, b.end)
    for a, b, match in hops:
        for relation in (match[1] or match[2]).split(" / "):
            if relation in _LABELS:
                yield start[b], end[a], _statement(a, b, relation)


def _statement(a: Name, b: Name, relation: str) -> Statement:
    mode = "denied" if relation in DENIALS else "stated"
    return Statement(a, b, DENIALS.get(relation, SAME.get(relation, relation)), mode)


def without(text: str, found: Sequence[Found]) -> str:
    """The text with blanks in place of what needs no reading, and of lines with arrows; all offsets stay."""
    spans = [(start, end) for start, end, _ in found] + [match.span() for match in _LINE.finditer(text)]
    kept, at = [], 0
    for start, end in sorted(spans):
        if end > at:  # they may overlap
            kept += [text[at : max(start, at)], " " * (end - max(start, at))]
            at = end
    return "".join(kept) + text[at:]
