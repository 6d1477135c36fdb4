"""Node names and their exact synonyms found in a text without a model: one Aho-Corasick pass over folded words, longest match first.

Words are folded as in fold.py, so "Tumours" finds "tumor"; abbreviations and gene symbols must match in exact case. Matches are
within one sentence. Reviewed word lists (kg/words) stop names that are ordinary words, block phrases that contain a wrong name
("blood pressure") and contain the cues of negation and of family history, which are flags of a mention and no reason to drop it.
A name is dropped where the word beside it makes it another thing (heads.py), and an abbreviation where the text defines it as
something that the graph does not have (abbreviations.py).
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
from kg.abbreviations import defined, may_mean
from kg.cues import negated, of_family
from kg.heads import is_another
from kg.linker import Linker, read_aliases
from kg.matches import Match, OwnNames, Phrase, key_of, own_in, own_names, with_own
from kg.tables import DISEASE, DRUG, GENE, PHENOTYPE, is_symbol, rank, readings

if TYPE_CHECKING:
    from kg.contents import Nodes


@dataclass(frozen=True)
class Mention:
    """A span of a text that names nodes: their public indexes, those of the mention's type first.

    ``family``: it is said of a relative. ``means``: for an abbreviation that the text defines in another sense than the dictionary's,
    the words that define it; by these it is linked.
    """

    start: int
    end: int
    text: str
    type: str
    nodes: tuple[int, ...]
    negated: bool
    family: bool = False
    means: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is said of the patient, and not denied."""
        return not (self.negated or self.family)


