"""Node names found in a text without a model: one Aho-Corasick pass over folded words, longest match first.

Words are folded as in fold.py, so "Tumours" finds "tumor"; abbreviations and gene symbols must match in exact case. Matches are
within one sentence. Reviewed word lists (kg/words) stop names that are ordinary words, block phrases that contain a wrong name
("blood pressure") and contain the cues of negation, which is a flag of a mention and not a reason to drop it.
Measured by benchmarks/mentions.py and benchmarks/mention_labels.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from re import Match as Token
from typing import TYPE_CHECKING

import ahocorasick

from kg import fold
from kg.heads import is_another
from kg.linker import Linker, read_aliases
from kg.matches import Match, OwnNames, Phrase, key_of, own_in, own_names, with_own
from kg.tables import DISEASE, PHENOTYPE, is_symbol, rank

if TYPE_CHECKING:
    from kg.primekg import Nodes


@dataclass(frozen=True)
class Mention:
    """A span of a text that names nodes: their public indexes, those of the mention's type first."""

    start: int
    end: int
    text: str
    type: str
    nodes: tuple[int, ...]
    negated: bool


class MentionFinder:
    """Dictionary of a graph's names and the reviewed aliases; built once, then find() is one pass over the words."""

    def __init__(self, nodes: Nodes, linker: Linker | None = None) -> None:
        self._nodes = nodes
        self._phrases: dict[tuple[str, ...], Phrase] = {}
        self._stopped: dict[str, int] = {}  # gene symbols that are stop words
        self._add_names({row[0] for row in fold.read_words("stop.tsv")})
        self._linker = linker or Linker(nodes)
        self._add_aliases(self._linker)
        for (blocker,) in fold.read_words("blockers.txt"):
            self._block(blocker)
        for cue, kind in fold.read_words("negation.tsv"):
            self._phrase(cue).cue = kind
        self._automaton = self._build_automaton()

    def find(self, text: str, own: OwnNames | None = None) -> list[Mention]:
        """Mentions of a text in order of their start; they do not overlap.

        ``own``: names that count before the dictionary's; gene symbols that are stop words ("NHS") count with them.
        """
        tokens = list(fold.tokens(text))
        words = [fold.key_word(token[0]) for token in tokens]
        names = [Match(*match, _vertices(match, tokens, text)) for match in self._phrases_in(words)]
        if own:
            names = with_own(names, [Match(*m, _vertices(m, tokens, text)) for m in own_in(own, words)])
            names += [
                Match(i, i, Phrase(1), [v])
                for i, t in enumerate(tokens)
                if (v := self._stopped.get(t[0])) is not None and not any(m.first == m.last == i for m in names)
            ]
        chosen = _longest(match for match in names if match.vertices or match.phrase.blocks)
        named = {i for match in chosen for i in range(match.first, match.last + 1)}
        cues = _longest(match for match in names if match.phrase.cue and match.first not in named)
        negated = _negated(tokens, cues)
        found = []
        for match in chosen:
            if match.phrase.blocks:
                continue
            mention = self._mention(text, tokens, match, negated)
            if not is_another(mention.type, words, tokens, text, match.first, match.last):
                found.append(mention)
        return found

    def own_names(self, names: Iterable[tuple[str, int]]) -> OwnNames:
        """A small dictionary of these names of vertices, for ``find``."""
        return own_names(names, self._nodes.type)

    def aliases_of(self, vertex: int) -> list[str]:
        """The reviewed aliases that mean this vertex."""
        return self._aliases_of.get(vertex, [])

    @cached_property
    def _aliases_of(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for alias in read_aliases():
            for vertex in self._linker.resolve(alias):
                found.setdefault(vertex, []).append(alias.text)
        return found

    def _phrases_in(self, words: Sequence[str]) -> Iterator[tuple[int, int, Phrase]]:
        """First token, last token and phrase of all matches; spaces around every word restrict them to whole words."""
        last_of = {end: i for i, end in enumerate(accumulate(len(word) + 1 for word in words))}
        for end, phrase in self._automaton.iter(f" {' '.join(words)} "):
            yield last_of[end] - phrase.size + 1, last_of[end], phrase

    def _mention(self, text: str, tokens: Sequence[Token[str]], match: Match, negated: set[int]) -> Mention:
        start, end = tokens[match.first].start(), tokens[match.last].end()
        vertices = sorted(match.vertices, key=lambda v: rank(self._nodes.type[v]))
        indexes = tuple(dict.fromkeys(int(self._nodes.index[v]) for v in vertices))
        type_ = self._nodes.type[vertices[0]]
        return Mention(start, end, text[start:end], type_, indexes, match.first in negated)

    def _add_names(self, stopped: set[str]) -> None:
        nodes = self._nodes
        for vertex, (name, type_) in enumerate(zip(nodes.name, nodes.type, strict=True)):
            if len(name) < 3 or name in stopped or name.lower() in stopped:
                if len(name) > 2 and is_symbol(name, type_) and name.isupper():
                    self._stopped.setdefault(name, vertex)
                continue
            self._add(name, type_, [vertex])
            if ", " in name and type_ in (DISEASE, PHENOTYPE):  # MeSH order: "Purpura, Thrombocytopenic, Idiopathic"
                self._add(" ".join(reversed(name.split(", "))), type_, [vertex])

    def _add_aliases(self, linker: Linker) -> None:
        for alias in read_aliases():
            if vertices := linker.resolve(alias):
                self._add(alias.text, alias.type, vertices)
            elif (
                " " in alias.text
            ):  # "hepatitis C" is not the graph's "hepatitis", even where it has no node of its own
                self._block(alias.text)

    def _block(self, text: str) -> None:
        phrase = self._phrase(text)
        phrase.blocks = not phrase.vertices

    def _add(self, name: str, type_: str, vertices: list[int]) -> None:
        phrase = self._phrase(name.removesuffix("(disease)"))
        same = phrase.vertices
        if fold.is_exact_case(name) or is_symbol(name, type_):
            same = phrase.exact.setdefault(name, [])
        same.extend(v for v in vertices if v not in same)

    def _phrase(self, name: str) -> Phrase:
        key = key_of(name)
        phrase = self._phrases.get(key)
        if phrase is None:
            phrase = self._phrases[key] = Phrase(len(key))
        return phrase

    def _build_automaton(self) -> ahocorasick.Automaton:
        automaton = ahocorasick.Automaton()
        for key, phrase in self._phrases.items():
            if key:
                automaton.add_word(f" {' '.join(key)} ", phrase)
        automaton.make_automaton()
        return automaton


def _vertices(match: tuple[int, int, Phrase], tokens: Sequence[Token[str]], text: str) -> list[int]:
    first, last, phrase = match
    if not phrase.exact:
        return phrase.vertices
    return phrase.vertices + phrase.exact.get(text[tokens[first].start() : tokens[last].end()], [])


def _longest(matches: Iterable[Match]) -> list[Match]:
    """The matches chosen by length, then from the left, so that none overlaps one chosen before."""
    taken: set[int] = set()
    chosen = []
    for match in sorted(matches, key=lambda m: (m.first - m.last, m.first)):
        span = range(match.first, match.last + 1)
        if taken.isdisjoint(span):
            taken.update(span)
            chosen.append(match)
    return sorted(chosen)


def _negated(tokens: Sequence[Token[str]], cues: Sequence[Match]) -> set[int]:
    """Tokens in the scope of a cue: after it ("no"), or before it ("is absent"), up to the next terminator or end."""
    negated: set[int] = set()
    if not any(match.phrase.cue in ("before", "after") for match in cues):
        return negated
    starts = {match.first: match for match in cues}
    clause, open_ = 0, False
    for i, token in enumerate(tokens):
        cue = starts[i].phrase.cue if i in starts else ""
        if cue == "stop" or token.lastgroup == "end" or token[0] == ";":
            clause, open_ = i + 1, False
        elif cue == "before":
            open_ = True
        elif cue == "after":
            negated.update(range(clause, i))
        if open_:
            negated.add(i)
    return negated
