"""Abbreviations that a text defines itself, "thrombotic thrombocytopenic purpura (TTP)": there they mean nothing else.

Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text" (2003).
"""

import re
from collections.abc import Sequence

from kg import fold
from kg.tables import DRUG, GENE

Span = tuple[int, int]
_BRACKETS = re.compile(r"\(([A-Za-z][A-Za-z0-9-]{1,9})\)")
_WORD = re.compile(r"[^\s-]+")
# The last words of the full names of genes and drugs, of which few are in the graph: "matrix Gla protein", "Programmed Death 1".
_SUBSTANCE = re.compile(
    r"(?:protein|receptor|factor|antigen|hormone|gene|regulator|homolog|ligand|acid|\w{2}(?:ase|ins?|ines?|ates?|ides?))"
    r"(?:[\s-]+(?:alpha|beta|gamma|[A-Z]?\d+[A-Za-z]?|[A-Z]))?$|[\s-]\d+[A-Z]?$",
    re.IGNORECASE,
)
_OF_GENE = r"[\s-](?:genes?|proteins?|mRNA|mutations?|mutants?|alleles?|polymorphisms?|expression)\b"
_VERBS = frozenset(["is", "are", "was", "were", "has", "have", "which", "that"])  # no name has such a word
_ALIKE = 4  # letters with which two words begin that mean the same


def defined(text: str) -> dict[str, Span]:
    """By abbreviation the (start, end) of the words that it stands for."""
    found: dict[str, Span] = {}
    for match in _BRACKETS.finditer(text):
        short = match[1]
        if sum(map(str.isupper, short)) > 1 and (long := _long_form(text, short, match.start())):
            found.setdefault(short, long)
    return found


def _long_form(text: str, short: str, end: int) -> Span | None:
    """The shortest run of words before ``end`` that has the abbreviation's letters in order, the first at the start of a word."""
    letters = [letter for letter in short.lower() if letter.isalnum()]
    words = list(_WORD.finditer(text, max(0, end - 120), end))[-min(len(letters) + 5, 2 * len(letters)) :]
    if not words:
        return None
    at = words[-1].end()
    last, begin = at, words[0].start()
    for number, letter in enumerate(reversed(letters)):
        first = number == len(letters) - 1
        at -= 1
        while at >= begin and (text[at].lower() != letter or (first and at > begin and text[at - 1].isalnum())):
            at -= 1
        if at < begin:
            return None
    long = text[at:last].lower().split()
    return (at, last) if short.lower() not in long and _VERBS.isdisjoint(long) else None


def may_mean(short: str, long: str, names: Sequence[str], type_: str, text: str) -> bool:
    """Whether words that name no node may still define an abbreviation that is known to mean these ``names`` of a ``type_``.

    They may where a word begins as one of the names does ("deep vein thrombosis"), and for genes and drugs where they end as the full
    names of such do or the text speaks of the gene. "Total bilirubin (TB)" is no tuberculosis, "brainstem response (ABR)" no gene.
    """
    words = [word for word in fold.words(long) if word not in fold.DISEASE_WORDS]
    if type_ in (GENE, DRUG) and (_SUBSTANCE.search(long) or re.search(rf"\b{short}\)?{_OF_GENE}", text)):
        return True
    if type_ != GENE and any(
        short in name.split() for name in names
    ):  # "HIV infectious disease" does not say what HIV is
        return True
    return any(word[:_ALIKE] in name.lower() for word in words if len(word) >= _ALIKE for name in names)
