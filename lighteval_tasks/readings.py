"""What one output answers, by our rule and by the published one. Pure: a score can be made again from the stored outputs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dataset_builder.answer_extraction.extraction import UNDECLARED, extract
from lighteval_tasks.huatuo_compat import published_letters

LED_TO = tuple(rule.__name__ for rule in UNDECLARED)
FAILED = "failed"  # the rule of an output that never came


class Reading(NamedTuple):
    """``label``: the option that the output commits to, or None, which is wrong; ``rule``: what found it, or found none.

    ``declared``: the output says that this is its answer, rather than only leading to it. ``first``, ``last``: the letters of
    the published rule, None where it drops an empty output.
    """

    label: str | None
    rule: str
    correct: bool
    declared: bool
    empty: bool
    first: str | None
    last: str | None


def read(text: str, options: Sequence[Mapping[str, str]], gold: str, *, failed: bool = False) -> Reading:
    """Read an output. ``options``: rows of label and text; ``failed``: the request failed, so there is no output to read."""
    texts = {option["label"]: option["text"] for option in options}
    found = extract(text, texts)
    first, last = published_letters(text, texts) if text.strip() else (None, None)
    return Reading(
        label=found.label,
        rule=FAILED if failed else found.rule,
        correct=found.label == gold,
        declared=found.label is not None and not found.rule.startswith(LED_TO),
        empty=not text.strip() and not failed,
        first=first,
        last=last,
    )
