"""Find questions that ask the same in two lists: training and evaluation questions, or two benchmarks.

The usual rules fail here: equal hashes and MinHash find 1 of 30 real duplicates between medical question sets, "any 13 words in a
row" flags 3,612 pairs for 25 true ones, a sentence embedding at 0.9 misses a third (measurements: docs/contamination.md).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dataset_builder.contamination.normalisation import Question, content, gold_of, key_of, options_of, stem_of, words
from dataset_builder.contamination.similarity import Pairs, by_rare_grams, by_words
from dataset_builder.contamination.stems import BLOCK, stems_of, vectors_of
from dataset_builder.sources.plain_text import plain
from kg.embedder import Embedder, EmbedderError, named

MIN_TELLING = 2  # content words; a stem with fewer is generic, and an equal one says nothing
MIN_GRAMS, MIN_SHARED = 0.25, 8  # minimum share and minimum number of the rare runs of eight words in common
SURE_GRAMS, BESIDE_GRAMS = (
    0.30,
    0.50,
)  # a share that is sufficient; below it, the minimum cosine of the content words
ALIKE = 0.80  # cosine of the content words; where the gold answer is the same, plus half the share of common options
ALIKE_LONG, LONG = (
    0.70,
    15,
)  # a cosine that is sufficient for stems with this many content words: a case with its findings
MIN_WORDS, FEW = (
    0.40,
    8,
)  # minimum cosine, whatever the common options; minimum content words for a match by stems alone
SHORT = 13  # words: the meaning of a shorter stem is only clear with its gold answer
COSINES = {
    "minilm": 0.90
}  # the cosine of sentence embeddings from which two questions are the same; measured only for these
STRICT_GRAMS, STRICT_ALIKE, STRICT_COSINES = (
    0.08,
    0.65,
    {"minilm": 0.80},
)  # lower thresholds, only for the same gold answer


class Match(NamedTuple):
    """Positions in both lists, the first rule that applies, and its score from 0 to 1."""

    a: int
    b: int
    rule: str  # one of RULES
    score: float


RULES = ("exact", "stem", "grams", "words", "answer", "meaning")


def overlaps(
    questions_a: Sequence[Question],
    questions_b: Sequence[Question],
    *,
    strict: bool = False,
    embedder: str | Embedder | None = None,
) -> list[tuple[int, int]]:
    """The positions of all pairs that ask the same, ascending, as found by ``matches``."""
    return [(match.a, match.b) for match in matches(questions_a, questions_b, strict=strict, embedder=embedder)]


def matches(
    questions_a: Sequence[Question],
    questions_b: Sequence[Question],
    *,
    strict: bool = False,
    embedder: str | Embedder | None = None,
    rules: Collection[str] = RULES,
) -> list[Match]:
    """All pairs that ask the same, with the rule that says so, in the order of both lists.

    A question is a row (``question``; ``options`` and ``answer`` where it has them) or a stem. ``embedder``: one of COSINES also
    finds questions in entirely different words. ``strict`` adds pairs that are likely but not certain. ``rules``: only these of RULES
    (`exact` and `stem` come together); `words` and `answer` take most of the time of large sets. Raises TypeError for
    anything but a question, EmbedderError for an embedder that was not measured for this.
    """
    sides = _Sides(questions_a, questions_b)
    found: dict[tuple[int, int], Match] = {}
    by_name = {"exact": _equal, "stem": _equal, "grams": _copied, "words": _reworded, "answer": _answered}
    for rule in dict.fromkeys(by_name[name] for name in by_name if name in rules):
        for match in rule(sides, strict):
            found.setdefault((match.a, match.b), match)
    if "meaning" not in rules:
        embedder = None
    for match in _meant(sides, strict, named(embedder) if isinstance(embedder, str) else embedder):
        found.setdefault((match.a, match.b), match)
    return [found[pair] for pair in sorted(found)]


class _Sides:
    """Both lists, their stems as vectors, the rows that have each stem, and the rows' gold answers."""

    def __init__(self, a: Sequence[Question], b: Sequence[Question]) -> None:
        self.a, self.b, self.stems = a, b, stems_of(a, b)
        self.vectors = vectors_of(self.stems)
        self.telling = np.diff(self.vectors.indptr)
        self.rows_a, self.rows_b = (_rows_by_stem(side, len(self.telling)) for side in (self.stems.a, self.stems.b))
        self.answers_a, self.answers_b = ([_content(gold_of(q)) for q in side] for side in (a, b))

    def rows(self, pairs: Pairs) -> Iterator[tuple[int, int, float, int]]:
        """Every pair of rows with a pair of these stems: its score, and the content words of the stem with fewer."""
        fewer = np.minimum(self.telling[pairs.a], self.telling[pairs.b])
        for s, t, score, number in zip(*(column.tolist() for column in (*pairs, fewer)), strict=True):
            for i in self.rows_a(s):
                for j in self.rows_b(t):
                    yield i, j, score, number

    def cosine(self, i: int, j: int) -> float:
        """The cosine of two rows' stems by their content words."""
        return float((self.vectors[self.stems.a[i]] @ self.vectors[self.stems.b[j]].T).sum())

    def same_answer(self, i: int, j: int) -> bool:
        """Whether both gold answers have the same content words, at least one (yes, or all of the above, has none)."""
        return bool(self.answers_a[i]) and self.answers_a[i] == self.answers_b[j]

    def shared_options(self, i: int, j: int) -> float:
        """The share of common options, relative to the question that has fewer."""
        one, other = ({_content(text) for text in options_of(q)} - {frozenset()} for q in (self.a[i], self.b[j]))
        return len(one & other) / max(min(len(one), len(other)), 1)


