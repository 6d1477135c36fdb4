"""The distinct stems of two lists of questions as arrays of word numbers.

Each stem is compared once, however frequent.
"""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataset_builder.contamination.normalisation import Question, stem_of, stock, trimmed, words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FURTHER = (
    1000  # stems without any of these words that are added to the pool, so that weights also exist for two questions
)
BLOCK = 2048  # stems of one side that are compared at a time


class Stems(NamedTuple):
    """Distinct stems.

    The words of stem s are ``word[start[s]:start[s + 1]]``; ``a`` and ``b``: the stem of each row of a side.
    """

    word: np.ndarray
    start: np.ndarray
    a: np.ndarray
    b: np.ndarray
    term_of: np.ndarray  # per word, the number of its form without ending; -1: a stock word
    terms: int
    letters: (
        np.ndarray
    )  # per stem, a number that is equal for stems with the same letters, whatever the spaces between them

    @property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """The stems of side a, and those of side b, ascending; one may be in both."""
        return np.unique(self.a), np.unique(self.b)


def stems_of(questions_a: Sequence[Question], questions_b: Sequence[Question]) -> Stems:
    """The distinct stems of both sides. Raises TypeError for anything but a question."""
    number: defaultdict[str, int] = defaultdict(count().__next__)
    spelled: defaultdict[bytes, int] = defaultdict(count().__next__)
    known: dict[bytes, int] = {}  # by hash: the words of a million stems as keys take a gigabyte
    flat, start, letters, rows = array("i"), array("q", [0]), array("i"), (array("i"), array("i"))
    for side, questions in zip(rows, (questions_a, questions_b), strict=True):
        for question in questions:
            in_order = words(stem_of(question))
            found = array("i", map(number.__getitem__, in_order))
            key = blake2b(found.tobytes(), digest_size=16).digest()
            if (stem := known.get(key)) is None:
                stem = known[key] = len(letters)
                flat.extend(found)
                start.append(len(flat))
                letters.append(spelled[blake2b("".join(in_order).encode(), digest_size=16).digest()])
            side.append(stem)
    terms: defaultdict[str, int] = defaultdict(count().__next__)
    term_of = [-1 if (term := trimmed(word)) in stock() else terms[term] for word in number]
    word, of_stem, a, b = (np.array(column, np.int32) for column in (flat, letters, *rows))
    return Stems(word, np.array(start, np.int64), a, b, np.array(term_of, np.int32), len(terms), of_stem)


def vectors_of(stems: Stems) -> "csr_matrix":
    """Per stem a vector of length 1 with the inverse document frequency of each of its content words.

    Shape (stems, content words), float32. The vector of a stem with stock words only is empty.
    """
    from scipy.sparse import csr_matrix  # takes longer to import than many commands to run

    term = stems.term_of[stems.word]
    counts = np.concatenate([[0], np.cumsum(term >= 0)])  # of the content words before each word
    term, shape = term[term >= 0], (len(stems.start) - 1, max(stems.terms, 1))
    found = csr_matrix((np.ones(len(term), np.float32), term, counts[stems.start].astype(np.int32)), shape)
    del term, counts
    found.sum_duplicates()
    frequency = np.bincount(found.indices, minlength=shape[1])
    weight = np.log((shape[0] + FURTHER + 1) / (frequency + 1)).astype(np.float32)
    found.data = weight[found.indices]
    length = np.sqrt(np.asarray(found.multiply(found).sum(1)).ravel())
    found.data /= np.repeat(np.maximum(length, 1e-9), np.diff(found.indptr)).astype(np.float32)
    return found
