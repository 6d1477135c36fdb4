"""The cells and lines of Markdown tables, as every table of scores and claims has them."""

from collections.abc import Mapping, Sequence
from typing import Any


def table_line(cells: Sequence[str]) -> str:
    """A line of a table."""
    return "| " + " | ".join(cells) + " |"


def percent(share: float | None) -> str:
    """``68.4 %``; ``-`` where there is none."""
    return "-" if share is None else f"{100 * share:.1f} %"


def p_value(p: float) -> str:
    """``0.012``, or ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def prompt_of(one: Mapping[str, Any]) -> str:
    """The prompt in brackets after a task's name; nothing for the free one, and for a file of outputs, which has none."""
    return "" if one["prompt"] in ("", "free") else f" ({one['prompt']})"


def named(one: Mapping[str, Any]) -> str:
    """A task with its prompt."""
    return one["task"] + prompt_of(one)
