"""The text of a prompt or completion: TRL passes messages where the dataset has messages, else text."""

from collections.abc import Mapping, Sequence

Said = str | Sequence[Mapping[str, str]]  # a text, or messages


def text_of(said: Said) -> str:
    """The text of the messages, joined by line breaks."""
    if isinstance(said, str):
        return said
    return "\n".join(message["content"] or "" for message in said)
