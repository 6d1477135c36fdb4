"""Pairs of similar stems: by runs of eight words that few other questions have, and by all of their content words.

Both are exact over the pool (the distinct stems of both sides). The runs find stems that were copied and edited. The words
find stems that were reworded, since ages, values, drugs and findings stay the same.
"""

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataset_builder.contamination.stems import BLOCK, Stems

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

GRAM = 8  # words of a run
RARE = 3  # a run is rare when at most this many distinct stems of the pool have it
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Pairs(NamedTuple):
    """The two stems of each pair, which always differ, and its score."""

    a: np.ndarray
    b: np.ndarray
    score: np.ndarray


def by_rare_grams(stems: Stems, min_score: float, min_shared: int) -> Pairs:
    """Pairs with ``min_shared`` common rare runs or more, and ``min_score`` of the rare runs of the stem with fewer.

    Only side b is indexed: a run that b does not have counts as rare.
    """
    from scipy.sparse import csr_matrix  # takes longer to import than many commands to run

    side_a, side_b = stems.sides
    of_b = [_grams(stems, block) for block in _blocks(side_b)]
    index = np.unique(np.concatenate([grams for grams, _ in of_b]))
    only_a = np.setdiff1d(side_a, side_b)
    own, hits = np.zeros(len(stems.start) - 1, np.int64), []
    for grams, stem in chain(of_b, (_grams(stems, block) for block in _blocks(only_a))):
        own += np.bincount(stem, minlength=len(own))
        at = np.minimum(np.searchsorted(index, grams), max(len(index) - 1, 0))
        known = index[at] == grams if len(index) else np.zeros(len(grams), bool)
        hits.append((stem[known].astype(np.int32), at[known].astype(np.int32)))
    stem, at = (np.concatenate(column) for column in zip(*hits, strict=True))
    rare = np.bincount(at, minlength=len(index)) <= RARE
    own -= np.bincount(stem[~rare[at]], minlength=len(own))
    stem, at = stem[rare[at]], at[rare[at]]
    found = csr_matrix((np.ones(len(at), np.int32), (stem, at)), (len(own), max(len(index), 1)))
    shared = (found[side_a] @ found[side_b].T).tocoo()
    a, b = side_a[shared.row], side_b[shared.col]
    score = shared.data / np.maximum(np.minimum(own[a], own[b]), 1)
    keep = (shared.data >= min_shared) & (score >= min_score) & (a != b)
    return Pairs(a[keep], b[keep], score[keep])


def _blocks(chosen: np.ndarray) -> list[np.ndarray]:
    return [chosen[i : i + 8 * BLOCK] for i in range(0, max(len(chosen), 1), 8 * BLOCK)]


def _grams(stems: Stems, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every distinct run of GRAM words of each of these stems as 64 bits, and the stem that contains it."""
    length = np.diff(stems.start)[chosen]
    stem = np.repeat(chosen, length)
    offset = np.repeat(stems.start[chosen] - np.cumsum(length) + length, length)
    word = stems.word[np.arange(len(stem)) + offset].astype(np.uint64) + np.uint64(1)
    size = max(len(word) - GRAM + 1, 0)
    gram = np.zeros(size, np.uint64)
    for k in range(GRAM if size else 0):
        gram = (gram ^ word[k : k + size]) * _MIX
        gram ^= gram >> np.uint64(29)
    whole = stem[:size] == stem[GRAM - 1 :]
    gram, stem = gram[whole], stem[:size][whole]
    order = np.lexsort((gram, stem))
    gram, stem = gram[order], stem[order]
    new = np.ones(len(gram), bool)
    new[1:] = (gram[1:] != gram[:-1]) | (stem[1:] != stem[:-1])
    return gram[new], stem[new]


def by_words(stems: Stems, vectors: "csr_matrix", minimum: float) -> Pairs:
    """Pairs whose content words, weighted by their rarity in the pool, have a cosine of ``minimum`` or more. Exact.

    ``vectors``: of every stem. Only the rarest words of side a are looked up: by the Cauchy-Schwarz inequality the others add
    at most their own length to a cosine. The few pairs that can still reach ``minimum`` are then computed completely.
    """
    side_a, side_b = stems.sides
    other = vectors[side_b]
    turned = other.T.tocsr()
    found = [(side_a[:0], side_b[:0], np.zeros(0, np.float32))]
    for begin in range(0, len(side_a), BLOCK):
        block = vectors[side_a[begin : begin + BLOCK]]
        rarest, rest = _rarest(block, minimum / 2)
        part = (rarest @ turned).tocoo()
        able = part.data + rest[part.row] >= minimum
        row, column = part.row[able], part.col[able]
        cosine = np.asarray(block[row].multiply(other[column]).sum(1)).ravel()
        keep = cosine >= minimum
        found.append((side_a[begin + row[keep]], side_b[column[keep]], cosine[keep]))
    a, b, score = (np.concatenate(column) for column in zip(*found, strict=True))
    return Pairs(a[a != b], b[a != b], score[a != b])


def _rarest(block: "csr_matrix", maximum: float) -> tuple["csr_matrix", np.ndarray]:
    """The largest entries of each row, enough that the length of the others is below ``maximum``; and that length."""
    size = len(block.indptr) - 1
    row = np.repeat(np.arange(size), np.diff(block.indptr))
    order = np.lexsort((block.data, row))  # per row, the lightest first
    square = np.cumsum(block.data[order].astype(np.float64) ** 2)
    before = np.concatenate([[0.0], square])[block.indptr[:-1]]
    light = square - before[row] < maximum**2
    rest = np.sqrt(np.bincount(row[light], block.data[order][light].astype(np.float64) ** 2, minlength=size))
    kept = block.copy()
    kept.data[order[light]] = 0
    kept.eliminate_zeros()
    return kept, rest + 1e-6
