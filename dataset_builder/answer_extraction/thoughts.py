"""The thoughts that a reasoning model writes before its answer: where they end. The one place that knows their marks."""

OPENED, CLOSED = "<think>", "</think>"


def without_thoughts(text: str) -> str:
    """What follows the last closed thought; all of a text that closes none, also where one is left open."""
    return text.rpartition(CLOSED)[2]


def is_unfinished(text: str) -> bool:
    """Whether a text ends within a thought: it has given no answer."""
    return OPENED in without_thoughts(text)
