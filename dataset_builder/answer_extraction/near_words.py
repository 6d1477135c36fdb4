"""Find a pattern's matches by trying it only near words that each of them contains.

A pattern that can begin anywhere, without regard to case, is tried at every character: half a millisecond for a text of 6,000. Words are
found a hundred times faster, and most texts have few of them.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache


def after(characters: int, *words: str) -> dict[str, int]:
    """These words, each with so many characters before it."""
    return dict.fromkeys(words, characters)


class NearWords:
    """A pattern with the words of which each match has one: it finds what the pattern's own `finditer` and `search` find.

    ``words``: in small letters, with the number of characters that a match has before the word at most. A match is never empty.
    """

    def __init__(self, pattern: re.Pattern[str], words: Mapping[str, int]) -> None:
        self.pattern, self.words = pattern, dict(words)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All matches, as of `re.Pattern.finditer`."""
        small = in_small_letters(text)
        if small is None:
            yield from self.pattern.finditer(text)
            return
        at = 0
        for first, last in self._places(small):
            at = max(at, first)
            while at <= last:
                if found := self.pattern.match(text, at):
                    yield found
                    at = found.end()
                else:
                    at += 1

    def search(self, text: str) -> re.Match[str] | None:
        """The first match, as of `re.Pattern.search`."""
        return next(self.finditer(text), None)

    def _places(self, small: str) -> list[tuple[int, int]]:
        """From where to where a match may begin, for every word, in the order of the text."""
        places = []
        for word, before in self.words.items():
            at = small.find(word)
            while at >= 0:
                places.append((max(0, at - before), at))
                at = small.find(word, at + 1)
        return sorted(places)


@lru_cache(maxsize=4)  # a text is read by several patterns, one after the other
def in_small_letters(text: str) -> str | None:
    """The text in the letters that a pattern without regard to case takes for equal, each at its place.

    None where a letter has no single small one (İ).
    """
    small = text.lower()
    if len(small) != len(text):
        return None
    return small if small.isascii() else small.replace("\u0131", "i").replace("\u017f", "s")
