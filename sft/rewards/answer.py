"""Is the option that a completion commits to the gold one? By the rule that also scores checkpoints."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataset_builder.answer_extraction.extraction import declared_labels, extract
from sft.rewards.texts import Said, text_of

MOST_DECLARED = 2  # a text may correct itself once; one that declares more options, or all, has not answered
Options = Sequence[Mapping[str, str]]


def answer_reward(
    completions: Sequence[Said], answer_label: Sequence[str | None], options: Sequence[Options], **_: Any
) -> list[float | None]:
    """1.0 where a completion commits to the gold option, else 0.0; None for a question without options, which is never guessed at.

    Lists of equal length: completions, gold labels, options as rows of label and text. The rule is `extract`: the last commitment counts, and text
    after an unclosed thought, no commitment and several options at once are no answer. Of texts that declare many options none is right.
    """
    return [
        None if label is None else float(is_right(text_of(said), label, given))
        for said, label, given in zip(completions, answer_label, options, strict=True)
    ]


def is_right(text: str, label: str | None, options: Options) -> bool:
    """Whether the text answers with the option of this label; never for an open question, which has none."""
    texts = {option["label"]: option["text"] for option in options}
    if label is None or extract(text, texts).label != label:
        return False
    declared = declared_labels(text, texts)
    return len(declared) <= MOST_DECLARED and (len(declared) < 2 or len(declared) < len(texts))
