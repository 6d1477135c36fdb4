"""The thoughts that a reasoning model writes before its answer, and how they are marked. Only this module knows the marks.

A server strips them if it has a parser for the model; if not, they stand in the text of the message. Each mark below was reported by
somebody: tests/fixtures/endpoints/replies.jsonl has the texts and says where. Thoughts without any mark cannot be told from an answer.
"""

import re
from functools import lru_cache

_NAMES = r"(?:think\w*|thoughts?|reasoning|reason|reflection|analysis|scratchpad|monologue|understanding|brainstorm|justification|cot_budget_reflect|antThinking)"
_TAG = rf"(?:\w+[:|_])?{_NAMES}(?:[:|]\w+)?"
# How thoughts begin and end. The begin is often missing, since the chat template has put it into the prompt.
_BEGINS = (
    rf"<{_TAG}(?: [^<>\n]{{0,200}})?>",  # <think>, <thought>, <seed:think>, <longcat_think>, <think:opensource>, <ifm|think>, <think a="b">
    r"<\|(?:plamo:)?(?:begin_of_thought|begin_of_reasoning|begin_think|thought_start|start_thinking|thinking|think|think_start|think:start|reasoning_start|content_thinking|inner_prefix"
    r"|\w+_analysis_start)(?::plamo)?\|>",
    r"<\|channel\|>(?:analysis|commentary)\b|\Aanalysis(?=[A-Z][a-z])",  # gpt-oss; the same without its special tokens
    r"<\|channel>(?:thought\n)?",  # Gemma 4
    r"◁think▷|\[THINK(?:ING)?\]|<unused94>|\[unused16\]|<\|open\|>think<\|sep\|>|\A\(think\)\s",  # Kimi, Magistral, MedGemma, Pangu, MiniMax
    r"\A ?to=self<\|message\|>",
)
_ENDS = (
    rf"</{_TAG}>",
    r"<\|(?:plamo:)?(?:end_of_thought|end_of_reasoning|begin_of_solution|thought_end|end_think|end_thinking|/thinking|/think|think_end|think:end|reasoning_end|content_text|inner_suffix"
    r"|\w+_analysis_end|answer_start|START_RESPONSE|START_TEXT)(?::plamo)?\|>",
    r"<\|channel\|>final\b[^<]{0,40}<\|message\|>|assistantfinal(?=\S)",
    r"<channel\|>|◁/think▷|\[/THINK(?:ING)?\]|<unused95>|\[unused17\]|<\|close\|>think<\|sep\|>|<\|open\|>response<\|sep\|>",
    r"assistant to=user<\|message\|>|__LM_STUDIO_INTERNAL_\w{1,80}?__(?=[^\w]|\{)",
    r"\[BEGIN FINAL RESPONSE\]",  # Apriel
)
# Granite's marks are plain words, with which other texts begin too: they count only where both are there
_IN_WORDS = re.compile(
    r"\s*Here(?:'s| is) my thought process:.*?Here(?:'s| is) my response:", re.IGNORECASE | re.DOTALL
)
_TURN = r"<\|end\|>(?=\s*[^\s<])"  # ends a thought of gpt-oss; elsewhere a whole answer
_MARK = re.compile(
    rf"(?<!`)(?:(?P<begin>{'|'.join(_BEGINS)})|(?P<end>{'|'.join(_ENDS)})|(?P<turn>{_TURN}))", re.IGNORECASE
)
_WORDS_OF_MARKS = ("<", "◁", "THINK", "[thinking]", "[unused", "(think)", "assistantfinal", "__LM_STUDIO", "FINAL RESPONSE]")  # fmt: skip
# Tokens that end an answer, where the server did not stop at them: what follows is another turn
_OVER = re.compile(
    r"<\|(?:im_end|eot_id|end|return|call|endoftext|end_of_text|eom_id|END_RESPONSE|END_TEXT|answer_end|end_of_solution|end_message|close)\|>|<(?:eos|end_of_turn)>"
    r"|<｜end▁of▁sentence｜>|\[END FINAL RESPONSE\]|</s>\s*\Z",
    re.IGNORECASE,
)


def without_thoughts(text: str) -> str:
    """The text without its thoughts: marked ones, all before an end without a begin, and all after a begin without an end."""
    return split_thoughts(text)[0]


def is_unfinished(text: str) -> bool:
    """Whether a text ends within a thought: it has given no answer."""
    return split_thoughts(text)[1]


@lru_cache(maxsize=64)  # the readers of a text follow each other
def split_thoughts(text: str) -> tuple[str, bool]:
    """The text without thoughts (`without_thoughts`), and whether the last one is left open (`is_unfinished`), in one pass."""
    text = text.removeprefix("thought\n")  # Gemma 4 without its special tokens
    if in_words := _IN_WORDS.match(text):
        text = text[in_words.end() :]
    if not any(word in text for word in _WORDS_OF_MARKS):
        return text, False
    kept: list[str] = []
    at, depth = 0, 0
    for mark in _MARK.finditer(text):
        if mark["begin"]:
            kept += [text[at : mark.start()]] if depth == 0 else []
            depth += 1
        elif mark["end"] or depth:
            kept = [] if depth == 0 else kept  # its begin was in the prompt
            depth, at = max(0, depth - 1), mark.end()
    if depth == 0:
        kept.append(text[at:])
    answer = "".join(kept)
    over = _OVER.search(answer)
    return answer[: over.start()] if over else answer, depth > 0
