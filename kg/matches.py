"""Phrases of folded words, their matches in a text, and small dictionaries of names that a caller passes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kg import fold
from kg.tables import is_symbol


@dataclass(slots=True)
class Phrase:
    """What a sequence of folded words means: nodes in any case, nodes by exact spelling, a blocker, a negation cue."""

    size: int
    vertices: list[int] = field(default_factory=list)
    exact: dict[str, list[int]] = field(default_factory=dict)
    blocks: bool = False
    cue: str = ""


OwnNames = dict[str, list[tuple[tuple[str, ...], Phrase]]]  # by first word


class Match(NamedTuple):
    """A phrase at the tokens first..last of a text, and the vertices that its spelling there names."""

    first: int
    last: int
    phrase: Phrase
    vertices: list[int]


def own_names(names: Iterable[tuple[str, int]], types: Sequence[str]) -> OwnNames:
    """A small dictionary of these names of vertices, stop words included; Roman numerals are numbers here ("type II").

    ``types``: of all vertices.
    """
    phrases: dict[tuple[str, ...], Phrase] = {}
    for name, vertex in names:
        for spelled in _spellings(name):
            key = tuple(fold.ROMAN.get(word, word) for word in key_of(spelled))
            phrase = phrases.setdefault(key, Phrase(len(key)))
            same = phrase.vertices
            if fold.is_exact_case(spelled) or is_symbol(spelled, types[vertex]):
                same = phrase.exact.setdefault(spelled, [])
            if vertex not in same:
                same.append(vertex)
    own: OwnNames = {}
    for key, phrase in phrases.items():
        if key:
            own.setdefault(key[0], []).append((key, phrase))
    return own


def key_of(name: str) -> tuple[str, ...]:
    """A name's folded words, clause marks included."""
    return tuple([fold.key_word(token[0]) for token in fold.tokens(name)])


def _spellings(name: str) -> Iterator[str]:
    """Spellings of a name in a sentence: without a final note in brackets, inverted MeSH names in usual order."""
    plain = name.removesuffix(" (disease)")
    yield plain
    if plain.endswith(")") and len(short := plain[: plain.rfind("(")].strip()) > 3:
        yield short
    if ", " in plain:
        yield " ".join(reversed(plain.split(", ")))


def own_in(own: OwnNames, words: Sequence[str]) -> Iterator[tuple[int, int, Phrase]]:
    """First word, last word and phrase of every own name among these folded words."""
    words = [fold.ROMAN.get(word, word) for word in words]
    for i, word in enumerate(words):
        for key, phrase in own.get(word, ()):
            if tuple(words[i : i + len(key)]) == key:
                yield i, i + len(key) - 1, phrase


def with_own(names: Sequence[Match], own: Iterable[Match]) -> list[Match]:
    """The own names first, each followed by the dictionary's vertices for the same words; then the other matches."""
    there = {(match.first, match.last): match for match in names}
    first = {}
    for match in own:
        if match.vertices:
            known = there.get((match.first, match.last))
            others = [v for v in known.vertices if v not in match.vertices] if known else []
            first[match.first, match.last] = match._replace(vertices=match.vertices + others)
    return [*first.values(), *(match for place, match in there.items() if place not in first)]
