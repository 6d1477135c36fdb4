"""Which values of the environment are secret: in no file, message, store or card may one of them be."""

import os
from collections.abc import Iterable, Mapping

ENDINGS = ("_KEY", "_TOKEN")
MIN_LENGTH = 7  # a shorter value (`none`, `x`) is what servers get that want no key, and is in many texts by chance


def secrets(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name and value of every key and token in the environment (default: of this process, as it is now)."""
    environment = os.environ if environment is None else environment
    return {name: value for name, value in environment.items() if name.endswith(ENDINGS) and len(value) >= MIN_LENGTH}


def redacted(text: str, values: Iterable[str]) -> str:
    """The text with ``[key]`` for each of these secrets in it, such as one that an endpoint repeats in its refusal."""
    for value in values:
        text = text.replace(value, "[key]")
    return text
