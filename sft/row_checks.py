"""Checks of one row, and of rows with the same text: a code and what was found."""

from collections.abc import Iterator, Mapping
from typing import Any

from transformers import PreTrainedTokenizerBase

from dataset_builder.configs import MOST_LONGER
from dataset_builder.row import normalize
from sft.rendering import Rendered

# words with which the chat templates of Llama 3, Mistral, Qwen and DeepSeek mark turns: in the text of a row they show that it was
# rendered before, for any model
TEMPLATE_WORDS = (
    *("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "</s>"),
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<think>", "</think>"),
    *("<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
)
CODES = {
    "no_messages": "prompt or completion is no list of messages with role and text, which the chat template renders",
    "no_answer": "the completion is not one assistant turn with text, or the prompt does not end with a user turn with text",
    "fully_masked": "no token is trained: the prompt alone fills max_length",
    "cut": "longer than max_length: its end, with the end token, would be cut off",
    "no_end_token": "the end token is not trained, so the model would not learn to stop",
    "prompt_differs": "the template renders the prompt differently at inference and in training",
    "template_drops_text": "the template leaves out a part of the completion, or a turn of the prompt",
    "template_words": "the text contains words with which a chat template marks turns",
    "special_token": "the text contains a special token of this tokenizer",
    "duplicate": "same prompt and completion as another row",
    "overlap": "asks the same as an evaluation question",
}
# of rows that are learned from by reward or by preference (learning_checks.py)
LEARNING_CODES = {
    "not_rewarded": "no rule can reward an answer: an open question, or a gold answer that is not read as the gold option",
    "no_options": "the prompt does not show all options, so a letter would be a guess",
    "no_spread": "all judged samples of the question were right, or none: too easy or too hard to learn from (MIN_PASS, MAX_PASS)",
    "no_pair": "chosen and rejected have the same words, or one has none",
    "unequal_length": f"one text of the pair is over {MOST_LONGER} times as long: length would be learned",
}
NEVER_ALLOWED = ("no_messages",)  # such a row cannot be trained, or only without the chat template


def faults(
    row: Mapping[str, Any], rendered: Rendered, tokenizer: PreTrainedTokenizerBase, max_length: int | None
) -> Iterator[tuple[str, str]]:
    """The codes of the faults of this row, each with what was found."""
    last, text = row["prompt"][-1], row["completion"][-1]["content"]
    roles = [message["role"] for message in row["completion"]]
    if roles != ["assistant"] or last["role"] != "user" or not text.strip():
        yield "no_answer", f"prompt ends with {[last['role']]}, completion has {roles}, {len(text.strip())} characters"
    elif not last["content"].strip():
        yield "no_answer", "the user's turn at the end of the prompt has no text"
    yield from _tokens(rendered, tokenizer, max_length)
    for number, role in dropped_turns(row, rendered):
        if role != "system":
            yield "template_drops_text", f"the {role}'s turn, message {number} of the prompt, is not rendered"
    if text.strip() not in rendered.answer:
        yield "template_drops_text", f"not all of the completion's {len(text)} characters are rendered"
    yield from _words(row, tokenizer)


def dropped_turns(row: Mapping[str, Any], rendered: Rendered) -> Iterator[tuple[int, str]]:
    """Number and role of each message of the prompt whose words are not rendered, in the order of the turns."""
    begin = 0
    for number, message in enumerate(row["prompt"], start=1):
        text, is_system = message["content"].strip(), message["role"] == "system"
        place = rendered.asked.find(text, 0 if is_system else begin)
        if place < 0:
            yield number, message["role"]
        elif not is_system:  # some templates write it into the last user's turn
            begin = place + len(text)


def _tokens(
    rendered: Rendered, tokenizer: PreTrainedTokenizerBase, max_length: int | None
) -> Iterator[tuple[str, str]]:
    length = len(rendered.tokens)
    if not rendered.trained(max_length):
        yield "fully_masked", f"{rendered.start} tokens of prompt, max_length {max_length}"
    elif max_length and length > max_length:
        yield "cut", f"{length} tokens, max_length {max_length}"
    elif not ends(rendered, tokenizer):
        yield "no_end_token", f"ends with {tokenizer.decode(rendered.tokens[-3:])!r}, expected {tokenizer.eos_token!r}"
    if rendered.lost:
        yield "prompt_differs", f"{rendered.lost!r} is only in the prompt at inference"


def ends(rendered: Rendered, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the end token is trained, with only white space after it (Qwen's template adds a line break there)."""
    trained = rendered.tokens[rendered.start :]
    if tokenizer.eos_token_id not in trained:
        return False
    last = len(trained) - 1 - trained[::-1].index(tokenizer.eos_token_id)
    return not str(tokenizer.decode(trained[last + 1 :])).strip()


def end_of_template(rendered: Rendered, tokenizer: PreTrainedTokenizerBase) -> str | None:
    """The special token with which the chat template ends an answer; None where there is none."""
    known = tokenizer.added_tokens_decoder
    ids = [id_ for id_ in rendered.tokens[rendered.start :] if id_ in known and known[id_].special]
    return str(tokenizer.convert_ids_to_tokens(ids[-1])) if ids else None


def _words(row: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase) -> Iterator[tuple[str, str]]:
    special = set(tokenizer.all_special_ids) | {
        id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special
    }
    for message in [*row["prompt"], *row["completion"]]:
        text = message["content"]
        if words := [word for word in TEMPLATE_WORDS if word in text]:
            yield "template_words", f"{', '.join(words)} in the {message['role']}'s text"
        if found := special & set(tokenizer.encode(text, add_special_tokens=False)):
            yield "special_token", f"{tokenizer.convert_ids_to_tokens(sorted(found))} in the {message['role']}'s text"


def same_key(row: Mapping[str, Any], *columns: str) -> str:
    """A key that is equal for rows with the same prompt and the same completions, in these columns, after normalisation."""
    messages = [message for name in ("prompt", *columns) for message in row[name]]
    return "\x1f".join(normalize(message["content"]) for message in messages)
