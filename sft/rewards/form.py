"""What takes a reward away: a text without reasoning of its own, with hidden text, that repeats itself, or that is too long."""

import re
from collections.abc import Sequence
from typing import Any

from dataset_builder.text_checks.style import other_language
from sft.rewards.texts import Said, text_of

FREE_WORDS, MOST_WORDS = 1200, 2400  # up to the first nothing is taken away, from the second on everything
MIN_OWN = 8  # words of a text's own prose: kg_only's shortest rationale has ten
RUN, ECHO = (
    5,
    0.6,
)  # of a sentence, the share of its runs of so many words that are in the prompt: then it only repeats it
DISTINCT, MIN_RUNS = 0.5, 40  # of all runs of RUN words, the share that must be different; a short text is not asked
# characters that no reader sees: controls, zero-width ones, marks of direction, tags; and markup that hides text
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    r"|<!--|<\s*(?:script|style|template)\b|\bstyle\s*=|\b(?:display\s*:\s*none|visibility\s*:\s*hidden)|\[//\]: #|\n[^\S\n]*(?:\n[^\S\n]*){12}\S",
    re.IGNORECASE,
)
# a turn that the text begins itself, as if somebody else went on
_TURN = re.compile(r"<\|[a-z_]{2,20}\|>|<\uff5c\w{2,20}\uff5c>|\[/?INST\]|</?s>", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ARROWS = re.compile("[—←→]|-->|->")
# words that a clause has and a list of names has not: verbs, pronouns, and what joins clauses
_CLAUSE_WORDS = """
is are was were be been being has have had do does did can could may might must should would will not no it its this that these those which
who whom what when where while because since so if then than therefore thus hence there their they he she we you
"""
_OTHER_WORDS = """
a an the and or but of to in on at by for with from as his her our your between into through during after before more most less least also only
both each other such
"""
_CLAUSE = frozenset(_CLAUSE_WORDS.split())
_GRAMMAR = _CLAUSE | frozenset(_OTHER_WORDS.split())


def form_reward(prompts: Sequence[Said], completions: Sequence[Said], **_: Any) -> list[float]:
    """0.0, or -1.0 for a text with a fault of form (`form_fault`)."""
    return [
        0.0 if form_fault(text_of(said), text_of(asked)) is None else -1.0
        for asked, said in zip(prompts, completions, strict=True)
    ]


def length_reward(completions: Sequence[Said], **_: Any) -> list[float]:
    """0.0 up to FREE_WORDS words, then linearly down to -1.0 at MOST_WORDS (the shape is DAPO's soft overlong punishment, arXiv:2503.14476)."""
    words = (len(text_of(said).split()) for said in completions)
    return [-min(1.0, max(0.0, (number - FREE_WORDS) / (MOST_WORDS - FREE_WORDS))) for number in words]


def form_fault(text: str, prompt: str) -> str | None:
    """The first fault of form, or None.

    empty: no word. hidden_text: characters or markup that no reader sees, a turn of somebody else, text far below. repetition: most runs of
    words are there again. no_reasoning: fewer than MIN_OWN words of sentences that are neither the prompt's, nor lists, paths in arrows,
    repetitions, or only state an answer. other_language: not English.
    """
    words = _words(text)
    if not words:
        return "empty"
    if _HIDDEN.search(text) or _TURN.search(text):
        return "hidden_text"
    runs = list(_runs(words))
    if len(runs) >= MIN_RUNS and len(set(runs)) < DISTINCT * len(runs):
        return "repetition"
    if own_words(text, prompt) < MIN_OWN:
        return "no_reasoning"
    return "other_language" if other_language(text) else None


def own_words(text: str, prompt: str) -> int:
    """The number of words in a text's own sentences of prose."""
    asked = _words(prompt)
    runs, words = set(_runs(asked)), set(asked)
    sentences = (_words(one) for one in dict.fromkeys(_SENTENCE.split(text)) if not _ARROWS.search(one))
    return sum(len(said) for said in sentences if _is_prose(said) and not _is_of(said, runs, words))


def _is_prose(said: Sequence[str]) -> bool:
    """Whether these words are a clause, not names in a row, and say more than what the answer is."""
    grammar = _GRAMMAR.intersection(said)
    if _CLAUSE.isdisjoint(grammar) or len(grammar) < len(set(said)) / 10:
        return False
    return "answer" not in said or len(said) >= MIN_OWN


def _is_of(said: Sequence[str], runs: set[tuple[str, ...]], words: set[str]) -> bool:
    """Whether most of a sentence is the prompt's; of a short one all."""
    if len(said) < RUN:
        return words.issuperset(said)
    own = list(_runs(said))
    return sum(run in runs for run in own) >= ECHO * len(own)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _runs(words: Sequence[str]) -> "zip[tuple[str, ...]]":
    return zip(*(words[i:] for i in range(RUN)), strict=False)
