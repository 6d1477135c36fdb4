"""Which questions are for training and which for testing, so that no two facts that follow one another are in both.

A fact is a relation between two nodes. Some facts are held out: no training question needs one. Of the others, each two that a question
can join are for training or for testing, by a hash of both. So a split is a property of the facts, whatever is drawn, in whichever order.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise

Fact = tuple[int, int, str]  # two nodes, the lower index first, and the relation
Path = Sequence[Fact]
HELD_OUT_FACTS, HELD_OUT_PAIRS = 0.1, 0.3
TRAIN, COMBINATION, FACT = "train", "combination", "fact"  # the last two are test questions


def split_of(paths: Iterable[Path], seed: int) -> str | None:
    """TRAIN; COMBINATION: each fact may be in training questions, no two of them together; FACT: one of the facts is in none.

    ``paths``: all paths that lead to the answer, each one its facts in order. None: they do not agree, and no split may have the question.
    """
    found = {_split(path, seed) for path in paths}
    return found.pop() if len(found) == 1 else None


def _split(path: Path, seed: int) -> str | None:
    held_out = any(_share(seed, fact) < HELD_OUT_FACTS for fact in path)
    together = {_share(seed, *sorted(two)) < HELD_OUT_PAIRS for two in pairwise(path)}
    if held_out:
        return FACT if together <= {True} else None
    if not together:
        return TRAIN
    return (COMBINATION if True in together else TRAIN) if len(together) == 1 else None


def _share(seed: int, *facts: Fact) -> float:
    """A number in [0, 1) that depends on the facts and the seed alone."""
    text = repr((seed, *facts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest()) / 2**56
