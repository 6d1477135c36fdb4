"""The end of the thoughts that a reasoning model writes before its answer. Only this module knows their marks.

A server strips them if it has a parser for the model; if not, they stand in the text of the message. Each mark below was seen in the
outputs, templates or documentation of models: tests/answer_extraction/thoughts.jsonl says where.
"""

import re

# How a thought begins and ends, per kind of model. The begin is often missing: the chat template has put it into the prompt.
_NAMES = (
    "think|thinking|thought|thoughts|reasoning|reason|reflection|analysis|seed:think|internal_monologue|scratchpad"
)
MARKS = (
    (
        rf"<(?:{_NAMES})>",
        rf"</(?:{_NAMES})>",
    ),  # DeepSeek-R1, Qwen, GLM, MiniMax, Seed-OSS, Gemini, EXAONE, reflection models
    (r"◁think▷", r"◁/think▷"),  # Kimi
    (r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    (r"<unused94>", r"<unused95>"),  # MedGemma
    (
        r"<\|(?:begin_of_thought|thinking|start_thinking|think)\|>",
        r"<\|(?:end_of_thought|/thinking|end_thinking|/think|begin_of_solution)\|>",
    ),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Command A
    (r"<\|channel\|>(?:analysis|commentary)\b", r"<\|channel\|>final\b[^<]{0,40}<\|message\|>"),  # gpt-oss
)
_OPENED = re.compile("|".join(begin for begin, _ in MARKS), re.IGNORECASE)
_CLOSED = re.compile("|".join(end for _, end in MARKS), re.IGNORECASE)
_MAY_MARK = re.compile(r"[<◁]|THINK\]", re.IGNORECASE).search  # fast: most texts have none


def without_thoughts(text: str) -> str:
    """The text after the last closed thought; of this, what stands before a thought that is left open."""
    answer = _after_closed(text)
    opened = _OPENED.search(answer) if _MAY_MARK(answer) else None
    return answer[: opened.start()] if opened else answer


def is_unfinished(text: str) -> bool:
    """Whether a text ends within a thought: it has given no answer."""
    return bool(_MAY_MARK(text)) and _OPENED.search(_after_closed(text)) is not None


def _after_closed(text: str) -> str:
    end = 0
    if not _MAY_MARK(text):
        return text
    for mark in _CLOSED.finditer(text):
        end = mark.end()
    return text[end:]
