"""No regular expression, and no function that reads whole texts of models, needs more than linear time on hostile texts.

A model that repeats itself up to its token limit writes such texts: 20,000 line breaks, "1.1.1.1.…", an unclosed bracket.
"""

import functools
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.answer_extraction.thoughts import split_thoughts
from dataset_builder.claim_check import parsing, quoted
from dataset_builder.contamination import normalisation
from dataset_builder.llm.json_reply import NotJSON, find_object
from dataset_builder.text_checks import rationale, rewritten, style
from kg import KG, abbreviations, fold
from tests.support.patterns import FRAGMENTS, Found, found_patterns, hostile

SMALL, LARGE = 500, 4_000  # repetitions: eight times as many take 8 times as long, or 64 times where time is quadratic
QUADRATIC = 22  # times as long: between the two
UNNOTICED = (
    0.002  # seconds for the larger text: below, no time can be compared. A quadratic pattern takes 0.003 at least
)
# Patterns that are quadratic on texts that they never get
BOUNDED = {
    "dataset_builder.answer_extraction.named_options.REFUSAL": "searches 90 characters, and matches 400",
    "dataset_builder.claim_check.quoted._BEFORE": "searches 40 characters",
    "dataset_builder.claim_check.relations.FAMILIES": "only fullmatch, of one word",
    "dataset_builder.claim_check.words._LISTS": "only fullmatch, of one word",
    "dataset_builder.text_checks.style._prompt_runs": "splits our own prompt files",
}


@functools.cache
def graph() -> KG:
    """The sample graph."""
    return KG.load("sample")


def json_object(text: str) -> dict[str, Any] | None:
    """The object in a reply, or None."""
    try:
        return find_object(text)
    except NotJSON:
        return None


OPTIONS = {"A": "gout", "B": "the asthma", "C": "no"}
READERS: dict[str, Callable[[str], Any]] = {
    "defect": lambda text: style.defect(text, text),
    "flags": lambda text: style.flags(text, ""),
    "reveals_material": lambda text: rewritten.reveals_material(text, [text], [""]),
    "extract": lambda text: extract(text + " gout.", OPTIONS),
    "extract_yes_no": lambda text: extract("x " + text, {"A": "yes", "B": "no", "C": "maybe"}),
    "split_thoughts": split_thoughts,
    "rationale.parts": rationale.parts,
    "find_object": json_object,
    "contamination.content": normalisation.content,
    "contamination.key_of": normalisation.key_of,
    "fold.tokens": lambda text: list(fold.tokens(text)),
    "fold.n3_key": fold.n3_key,
    "abbreviations.defined": abbreviations.defined,
    "find_mentions": lambda text: graph().find_mentions(text),
    "names_in": lambda text: parsing.names_in(graph(), text),
    "asides": lambda text: list(parsing._said(text, 0, len(text))),
    "lines_with_arrows": lambda text: quoted.without(text, []),
}
# what these functions look for
CUES = (
    *(
        "gout ",
        "not gout ",
        "gout. ",
        "(B) ",
        "A. gout\n",
        "Answer: A\n",
        "\\boxed{A} ",
        "<think>",
        "<think></think>",
        "| a |\n",
    ),
    *(
        "the answer is not ",
        "is (",
        "(ABC) ",
        "et al ",
        "5 = 5 ",
        "12 % ",
        "**Conclusion:**\n",
        "\\text{",
        "→\n",
        "(choice A)",
    ),
)


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes, without the time in which other processes run."""
    start = time.process_time()
    work()
    return time.process_time() - start


def read(found: Found, text: str) -> None:
    """Use a pattern as the project does: at the start of the text, or everywhere."""
    if found.at_start:
        found.pattern.match(text)
        found.pattern.fullmatch(text)
    else:
        for _ in found.pattern.finditer(text):
            pass


def quadratic(found: Found) -> Iterator[str]:
    """The texts on which a pattern takes more than linear time. A time that noise may have made is measured again."""
    for small, large in zip(hostile(found.pattern, SMALL), hostile(found.pattern, LARGE), strict=True):
        if seconds(lambda text=large: read(found, text)) < UNNOTICED:
            continue
        short = min(seconds(lambda text=small: read(found, text)) for _ in range(3))
        if min(seconds(lambda text=large: read(found, text)) for _ in range(2)) > QUADRATIC * short:
            yield f"{large[:20]!r}…{large[-10:]!r}"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch and LiteLLM, which some modules import
def test_no_pattern_takes_quadratic_time() -> None:
    patterns = found_patterns()
    assert len(patterns) > 200
    slow = {found.where: text for found in patterns if found.where not in BOUNDED for text in quadratic(found)}
    assert not slow
    assert {found.where for found in patterns} >= BOUNDED.keys(), "a pattern of BOUNDED is gone: delete its line"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_hundred_thousand_repetitions_of_its_own_words_take_a_pattern_no_second() -> None:
    """Of each pattern the text that takes longest; all 12,503 texts took 131 s on 28 November 2026, the slowest 0.35 s."""
    taken = {found.where: seconds_at_worst(found) for found in found_patterns() if found.where not in BOUNDED}
    assert {where: one for where, one in taken.items() if one > 1} == {}


def seconds_at_worst(found: Found) -> float:
    """For 100,000 repetitions of what takes longest with `LARGE`, at least; a pattern that is slow with `LARGE` would take for ever."""
    took = [seconds(lambda text=text: read(found, text)) for text in hostile(found.pattern, LARGE)]
    if max(took) > 0.2:
        return max(took) * 100_000 / LARGE
    text = list(hostile(found.pattern, 100_000))[took.index(max(took))]
    return seconds(lambda: read(found, text))


@pytest.mark.slow
def test_a_quadratic_pattern_is_found_by_its_own_words() -> None:
    for pattern in (
        r"(?m)^[\s*#]*\(?\d{1,2}[.):]",
        r"\b[\w.+-]+@\w+",
        r"\ball\b.*\bexcept\b",
    ):
        assert list(quadratic(Found("here", re.compile(pattern), at_start=False))), pattern


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_a_hostile_text_is_read_in_linear_time(reader: str) -> None:
    read_text = READERS[reader]
    slow = {}
    for fragment in (*FRAGMENTS, *CUES):
        if (large := seconds(lambda text=fragment * 8_000: read_text(text))) > 0.05:
            small = min(seconds(lambda text=fragment * 1_000: read_text(text)) for _ in range(2))
            large = min(large, seconds(lambda text=fragment * 8_000: read_text(text)))
            if large > QUADRATIC * small or large > 0.8:
                slow[fragment] = (small, large)
    assert not slow


def test_a_text_of_thousands_of_digits_has_a_number_that_nothing_supports() -> None:
    assert rewritten.unsupported_number("7" * 5_000, "") == "7" * 5_000  # int() refuses so many
