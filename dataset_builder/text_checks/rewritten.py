"""What a rewritten rationale must not contain: signs that its writer had notes or an answer, and unsupported claims.

The editors of both papers see the gold answer or the errors of others, and are asked for numbers and guidelines without any
source. Their texts are not checked there (ReasonMed, error-driven refinement, medium and difficult).
"""

import re
from collections.abc import Iterable, Sequence

from dataset_builder.text_checks.rationale import leak
from dataset_builder.text_checks.words import runs, words_of

QUOTED = 8  # so many words in a row that are in a text and in a note, but not in the question, are a quotation

_MATERIAL = re.compile(
    r"\b(?:error|reviewer(?:'?s'?)?|examiner(?:'?s'?)?|feedback|correction) (?:notes?|reasons?|comments?|feedback)\b"
    r"|\b(?:the|these|those|as) (?:error )?(?:notes?|feedback) (?:say|says|state|states|point|points|show|shows|mention|mentions)\b"
    r"|\b(?:the|my|this) (?:(?:original|earlier|previous|first|colleague'?s?) )+(?:draft|rationale|reasoning|chain of thought)s?\b"
    r"|\b(?:the|this) draft\b"
    r"|\b(?:other|earlier|previous|failed) attempts? (?:at (?:this|the) (?:question|case)|missed|overlooked|went wrong)\b"
    r"|\b(?:gold|target|reference|given|provided|known) (?:answer|option|label|conclusion)\b(?! (?:choice|option))"
    r"|\bthe (?:correct|right|final) answer (?:is|was|has been) (?:already )?(?:given|provided|known|stated|supplied)\b",
    re.IGNORECASE,
)
_CITATION = re.compile(
    r"\bet al\b\.?|\bPMID\b|\bdoi\b|https?://\S+"
    r"|\b(?:N Engl J Med|NEJM|Lancet|JAMA|BMJ|Cochrane)\b"
    r"|\b(?:[A-Z]{2,}(?:/[A-Z]{2,}){0,8}|[Cc]linical|[Pp]ractice|[Ii]nternational|[Cc]urrent|[Nn]ational) (?:\w+ )?[Gg]uidelines?\b"
    r"|\b[Gg]uidelines? (?:of|by|from) the [A-Z]\w+"
    r"|\b(?:landmark|pivotal|randomi[sz]ed|prospective|cohort|controlled) (?:\w+ ){0,2}(?:trials?|stud(?:y|ies))\b"
    r"|\([A-Z][a-z]+(?: (?:and|&) [A-Z][a-z]+)?,? (?:19|20)\d\d\)"
)
# Each citation has one of these, whatever its case; most texts have none
_IN_CITATIONS = (
    "uideline",
    "stud",
    "trial",
    "et al",
    "pmid",
    "doi",
    "http",
    "n engl j",
    "nejm",
    "lancet",
    "jama",
    "bmj",
    "cochrane",
)
_YEAR = re.compile(r"[12][09]\d\d\)")  # ends the one that has no such word
_LIST_MARK = re.compile(r"(?m)^(?:[^\S\n]|[*#])*\(?\d{1,2}[.):]")
_NAME = r"(?:type|class|grade|stage|factor|chromosome|trisomy|monosomy|step|option|figure|nerve|level|phase|group|serotypes?|HPV|vitamin|lead|point)s?"
# The digit comes first, and what must not stand before it after that: so a digit is looked for, and nothing is tried at other characters
_NUMBER = re.compile(
    r"\d(?<![\w.,-].)\d*(?:[.,]\d+)*(?:\s?%)?(?:-(?!year|month|week|day|hour|minute|fold|point)[A-Za-z]\w*)?",
    re.DOTALL,
)
_NAMED = re.compile(rf"\b{_NAME} \Z", re.IGNORECASE)  # the text before a number that is part of a name
_BEFORE_NUMBER = 13  # characters: at least as many as _NAMED can match, and the one before
_CALCULATED = re.compile(r"[\d)%] ?[=≈] ?\$?$")  # the text before a calculated result: 190/250 = 0.76
_BEFORE_RESULT = 8  # characters: at least as many as _CALCULATED can match
_COUNTS = 10  # "two of 6 options", "within 3 steps": whole numbers up to this one are no claims to be checked


def reveals_material(text: str, notes: Sequence[str], open_texts: Iterable[str]) -> str | None:
    """The words with which a text reveals that its writer had notes, a draft or an answer, or quotes a note; else None.

    ``open_texts``: texts that the reader has too, the question and its options; quotations of these are allowed.
    """
    if found := _MATERIAL.search(text):
        return found.group()
    if words := leak(text):
        return words
    if not notes:
        return None
    free = set().union(*(runs(words_of(source), QUOTED) for source in open_texts))
    own = runs(words_of(text), QUOTED) - free
    return next((" ".join(run) for note in notes for run in sorted(runs(words_of(note), QUOTED)) if run in own), None)


def unsupported(text: str, sources: Iterable[str]) -> str | None:
    """The first number or citation of a text that none of its sources contains, or None.

    Not checked are numbers that are part of a name (type 2, B12, 21-hydroxylase), mark a step, count up to ten, or are the result
    of a calculation that the text shows (the terms of the calculation must be supported).
    """
    given = "\n".join(sources)
    return unsupported_citation(text, given) or unsupported_number(text, given)


def unsupported_citation(text: str, given: str) -> str | None:
    """The first citation of a text that the given text does not contain, or None."""
    small = text.lower()
    if not any(word in small for word in _IN_CITATIONS) and not _YEAR.search(text):
        return None
    given = given.casefold()
    found = dict.fromkeys(match.group() for match in _CITATION.finditer(text))
    return next((words for words in found if words.casefold() not in given), None)


def unsupported_number(text: str, given: str) -> str | None:
    """The first number of a text that the given text does not contain, or None."""
    known = {_value(number) for number in re.findall(r"\d+(?:[.,]\d+)*", given)}
    text = _LIST_MARK.sub("", text)
    last = 0  # the end of the number before
    for match in _NUMBER.finditer(text):
        words, since, last = match.group(), max(last, match.start() - _BEFORE_NUMBER), match.end()
        if any(letter.isalpha() for letter in words) or _NAMED.search(text, since, match.start()):
            continue  # part of a name
        if _CALCULATED.search(text, max(0, match.start() - _BEFORE_RESULT), match.start()):
            continue
        value = _value(words.rstrip("% "))
        if value not in known and (words.endswith("%") or not _counts(value)):
            return words
    return None


def _counts(value: str) -> bool:
    """Whether a number is whole and at most _COUNTS. Python does not convert thousands of digits, which some texts have."""
    return value.isdigit() and len(value) < 5 and int(value) <= _COUNTS


def _value(number: str) -> str:
    """A number in one spelling, equal for 1,000 and 1000, and for 2.0 and 2."""
    plain = re.sub(r",(?=\d{3}\b)", "", number).replace(",", ".")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
