"""The names that are most like a mention: what characters, words and (with an embedder) meaning say together, exactly.

The score is the mean of two cosines: of characters and words, or, with an embedder, of characters and meaning. It loses
``NEW_NUMBER`` where the node has a number or letter that the mention lacks ("diarrhea 9" for diarrhea), and up to ``NEW_WORDS`` for
the share of the node's words that the mention lacks: a node that says more than the mention is another, narrower thing, one that
says less is a broader one. Every name is scored, so the best are exact; ties go to the lower vertex.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kg import fold, tfidf
from kg.embedder import NONE, Embedder
from kg.primekg import Nodes
from kg.tables import DISEASE, DRUG, PHENOTYPE

NEW_NUMBER, NEW_WORDS = 0.15, 0.10
OTHER_TYPE = 0.02  # for a node of unknown type, where the mention's is known; for a type that is not clinical, where it is not
TYPE_UNKNOWN = {DISEASE: 0.0, DRUG: 0.0, PHENOTYPE: 0.005}  # many a disease is a phenotype of the same name, too
MOST = NEW_NUMBER + NEW_WORDS + OTHER_TYPE  # that a score can lose
LEAST = 0.1  # what shares less than this with the mention is not like it
BLOCK, SLAB = 128, 16384  # mentions and names whose vectors are multiplied at once


class Similar(NamedTuple):
    """A vertex, its score, and what its score is without the embedder."""

    vertex: int
    score: float
    by_text: float


class SimilarNames:
    """Searches the names of one graph; the embedder, if there is one, is loaded with the first mention."""

    def __init__(self, nodes: Nodes, embedder: Embedder = NONE) -> None:
        self._nodes, self._embedder = nodes, embedder
        self._names = tfidf.load(nodes)
        self._kinds = sorted(set(nodes.type))
        code = {kind: i for i, kind in enumerate(self._kinds)}
        self._kind = np.fromiter((code[nodes.type[v]] for v in self._names.vertex), np.int8, len(self._names.vertex))
        self._known: dict[tuple[str, str | None, int], list[Similar]] = {}

    def search(self, mentions: Sequence[str], types: Sequence[str | None], keep: int) -> list[list[Similar]]:
        """Per mention at most ``keep`` names, best first: of its type and of unknown type, or of all types where it is None."""
        asked = [(" ".join(mention.split()), type_, keep) for mention, type_ in zip(mentions, types, strict=True)]
        for type_ in dict.fromkeys(types):
            new = list(dict.fromkeys(a for a in asked if a[1] == type_ and a not in self._known))
            for begin in range(0, len(new), BLOCK):
                block = new[begin : begin + BLOCK]
                self._known |= zip(block, self._search([a[0] for a in block], type_, keep), strict=True)
        return [self._known[a] for a in asked]

    def _search(self, mentions: list[str], type_: str | None, keep: int) -> list[list[Similar]]:
        rows, loss = self._rows(type_)
        meaning = self._meaning(mentions, rows)
        return [self._best(mention, rows, loss, meaning[i : i + 1], keep) for i, mention in enumerate(mentions)]

    def _best(self, mention: str, rows: np.ndarray, loss: np.ndarray, meaning: np.ndarray, keep: int) -> list[Similar]:
        """The best of these rows. First without the losses, to set aside all rows that these could not bring down far enough."""
        names = self._names
        chars, _ = names.chars.compare(tfidf.grams(mention), rows)
        words, new = names.words.compare(fold.n2_words(mention), rows)
        text = (chars + words) / 2
        score = (chars + meaning[0]) / 2 if meaning.shape[1] else text
        near = np.flatnonzero(score > _kth(score, keep) - MOST)
        lost = loss[near] + NEW_WORDS * new[near] + NEW_NUMBER * (names.numbers[rows[near]] & ~fold.numbers(mention) != 0)
        best = np.argsort(lost - score[near], kind="stable")[:keep]
        near, lost = near[best], lost[best]
        vertices = names.vertex[rows[near]].tolist()
        found = zip(vertices, (score[near] - lost).tolist(), (text[near] - lost).tolist(), strict=True)
        return [Similar(*facts) for facts in found]

    def _meaning(self, mentions: list[str], rows: np.ndarray) -> np.ndarray:
        """The cosines of the mentions' vectors with those of these rows. Shape (mentions, rows); (mentions, 0) without a model."""
        if not self._embedder.model:
            return np.empty((len(mentions), 0), np.float32)
        asked, cosines = self._embedder.encode(mentions), np.empty((len(mentions), len(rows)), np.float32)
        for begin in range(0, len(rows), SLAB):
            slab = self._vectors[rows[begin : begin + SLAB]].astype(np.float32)
            cosines[:, begin : begin + SLAB] = asked @ slab.T
        return cosines

    @cached_property
    def _vectors(self) -> np.ndarray:
        return self._embedder.vectors([self._nodes.name[v] for v in self._names.vertex])

    def _rows(self, type_: str | None) -> tuple[np.ndarray, np.ndarray]:
        """The rows that a mention of this type is compared with, and what each loses for its type."""
        kind, kinds = self._kind, self._kinds
        if type_ is None:
            losses = np.array([TYPE_UNKNOWN.get(t, OTHER_TYPE) for t in kinds], np.float32)
            return np.arange(len(kind)), losses[kind]
        same, unknown = (kind == (kinds.index(t) if t in kinds else -1) for t in (type_, ""))
        rows = np.flatnonzero(same | unknown)
        return rows, np.where(same[rows], np.float32(0), np.float32(OTHER_TYPE))


def _kth(score: np.ndarray, k: int) -> float:
    """The k-th largest score, or what gives that many at least; ``LEAST`` and what can be lost where there are fewer."""
    high = score[score > 3 * LEAST]
    high = high if len(high) >= k else score[score > LEAST]
    return float(np.partition(high, len(high) - k)[len(high) - k]) if len(high) >= k else LEAST + MOST
