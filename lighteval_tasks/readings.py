"""Read the answer of one output, by our rule and by the published one: scores can be computed again from stored outputs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dataset_builder.answer_extraction.extraction import UNDECLARED, extract
from lighteval_tasks.huatuo_compat import published_letters

LED_TO = tuple(rule.__name__ for rule in UNDECLARED)
FAILED = "failed"  # the rule for a request that failed


class Reading(NamedTuple):
    """The reading of one output. ``label``: the option that it commits to, or None, which counts as wrong.

    ``rule``: the rule that found the label, or found none. ``declared``: the output states that this is its answer and does not only
    lead to it. ``first``, ``last``: the letters of the published rule, None for an empty output, which that rule drops.
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
