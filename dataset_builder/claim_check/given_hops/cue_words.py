"""The words of a sentence by their role in a claim: they state it, deny it or separate clauses.

Also recognises names that are not meant as names. The list of words is claim_cues.tsv. The longest phrase counts, so
that "not only" is no denial and "off label" no use.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from dataset_builder.claim_check.parsing import Name

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|[,;:()/]")
Word = tuple[str, frozenset[str]]  # a word or phrase, and the kinds of cue that it is


@cache
def _phrases() -> dict[str, list[tuple[tuple[str, ...], frozenset[str]]]]:
    """Per first word the phrases that begin with it, longest first, and their kinds."""
    kinds: dict[tuple[str, ...], set[str]] = {}
    for line in Path(__file__).with_name("claim_cues.tsv").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            kind, forms = line.split("\t")
            for form in forms.split("|"):
                kinds.setdefault(tuple(form.split()), set()).add(kind)
    phrases: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] = {}
    for words in sorted(kinds, key=len, reverse=True):
        phrases.setdefault(words[0], []).append((words, frozenset(kinds[words])))
    return phrases


# next to a drug's name: then it is a finding in a patient, or a substance of the body, and not a drug that is given
_NOT_GIVEN_BEFORE = re.compile(
    r"(?:low|high|elevated|increased|decreased|reduced|raised|abnormal|excess|endogenous|serum|urinary|removing|restricting"
    r"|anti|lack of|absence of|absorption of|secretion of|release of|levels? of|deficiency of|production of|synthesis of)[ -]$",
    re.IGNORECASE,
)
_NOT_GIVEN_AFTER = re.compile(
    r"[ -](?:deficien|level|content|metaboli(?:te|sm)|intoleran|absorption|malabsorption|secret|resistan|sensitiv|concentration"
    r"|toxicity|overdos|poison|intoxication|withdrawal|antibod|allerg|hypersensitiv|free\b|restrict|diet|synthes|release|accumulat"
    r"|deposit|receptor|excess|producing|secreting|store|binding)",
    re.IGNORECASE,
)


_CASE = re.compile(
    r"\b(?:(?:this|the|our|these) (?:\w+ )?(?:patient|man|woman|boy|girl|child|infant|case)s?|he|she|his|her|(?:year|month|week|day)s?-old"
    r"|newborn|(?:medical|family|past|social) history|vital signs|(?:comes|presents|is brought|is seen) (?:to|by|for|in) (?:the|her|his|an?)"
    r"|(?:physical )?examination (?:shows|reveals))\b",
    re.IGNORECASE,
)


def is_about_a_patient(text: str, start: int, end: int) -> bool:
    """Whether the sentence at these offsets is about one patient, and not about a disease in general."""
    return _CASE.search(text, start, end) is not None


def is_given(text: str, start: int, end: int) -> bool:
    """Whether a drug's name at these offsets means the drug, and not a level, a deficiency or a toxicity."""
    return not (_NOT_GIVEN_BEFORE.search(text, max(0, start - 20), start) or _NOT_GIVEN_AFTER.match(text, end))


def is_cue(text: str) -> bool:
    """Whether a name consists of words of the list only ("binding"), so that a text more likely means these."""
    words = [word[0].lower() for word in _WORD.finditer(text)]
    kinds = [kind for _, kind in _cues(words)]
    return bool(words) and all(kinds)


def pieces(text: str, start: int, end: int, names: Sequence[Name]) -> Iterator[Name | Word]:
    """The names and the words of the text from ``start`` to ``end``, in their order."""
    at = start
    for name in [*names, None]:
        until = name.start if name else end
        yield from _cues([match[0].lower().replace("’", "'") for match in _WORD.finditer(text, at, until)])
        if name:
            yield name
            at = name.end


def _cues(words: Sequence[str]) -> Iterator[Word]:
    """The words with their kinds, the longest phrases of the list as one.

    A word that is not on the list has no kind.
    """
    phrases, i = _phrases(), 0
    while i < len(words):
        for phrase, kinds in phrases.get(words[i], ()):
            if tuple(words[i : i + len(phrase)]) == phrase:
                yield " ".join(phrase), kinds
                i += len(phrase)
                break
        else:
            yield words[i], frozenset()
            i += 1
