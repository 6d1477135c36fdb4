"""The normalised words of a question: all words of its stem in order, and the content words of answer and options.

Case, Unicode form, markup, unseen characters, punctuation and endings are ignored. Words that every exam question has (stock_words.txt) do not count:
nothing is left of "Which of the following is true?", so that stem is generic.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from dataset_builder.sources.plain_text import plain, seen_key

Question = Mapping[str, Any] | str
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?")
_ENDINGS = ("ing", "ed", "es", "s", "ly")
MIN_LETTERS = 4  # left after an ending is removed


def stem_of(question: Question) -> str:
    """The stem of a question. Raises TypeError for anything but a text or a row with a text under ``question``."""
    text = question if isinstance(question, str) else question.get("question")
    if not isinstance(text, str):
        raise TypeError(f"expected a text, or a row with a text under 'question'; found {question!r:.200}")
    return text


def gold_of(question: Question) -> str:
    """The text of the gold answer; empty where it is not known."""
    return "" if isinstance(question, str) else question.get("answer") or ""


def options_of(question: Question) -> list[str]:
    """The options' texts, given as ``{"label", "text"}`` dicts, as texts, or as texts by label."""
    options = None if isinstance(question, str) else question.get("options")
    listed: Iterable[Any] = options.values() if isinstance(options, Mapping) else options or ()
    return [option["text"] if isinstance(option, Mapping) else option for option in listed]


def key_of(question: Question) -> str:
    """A key that is equal for exact repeats (seen_key): question, context, and options in any order."""
    context = None if isinstance(question, str) else question.get("context")
    options = [{"text": text} for text in options_of(question)]
    return seen_key({"question": stem_of(question), "context": context, "options": options})


def words(text: str) -> list[str]:
    """The words and numbers of a text, folded, in their order."""
    return _WORD.findall(unicodedata.normalize("NFKC", plain(text)).casefold().replace("’", "'"))


@lru_cache(maxsize=1 << 16)  # a million questions have a million words, most of them once
def trimmed(word: str) -> str:
    """The word without its ending. Light stemming: `tests` must equal `test`, and no rare word may be lost."""
    word = word.replace("'s", "").replace("'", "")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= MIN_LETTERS:
            return word[: -len(ending)]
    return word


@cache
def stock() -> frozenset[str]:
    """The stock words, which do not count, without their endings."""
    lines = (Path(__file__).parent / "stock_words.txt").read_text("utf-8").splitlines()
    return frozenset(trimmed(word) for line in lines if not line.startswith("#") for word in line.split())


def content(text: str) -> frozenset[str]:
    """The content words of a text (all but the stock words), without their endings."""
    return frozenset(map(trimmed, words(text))) - stock()
