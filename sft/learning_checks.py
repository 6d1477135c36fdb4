"""The checks of rows that are learned from by reward (GRPO) or by preference (DPO): a code and what was found, as in row_checks.py."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Field, StrictStr, TypeAdapter, ValidationError
from transformers import PreTrainedTokenizerBase

from dataset_builder.configs import MOST_LONGER
from dataset_builder.prompt import stated_answer
from dataset_builder.row import normalize
from sft.rendering import render
from sft.rewards.answer import is_right
from sft.row_shapes import wrong_shape
from sft.training_rows import pass_rate


class _Option(BaseModel):
    label: StrictStr
    text: StrictStr


class _Asked(BaseModel):
    answer_label: StrictStr | None
    options: list[_Option] = Field(max_length=26)


_ASKED = TypeAdapter(_Asked)


def wrong_message(row: Mapping[str, Any], *completions: str) -> str | None:
    """Where the prompt or one of these columns is no list of messages: what was found, and what is expected; else None."""
    for name in completions:
        if why := wrong_shape({"prompt": row.get("prompt"), "completion": row.get(name)}):
            return why.replace("completion", name)
    return wrong_shape({"prompt": row.get("prompt"), "completion": [{"role": "assistant", "content": "x"}]})


def prompt_faults(row: Mapping[str, Any], *, by_answer: bool) -> Iterator[tuple[str, str]]:
    """Why completions of this row of `rl` cannot be rewarded, or teach nothing. ``by_answer``: whether the answer is rewarded."""
    try:
        asked = _ASKED.validate_python(dict(row))
    except ValidationError as why:
        fault = why.errors(include_url=False)[0]
        yield (
            "not_rewarded",
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}; expected answer_label and options as `build` writes them",
        )
        return
    options = [{"label": one.label, "text": one.text} for one in asked.options]
    if by_answer:
        if asked.answer_label is None:
            yield "not_rewarded", "an open question: no rule says whether an answer is right"
        elif not any(is_right(_worded(one), asked.answer_label, options) for one in options if one["label"] == asked.answer_label):  # fmt: skip
            yield (
                "not_rewarded",
                f"the gold answer {asked.answer_label}, worded as in a dataset, is not read as this option",
            )
    text = normalize("\n".join(message["content"] for message in row["prompt"]))
    if missing := [one["label"] for one in options if not _is_shown(one, text)]:
        yield "no_options", f"the prompt does not show option {', '.join(missing)}"
    rate = pass_rate(row.get("pass_rate"))
    if rate in (0.0, 1.0):
        yield "no_spread", f"{'all' if rate else 'none'} of the judged samples were right"


def _worded(option: Mapping[str, str]) -> str:
    return stated_answer({"answer_label": option["label"], "answer": option["text"], "answer_type": "choice"})


def _is_shown(option: Mapping[str, str], text: str) -> bool:
    return normalize(option["text"]) in text


def pair_faults(
    row: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase, max_length: int | None
) -> Iterator[tuple[str, str]]:
    """The faults of a pair of texts, of which one is preferred."""
    texts = [row[name][-1]["content"] for name in ("chosen", "rejected")]
    chosen, rejected = (len(text.strip()) for text in texts)
    if not chosen or not rejected or normalize(texts[0]) == normalize(texts[1]):
        yield "no_pair", f"{chosen} and {rejected} characters{', with the same words' if chosen else ''}"
    elif max(chosen, rejected) > MOST_LONGER * min(chosen, rejected):
        yield "unequal_length", f"{chosen} and {rejected} characters"
    for name in ("chosen", "rejected"):
        length = len(render(tokenizer, {"prompt": row["prompt"], "completion": row[name]}).tokens)
        if max_length and length > max_length:
            yield "cut", f"{name}: {length} tokens, max_length {max_length}"
