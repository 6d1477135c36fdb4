"""The names that are most similar to a mention, by characters, words and (with an embedder) meaning.

The search is exact. The score is the mean of two cosines: of characters and words, or, with an embedder, of characters
and meaning. It is reduced by ``NEW_NUMBER`` where the node has a number or letter that the mention lacks ("diarrhea 9"
for diarrhea), and by up to ``NEW_WORDS`` for the share of the node's words that the mention lacks: a node with more
words than the mention is narrower, one with fewer is broader. Every name is scored, so the best are exact; among equal
scores the lower vertex comes first.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kg import fold, tfidf
from kg.contents import Nodes
from kg.embedder import NONE, Embedder
from kg.tables import DISEASE, DRUG, PHENOTYPE

NEW_NUMBER, NEW_WORDS = 0.15, 0.10
OTHER_TYPE = 0.02  # for a node of unknown type, where the mention's type is known; for a type that is not clinical, where it is not known
TYPE_UNKNOWN = {DISEASE: 0.0, DRUG: 0.0, PHENOTYPE: 0.005}  # many diseases are also phenotypes of the same name
MOST = NEW_NUMBER + NEW_WORDS + OTHER_TYPE  # the most by which a score can be reduced
LEAST = 0.05  # a name with a lower score is not similar
BLOCK, SLAB = 128, 16384  # mentions and names whose vectors are multiplied at once


class Similar(NamedTuple):
    """A vertex, its score, and what its score is without the embedder."""

    vertex: int
    score: float
    by_text: float


class Rows(NamedTuple):
    """The rows to compare with mentions of one type, with reductions for their types and inverse vector lengths."""

    which: slice | np.ndarray
    loss: np.ndarray
    chars: np.ndarray
    words: np.ndarray


class SimilarNames:
    """Searches the names of one graph; the embedder, if there is one, is loaded with the first mention."""

    def __init__(self, nodes: Nodes, embedder: Embedder = NONE) -> None:
        self._nodes, self._embedder = nodes, embedder
        self._names = tfidf.load(nodes)
        self._kinds = sorted(set(nodes.type))
        code = {kind: i for i, kind in enumerate(self._kinds)}
        self._kind = np.fromiter((code[nodes.type[v]] for v in self._names.vertex), np.int8, len(self._names.vertex))
        self._rows_of: dict[str | None, Rows] = {}
        self._known: dict[tuple[str, str | None, int], list[Similar]] = {}

    def search(self, mentions: Sequence[str], types: Sequence[str | None], keep: int) -> list[list[Similar]]:
        """Per mention at most ``keep`` names, best first: of its type and of unknown type (None: of all types)."""
        asked = [(" ".join(mention.split()), type_, keep) for mention, type_ in zip(mentions, types, strict=True)]
        for type_ in dict.fromkeys(types):
            new = list(dict.fromkeys(a for a in asked if a[1] == type_ and a not in self._known))
            for begin in range(0, len(new), BLOCK):
                block = new[begin : begin + BLOCK]
                self._known |= zip(block, self._search([a[0] for a in block], type_, keep), strict=True)
        return [self._known[a] for a in asked]

    def _search(self, mentions: list[str], type_: str | None, keep: int) -> list[list[Similar]]:
        rows = self._rows_of.get(type_) or self._rows(type_)
        self._rows_of[type_] = rows
        meaning = self._meaning(mentions, rows.which)
        return [self._best(mention, rows, meaning[i], keep) for i, mention in enumerate(mentions)]

    def _best(self, mention: str, rows: Rows, meaning: np.ndarray, keep: int) -> list[Similar]:
        """The best of these rows.

        They are first scored without reductions, to leave out rows that cannot be among the best.
        """
        names = self._names
        chars, chars_length = names.chars.shared(tfidf.grams(mention))
        words, words_length = names.words.shared(fold.n2_words(mention))
        by_chars = chars[rows.which] * rows.chars
        by_chars *= 0.5 / chars_length
        text = words[rows.which] * rows.words
        text *= 0.5 / words_length
        text += by_chars
        score = by_chars + meaning / 2 if len(meaning) else text
        near = np.flatnonzero(score > max(_kth(score, keep) - MOST, LEAST))
        row = near if isinstance(rows.which, slice) else rows.which[near]
        new_words = 1 - words[row] * rows.words[near] ** 2
        lost = (
            rows.loss[near] + NEW_WORDS * new_words + NEW_NUMBER * (names.numbers[row] & ~fold.numbers(mention) != 0)
        )
        best = np.argsort(lost - score[near], kind="stable")[:keep]
        near, lost, vertices = near[best], lost[best], names.vertex[row[best]].tolist()
        found = zip(vertices, (score[near] - lost).tolist(), (text[near] - lost).tolist(), strict=True)
        return [Similar(*facts) for facts in found]

    def _meaning(self, mentions: list[str], which: slice | np.ndarray) -> np.ndarray:
        """The cosines of the mentions' vectors with those of these rows.

        Shape (mentions, rows); (mentions, 0) without a model.
        """
        if not self._embedder.model:
            return np.empty((len(mentions), 0), np.float32)
        asked, kept = self._embedder.encode(mentions), self._vectors[which]
        slabs = (kept[begin : begin + SLAB].astype(np.float32) for begin in range(0, len(kept), SLAB))
        return np.concatenate([asked @ slab.T for slab in slabs] or [np.empty((len(mentions), 0))], axis=1)

    @cached_property
    def _vectors(self) -> np.ndarray:
        return self._embedder.vectors([self._nodes.name[v] for v in self._names.vertex])

    def _rows(self, type_: str | None) -> Rows:
        kind, kinds = self._kind, self._kinds
        which: slice | np.ndarray = slice(None)
        if type_ is None:
            loss = np.array([TYPE_UNKNOWN.get(t, OTHER_TYPE) for t in kinds], np.float32)[kind]
        else:
            same, unknown = (kind == (kinds.index(t) if t in kinds else -1) for t in (type_, ""))
            which = np.flatnonzero(same | unknown)
            loss = np.where(same[which], np.float32(0), np.float32(OTHER_TYPE))
        lengths = (self._names.chars.length[which], self._names.words.length[which])
        return Rows(which, loss, *(np.where(length > 0, 1 / np.maximum(length, 1e-6), 0) for length in lengths))


def _kth(score: np.ndarray, k: int) -> float:
    """The k-th largest score; 0 where fewer than k are above ``LEAST``."""
    for least in (6 * LEAST, LEAST):  # usually the few high ones are enough
        high = score[score > least]
        if len(high) >= k:
            return float(np.partition(high, len(high) - k)[len(high) - k])
    return 0.0
