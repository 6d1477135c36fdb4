"""Defects and flags of any rationale, found by rules only, without a model.

A defect makes a rationale unusable: it mentions an answer or paths that its writer was given, copies the prompt, refuses, is not in
English, does not close a code block, or contains personal data. A flag is a doubt: a number or a citation that question, options and
paths do not support, or loose Markdown. Textbook facts are flagged too, so flags are counted and published but reject nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, pairwise

from dataset_builder.answer_extraction.read_once import ReadOnce
from dataset_builder.prompt import FOLDER
from dataset_builder.text_checks.rationale import leak
from dataset_builder.text_checks.rewritten import unsupported_citation, unsupported_number
from dataset_builder.text_checks.words import runs, words_of

COPIED = 10  # so many words in a row from our prompts are a copy, not chance
ECHO, ECHO_RUN, MIN_ECHO = (
    0.6,
    6,
    30,
)  # share, words per run, minimum of runs: a text with so large a share of its runs in the question only repeats it
FOREIGN_SCRIPT = 0.2  # of all letters; Greek does not count, medicine writes alpha and beta with it
MIN_WORDS = 30  # a text with fewer words is too short to tell its language
OPENING = 300  # characters at the start of a text in which a refusal is looked for

_REFUSAL = re.compile(
    r"\b(?:I(?:'m| am)? (?:really |very |so )?sorry,? (?:but )?(?:I |that I )?(?:can(?:'|no)t|am (?:not able|unable)|won't)"
    r"|I (?:can(?:'|no)t|am (?:not able|unable) to|won't|must decline to) (?:help|assist|provide|offer|give|answer|comply|fulfil+|discuss|continue)\b"
    r"|as an? (?:AI|artificial intelligence|(?:large )?language model)\b|I(?:'m| am) (?:just |only )?an? (?:AI|language model)\b"
    r"|(?:this|the) request (?:violates|goes against))",
    re.IGNORECASE,
)
_FENCE = re.compile(r"(?m)^ {0,3}(?:```|~~~)")
_HEADING = re.compile(r"(?m)^(#{1,6}) +\S")
E_MAIL = "an e-mail address"
_PERSONAL = {
    E_MAIL: re.compile(r"\b[\w.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b"),
    "a social security number": re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"),
    "a phone number": re.compile(
        r"(?<![\w.+-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[.-]\d{4}(?![\w-])|(?<!\w)\+\d{1,3}(?:[ -]?\d{2,4}){3,4}\b"
    ),
    "a record number": re.compile(
        r"\b(?:MRN|medical record (?:number|no\.?)|patient ID|hospital (?:number|no\.?))[ :#]*[A-Z]{0,3}\d{5,}\b",
        re.IGNORECASE,
    ),
}
# each of the personal numbers has four digits in a row, or one after a plus; the class comes first, since such a pattern is searched fast
_DIGITS = re.compile(r"[\d+](?:(?<=\+)\d|(?<=\d)\d{3})")
_ALL_KNOWN = bytes([True] * COPIED)
_LETTERS = re.compile(r"[^\W\d_]+")
_OTHER_SCRIPT = re.compile(
    r"[^\u0000-\u03ff\u1e00-\u1fff\u2113\u00b5\u210e\U0001d400-\U0001d7ff]"
)  # than Latin and Greek
_LANGUAGES = {
    "English": "the of and to in is that with for as this which by are be from not or an it on at",
    "Spanish": "el la los las de que en un una con por para es se del al como su más",
    "French": "le la les des et est une dans pour que qui du par sur avec pas cette ce il au ou",
    "German": "der die das und ist ein eine mit von den nicht zu auf für im des dem als durch bei",
    "Portuguese": "os as de que em um uma com por para é do da não como mais ao se",
    "Italian": "il lo la gli le di che un una con per non del della come si nel più",
    "Dutch": "de het een van en is dat met voor niet op zijn door bij aan deze als te wordt ook",
}
_WORDS_OF = {name: frozenset(words.split()) for name, words in _LANGUAGES.items()}

_READ: ReadOnce[tuple[str, str] | None] = ReadOnce()


def defect(text: str, question: str = "") -> tuple[str, str] | None:
    """The reason code of the first defect and what exactly was found, or None. ``question``: question, context and options."""
    return _READ.of((text, question), lambda: next(_defects(text, question), None))


def defects(text: str, question: str = "") -> list[tuple[str, str]]:
    """Every defect of a text, of which `defect` gives the first."""
    return list(_defects(text, question))


def _defects(text: str, question: str) -> Iterator[tuple[str, str]]:
    if found := _REFUSAL.search(text, 0, OPENING):
        yield "refusal", f"it says {found.group()!r}"
    if language := other_language(text):
        yield "other_language", f"it is written in {language}"
    if copied := copied_prompt(text, question):
        yield "copied_prompt", copied
    if words := leak(text):
        yield "leaked_answer", f"it says {words!r}"
    if ("```" in text or "~~~" in text) and len(_FENCE.findall(text)) % 2:
        yield "broken_markdown", "a code block is opened and not closed"
    numbers = _DIGITS.search(text)
    for what, pattern in _PERSONAL.items():
        may_have = "@" in text if what == E_MAIL else numbers
        if may_have and (found := pattern.search(text)):
            yield "personal_data", f"it has what looks like {what} at character {found.start()}"


def flags(text: str, given: str) -> list[str]:
    """``code: what`` for every flag. ``given``: question, context, options and paths; their numbers and citations pass."""
    found = {
        "unsupported_number": unsupported_number(text, given),
        "unsupported_citation": unsupported_citation(text, given),
    }
    found["loose_markdown"] = loose_markdown(text)
    return [f"{code}: {what}" for code, what in found.items() if what]


def other_language(text: str) -> str | None:
    """The language of a text, or "another script"; None where it is English, or too short to tell."""
    words = words_of(text)
    found = [word for word in words if word.isalpha()]
    if len(found) < len(words):
        found += chain.from_iterable(_LETTERS.findall(word) for word in words if not word.isalpha())
    letters = "" if text.isascii() else "".join(found)
    if len(_OTHER_SCRIPT.findall(letters)) > FOREIGN_SCRIPT * max(len(letters), 1):
        return "another script"
    if len(found) < MIN_WORDS:
        return None
    times = Counter(found)
    share = {name: sum(times.get(word, 0) for word in known) for name, known in _WORDS_OF.items()}
    most = max(share, key=lambda name: share[name])
    return most if share[most] > 2 * share["English"] and share[most] >= len(found) / 10 else None


def copied_prompt(text: str, question: str) -> str | None:
    """What a text copies: words of our prompts, or most of the question. None where it copies neither."""
    words, asked = words_of(text), words_of(question)
    copied = set(_runs_of_prompts(words))
    if copied and (found := sorted(copied - runs(asked, COPIED))):
        return f"words of the prompt: {' '.join(found[0])!r}"
    # each different word of a text begins a run, but for the last ones: a text with too many of them need not be compared
    if len(set(words[: 1 - ECHO_RUN])) * ECHO > len(asked):
        return None
    repeated = runs(words, ECHO_RUN)
    if len(repeated) >= MIN_ECHO and len(repeated & runs(asked, ECHO_RUN)) >= ECHO * len(repeated):
        return "it repeats the question"
    return None


def loose_markdown(text: str) -> str | None:
    """What is wrong: bold type that is not closed, or a heading more than one level below the one before; else None."""
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*] |\d+[.)] |#))", text):
        plain = re.sub(r"`[^`]*`|\\\*", "", paragraph)
        if len(re.findall(r"(?<!\*)\*\*(?!\*)", plain)) % 2:
            return "bold type is opened and not closed"
    levels = [len(mark) for mark in _HEADING.findall(text)]
    if any(level > before + 1 for before, level in pairwise(levels)):
        return "a heading skips a level"
    return None


def _runs_of_prompts(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The runs of COPIED words that the prompt files have too."""
    prompts, known = _prompt_runs(), bytes(map(_prompt_words().__contains__, words))
    at = known.find(_ALL_KNOWN)  # few texts have so many words in a row that occur in prompts
    while at >= 0:
        if (run := tuple(words[at : at + COPIED])) in prompts:
            yield run
        at = known.find(_ALL_KNOWN, at + 1)


@cache
def _prompt_words() -> frozenset[str]:
    return frozenset(word for run in _prompt_runs() for word in run)


@cache
def _prompt_runs() -> set[tuple[str, ...]]:
    """Every run of COPIED words in the prompt files, without the parts that come from the row."""
    texts = (path.read_text("utf-8") for path in sorted(FOLDER.glob("*.jinja")))
    pieces = (piece for text in texts for piece in re.split(r"\{[{%#].*?[}%#]\}", text, flags=re.DOTALL))
    return {run for piece in pieces for run in runs(words_of(piece), COPIED)}
