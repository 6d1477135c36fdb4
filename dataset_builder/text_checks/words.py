"""The words of a text, and the runs of words that two texts can have in common."""

import re
from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=8)  # a text is read by several rules, and the samples of a question after each other
def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, without regard to case."""
    return tuple(re.findall(r"\w+", text.casefold()))


def runs(words: Sequence[str], size: int) -> set[tuple[str, ...]]:
    """All runs of so many words."""
    return set(zip(*(words[i:] for i in range(size)), strict=False))
