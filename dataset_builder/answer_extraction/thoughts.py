"""The end of the thoughts that a reasoning model writes before its answer. Only this module knows their marks."""

OPENED, CLOSED = "<think>", "</think>"


def without_thoughts(text: str) -> str:
    """The text after the last closed thought; the whole text where none is closed, also where one is left open."""
    return text.rpartition(CLOSED)[2]


def is_unfinished(text: str) -> bool:
    """Whether a text ends within a thought: it has given no answer."""
    return OPENED in without_thoughts(text)