class MentionFinder:
    """Dictionary of a graph's names and the reviewed aliases; built once, then find() is one pass over the words."""

    def __init__(self, nodes: Nodes, linker: Linker | None = None) -> None:
        self._nodes = nodes
        self._phrases: dict[tuple[str, ...], Phrase] = {}
        self._stopped: dict[str, int] = {}  # gene symbols that are stop words
        self._linker = linker or Linker(nodes)
        stopped = {row[0] for row in fold.read_words("stop.tsv")}
        self._add_names(stopped)
        self._add_synonyms(stopped)
        self._add_aliases(self._linker)
        for (blocker,) in fold.read_words("blockers.txt"):
            self._block(blocker)
        for cue, kind in fold.read_words("negation.tsv"):
            self._phrase(cue).cue = kind
        self._automaton = self._build_automaton()

    def find(self, text: str, own: OwnNames | None = None, context: str = "") -> list[Mention]:
        """Mentions of a text in order of their start; they do not overlap.

        ``own``: names that count before the dictionary's; gene symbols that are stop words ("NHS") count with them. ``context``:
        more text, where abbreviations of this one may be defined.
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
        flags = negated(tokens, cues), of_family(words)
        chosen = [match for match in chosen if not match.phrase.blocks]
        senses = self._senses(chosen, tokens, f"{text}\n{context}") if "(" in text or context else {}
        found = []
        for match in chosen:
            means = ""
            if senses and match.first == match.last and (sense := senses.get(tokens[match.first][0])):
                means, vertices = sense
                if not vertices:
                    continue
                match = match._replace(vertices=vertices)
            mention = self._mention(text, tokens, match, flags, means)
            if not is_another(mention.type, words, tokens, text, match.first, match.last):
                found.append(mention)
        return found

    def _senses(
        self, chosen: Sequence[Match], tokens: Sequence[Token[str]], text: str
    ) -> dict[str, tuple[str, list[int]]]:
        """For every mention that ``text`` defines as an abbreviation of something else: the definition, and what that names."""
        single = [(tokens[match.first][0], match) for match in chosen if match.first == match.last]
        short = {word: match for word, match in single if not word.islower() and f"({word})" in text}
        if not short:
            return {}
        found = {}
        for word, (start, end) in defined(text).items():
            if match := short.get(word):
                vertices, means = self._named(text[start:end]), " ".join(text[start:end].split())
                if not self._agree(word, match.vertices, vertices, means, text):
                    found[word] = (means, vertices)
        return found

    def _named(self, words: str) -> list[int]:
        """The vertices that these words name as a whole."""
        phrase = self._phrases.get(key_of(words))
        return [*phrase.vertices, *phrase.exact.get(words, [])] if phrase else []

    def _agree(self, short: str, known: list[int], defined_as: list[int], means: str, text: str) -> bool:
        """Whether the dictionary's sense of an abbreviation may be the one by which the text defines it."""
        names, types = self._nodes.name, self._nodes.type
        if not defined_as:
            type_ = min((types[v] for v in known), key=rank)
            return may_mean(
                short, means, [n for v in known for n in (names[v], *self._nodes.synonyms_of(v))], type_, text
            )
        both = {types[v] for v in (*known, *defined_as)}
        return not set(known).isdisjoint(defined_as) or both <= {GENE, DRUG}  # of a hormone, its gene and the drug

    def own_names(self, names: Iterable[tuple[str, int]]) -> OwnNames:
        """A small dictionary of these names of vertices, for ``find``."""
        return own_names(names, self._nodes.type)

    def aliases_of(self, vertex: int) -> list[str]:
        """The reviewed aliases that mean this vertex."""
        return self._aliases_of.get(vertex, [])

    def synonyms_of(self, vertex: int) -> list[str]:
        """The exact synonyms of this vertex that are found in texts."""
        return [text for text in self._nodes.synonyms_of(vertex) if vertex in self._named(text)]

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

    def _mention(
        self, text: str, tokens: Sequence[Token[str]], match: Match, flags: tuple[set[int], set[int]], means: str
    ) -> Mention:
        start, end = tokens[match.first].start(), tokens[match.last].end()
        vertices = sorted(match.vertices, key=lambda v: rank(self._nodes.type[v]))
        indexes = tuple(dict.fromkeys(int(self._nodes.index[v]) for v in vertices))
        type_ = self._nodes.type[vertices[0]]
        negated_, family = (match.first in tokens_ for tokens_ in flags)
        return Mention(start, end, text[start:end], type_, indexes, negated_, family, means)

    def _add_names(self, stopped: set[str]) -> None:
        nodes = self._nodes
        for vertex, (name, type_) in enumerate(zip(nodes.name, nodes.type, strict=True)):
            if len(name) < 3 or name in stopped or name.lower() in stopped:
                if len(name) > 2 and is_symbol(name, type_) and name.isupper():
                    self._stopped.setdefault(name, vertex)
                continue
            for form in readings(name, type_):
                self._add(form, type_, [vertex])

    def _add_synonyms(self, stopped: set[str]) -> None:
        """The synonyms under which no name of a node is found, and no alias: those win. A node whose name is no mention has none."""
        named = set(self._phrases) if self._nodes.synonyms is not None else set()
        named |= {key_of(alias.text) for alias in read_aliases() if named and self._linker.resolve(alias)}
        for vertex, text in self._linker.synonyms():
            name, type_ = self._nodes.name[vertex], self._nodes.type[vertex]
            if len(text) > 2 and stopped.isdisjoint((text, text.lower(), name, name.lower())):
                for form in readings(text, type_):
                    if key_of(form) not in named:
                        self._add(form, type_, [vertex])

    def _add_aliases(self, linker: Linker) -> None:
        for alias in read_aliases():
            vertices = linker.resolve(alias)
            if alias.type in (DISEASE, PHENOTYPE) and fold.is_exact_case(alias.text):
                # the reviewed sense of "GCA", and not the gene of that symbol, even where the graph has no such disease
                exact = self._phrase(alias.text).exact
                others = [v for v in exact.get(alias.text, ()) if self._nodes.type[v] != GENE and v not in vertices]
                exact[alias.text] = vertices + others
            elif vertices:
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
