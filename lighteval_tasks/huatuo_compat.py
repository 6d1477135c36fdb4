"""The answer rule that HuatuoGPT-o1, MedReason and ReasonMed publish, for comparison only: no accuracy of ours uses it.

Written from its description. Only the text after the last heading of a final answer is read. All letters after "answer is" count;
else all letters between non-letters; else options named in the text; else the option most similar to it. The rule always finds a
first and a last letter. A benchmark's score is the share of right first letters or of right last letters, whichever is higher;
empty outputs are left out of both.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

HEADINGS = (
    "## Final Response\n\n",
    "## Final Answer\n\n",
)  # the second one is used only where the first one does not occur
LETTERS = "ABCDEFGHIJKLMN"
DECLARED = re.compile(rf"answer is\s*?([{LETTERS}])")  # no right end: "answer is Calcium" is C


class PublishedScore(NamedTuple):
    """The score of a benchmark by the published rule: accuracy = max(first, last), over the outputs that were not dropped."""

    accuracy: float
    first: float
    last: float
    items: int
    dropped: int


def published_letters(text: str, options: Mapping[str, str]) -> tuple[str, str]:
    """The first and the last letter that the rule finds; they need not be labels of options."""
    for heading in HEADINGS:
        if heading in text:
            text = text.rpartition(heading)[2]
            break
    if declared := DECLARED.findall(text):
        return declared[0], declared[-1]
    # (?![aA] ) is meant to skip the article, but it also skips every "A " that is an answer
    alone = rf"(?:[\u4e00-\u9fff]|is |\W|^)(?![aA] )([{LETTERS[: len(options)]}])(?:\W|[\u4e00-\u9fff]|$)"
    if letters := re.findall(alone, text):
        return letters[0], letters[-1]
    low = text.lower()
    words = {label: option.lower() for label, option in options.items()}
    if named := [label for label in words if words[label] in low]:
        # "first" is the option whose first mention comes last: the published code sorts in descending order
        return max(named, key=lambda a: low.index(words[a])), max(named, key=lambda a: low.rindex(words[a]))
    likeness = {label: difflib.SequenceMatcher(None, option, low).ratio() for label, option in words.items()}
    label = max(reversed(likeness), key=likeness.__getitem__)  # among equals, the last
    return label, label


def published_score(letters: Sequence[tuple[str, str] | None], gold: Sequence[str]) -> PublishedScore:
    """The score of a benchmark from the letters of its outputs, None where one was empty. Case does not count."""
    kept = [(found, right) for found, right in zip(letters, gold, strict=True) if found]
    first, last = (
        sum(found[i].lower() == right.lower() for found, right in kept) / len(kept) if kept else 0.0 for i in (0, 1)
    )
    return PublishedScore(max(first, last), first, last, len(kept), len(letters) - len(kept))
