"""Similarity of names to a mention: TF-IDF over the characters and over the words of all names.

It is exact, in one pass per mention. There are two measures, because they fail in different cases. Characters: 3- and
4-grams within the words of the lower-cased name, as in scikit-learn's `char_wb`. Words: those of the N2 key, in any
order. Both are cosines, and every term counts once, so an index is only the list of names per term, and the lists of a
mention's terms are added up. Nothing is approximated or pruned. Gene symbols are left out: a symbol that is only
similar is another gene.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg import fold, prepared
from kg.contents import Nodes
from kg.tables import folder_of, hashes, is_symbol

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

GRAMS = (3, 4)


class Index(NamedTuple):
    """The terms by hash, ascending, and the rows that have each: those of term t are ``row[start[t]:start[t + 1]]``.

    A term counts once per name, with its ``idf`` as weight, so that no weight needs to be kept per row; ``length``: of
    every row's vector.
    """

    key: np.ndarray
    idf: np.ndarray
    start: np.ndarray
    row: np.ndarray
    length: np.ndarray

    def shared(self, terms: Iterable[str]) -> tuple[np.ndarray, float]:
        """Per row the squared length of the part in common with a text of these terms.

        And the length of the text's vector. The cosine is the first, divided by the lengths of both vectors.
        """
        wanted, last = hashes(sorted(set(terms))), len(self.key) - 1
        at = np.minimum(self.key.searchsorted(wanted), max(last, 0))
        known = self.key[at] == wanted if last >= 0 else np.zeros(len(wanted), bool)
        # A term that no name has counts as a rare one. Single precision throughout: np.add.at is seven times slower where it must convert.
        square = np.full(len(wanted), self.idf.max(initial=1) ** 2, np.float32)
        square[known] = self.idf[at[known]] ** 2
        shared = np.zeros(len(self.length), np.float32)
        for term, value in zip(at[known].tolist(), square[known], strict=True):
            np.add.at(shared, self.row[self.start[term] : self.start[term + 1]], value)
        return shared, max(math.sqrt(square.sum()), 1e-6)


class Names(NamedTuple):
    """The names to compare with a mention: vertices that have a row, their numbers as bits, and two indexes."""

    vertex: np.ndarray
    numbers: np.ndarray
    chars: Index
    words: Index


def grams(name: str) -> Iterable[str]:
    """The n-grams of a name's words, each word between blanks."""
    return chain.from_iterable(map(_grams, name.lower().split()))


def _grams(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + n] for n in GRAMS for i in range(len(padded) - n + 1)]


def load(nodes: Nodes) -> Names:
    """The indexes of these names, from the cache or made now (4 s for PrimeKG's)."""
    kept = prepared.arrays(folder_of(nodes) / "tfidf", lambda: _make(nodes))
    chars, words_ = (Index(*(kept[f"{side}.{field}"] for field in Index._fields)) for side in ("chars", "words"))
    return Names(kept["vertex"], kept["numbers"], chars, words_)


def _make(nodes: Nodes) -> dict[str, np.ndarray]:
    vertex = [
        v for v, (name, type_) in enumerate(zip(nodes.name, nodes.type, strict=True)) if not is_symbol(name, type_)
    ]
    names = [nodes.name[v] for v in vertex]
    made = {
        "vertex": np.array(vertex, np.int32),
        "numbers": np.fromiter(map(fold.numbers, names), np.int64, len(names)),
    }
    by_chars = _index([name.lower().split() for name in names], _grams)
    by_words = _index([fold.n2_words(name) for name in names], lambda word: [word])
    for side, index in (("chars", by_chars), ("words", by_words)):
        made |= {f"{side}.{field}": array for field, array in index._asdict().items()}
    return made


def _index(texts: Sequence[Sequence[str]], terms_of: Callable[[str], list[str]]) -> Index:
    """The index of names, given as words.

    The words of each name, times the terms of each word, are the terms of each name.
    """
    from scipy import sparse  # only where an index is made

    place = {word: i for i, word in enumerate(dict.fromkeys(chain.from_iterable(texts)))}
    terms = [hashes(terms_of(word)) for word in place]
    key = np.unique(np.concatenate([np.empty(0, np.uint64), *terms]))
    of = _flags([key.searchsorted(some) for some in terms], len(key))
    found = sparse.csc_matrix(_flags([[place[word] for word in text] for text in texts], len(place)) @ of)
    count = np.diff(found.indptr)
    idf = (np.log((1 + len(texts)) / (1 + count)) + 1).astype(np.float32)
    square = np.zeros(len(texts), np.float32)
    for term, value in enumerate(
        idf**2
    ):  # term by term: one number per posting would take as much memory as the index
        np.add.at(square, found.indices[found.indptr[term] : found.indptr[term + 1]], value)
    return Index(key, idf, found.indptr.astype(np.int64), found.indices, np.sqrt(square))


def _flags(rows: Sequence[Sequence[int] | np.ndarray], width: int) -> "csr_matrix":
    """A sparse matrix that is not zero where a row names a column; the values have no meaning."""
    from scipy import sparse

    column = np.fromiter(chain.from_iterable(rows), np.int32, sum(map(len, rows)))
    start = np.append(0, np.cumsum([len(row) for row in rows], dtype=np.int32))
    return sparse.csr_matrix((np.ones(len(column), np.int8), column, start.astype(np.int32)), (len(rows), width))