_content = lru_cache(maxsize=1 << 18)(content)


def _rows_by_stem(stem: np.ndarray, number: int) -> Callable[[int], list[int]]:
    order = np.argsort(stem, kind="stable")
    start = np.searchsorted(stem[order], np.arange(number + 1))
    return lambda s: order[start[s] : start[s + 1]].tolist()


def _equal(sides: _Sides, strict: bool) -> Iterator[Match]:
    """The same letters in the same order: with equal options an exact repeat, with others an equal stem, not generic.

    Spaces do not count: a line break or ``<br>`` in a word, or "ofthe", makes no other question.
    """
    letters = sides.stems.letters
    rows_a, rows_b = (_rows_by_stem(letters[side], len(letters)) for side in (sides.stems.a, sides.stems.b))
    for s in np.intersect1d(letters[sides.stems.a], letters[sides.stems.b]).tolist():
        keys = {j: key_of(sides.b[j]) for j in rows_b(s)}
        for i in rows_a(s):
            own = key_of(sides.a[i])
            for j, key in keys.items():
                if key == own:
                    yield Match(i, j, "exact", 1.0)
                elif min(sides.telling[sides.stems.a[i]], sides.telling[sides.stems.b[j]]) >= MIN_TELLING:
                    yield Match(i, j, "stem", 1.0)


def _copied(sides: _Sides, strict: bool) -> Iterator[Match]:
    """Common rare runs of words.

    Where these are few, content words must be similar too: stock descriptions share runs.
    """
    pairs = by_rare_grams(sides.stems, STRICT_GRAMS if strict else MIN_GRAMS, MIN_SHARED)
    for i, j, score, _ in sides.rows(pairs):
        if (
            score >= SURE_GRAMS
            or (score >= MIN_GRAMS and sides.cosine(i, j) >= BESIDE_GRAMS)
            or (strict and sides.same_answer(i, j))
        ):
            yield Match(i, j, "grams", round(score, 3))


def _reworded(sides: _Sides, strict: bool) -> Iterator[Match]:
    """Similar content words of the stems alone, where there are enough of them."""
    for i, j, cosine, number in sides.rows(by_words(sides.stems, sides.vectors, ALIKE_LONG)):
        if number >= LONG or (number >= FEW and cosine >= ALIKE):
            yield Match(i, j, "words", round(min(cosine, 1.0), 3))


def _answered(sides: _Sides, strict: bool) -> Iterator[Match]:
    """The same gold answer, and stems and options that are similar when taken together."""
    minimum = STRICT_ALIKE if strict else ALIKE
    for rows_a, rows_b in _by_answer(sides.answers_a, sides.answers_b):
        likeness = (sides.vectors[sides.stems.a[rows_a]] @ sides.vectors[sides.stems.b[rows_b]].T).tocoo()
        for i, j, cosine in zip(likeness.row.tolist(), likeness.col.tolist(), likeness.data.tolist(), strict=True):
            if cosine >= MIN_WORDS and cosine + 0.5 >= minimum:
                score = cosine + sides.shared_options(rows_a[i], rows_b[j]) / 2
                if score >= minimum:
                    yield Match(rows_a[i], rows_b[j], "answer", round(min(score, 1.0), 3))


def _by_answer(
    answers_a: Sequence[frozenset[str]], answers_b: Sequence[frozenset[str]]
) -> Iterator[tuple[list[int], list[int]]]:
    """The rows of both sides that have the same answer, for every answer with content words."""
    rows: dict[frozenset[str], tuple[list[int], list[int]]] = {}
    for side, answers in enumerate((answers_a, answers_b)):
        for row, answer in enumerate(answers):
            if answer and (side == 0 or answer in rows):
                rows.setdefault(answer, ([], []))[side].append(row)
    yield from ((a, b) for a, b in rows.values() if b)


def _meant(sides: _Sides, strict: bool, model: Embedder | None) -> Iterator[Match]:
    """Similar sentence embeddings of the stems (of short ones with their gold answer), without generic stems."""
    if model is None or not model.model or not sides.a or not sides.b:
        return  # before a model is loaded: a build that is checked against no benchmark needs none
    if model.name not in COSINES:
        raise EmbedderError(f"embedder {model} was not measured on duplicates; expected one of {', '.join(COSINES)}")
    minimum = (STRICT_COSINES if strict else COSINES)[model.name]
    rows_a, rows_b = (np.flatnonzero(sides.telling[side] >= MIN_TELLING) for side in (sides.stems.a, sides.stems.b))
    vectors_a = model.vectors([_meaning(sides.a[i]) for i in rows_a])
    vectors_b = model.vectors([_meaning(sides.b[j]) for j in rows_b]).astype(np.float32)
    for begin in range(0, len(rows_a), BLOCK):
        cosines = vectors_a[begin : begin + BLOCK].astype(np.float32) @ vectors_b.T
        for i, j in zip(*np.nonzero(cosines >= minimum), strict=True):
            a, b, cosine = int(rows_a[begin + i]), int(rows_b[j]), float(cosines[i, j])
            if cosine >= COSINES[model.name] or sides.same_answer(a, b):
                yield Match(a, b, "meaning", round(min(cosine, 1.0), 3))


def _meaning(question: Question) -> str:
    stem = plain(stem_of(question))
    return stem if len(words(stem)) >= SHORT else f"{stem} {plain(gold_of(question))}".strip()
