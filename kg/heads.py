"""Words beside a name that make it another thing: "lymphoma kinase" is an enzyme, "serum cortisol" a measurement.

The words are reviewed (kg/words/heads.tsv). They count for names of the types beside them only: a "CFTR protein" is CFTR, but
an "edema factor" is no edema. The longer name may be a name or alias of the graph; then it was found, since the longest wins.
"""

import re
from collections.abc import Sequence
from functools import cache
from re import Match as Token

from kg import fold
from kg.matches import key_of
from kg.tables import DISEASE, DRUG, GENE, PHENOTYPE

KINDS = {
    DISEASE: "finding",
    PHENOTYPE: "finding",
    DRUG: "drug",
    GENE: "gene",
    "biological_process": "process",
    "molecular_function": "process",
    "cellular_component": "process",
    "pathway": "process",
}
JOINTS = frozenset([" ", "-", "\n", "\u2010", "\u2011", "\u2013"])  # what may stand between a name and its head
VALUE = re.compile(
    r"\s?(?:(?:level|concentration)s?\b|[:=]?\s?\d[\d.,]*\s?(?:mm|[mkunµμ]?g/|[mµμ]?mol|m?Eq|[mkµμ]?I?U/|%))"
)
Key = tuple[str, ...]


@cache
def _heads() -> dict[Key, frozenset[str]]:
    """By folded words, the kinds of names beside which they count."""
    return {key_of(words): frozenset(kinds.split()) for words, kinds in fold.read_words("heads.tsv")}


@cache
def _first_words() -> frozenset[str]:
    return frozenset(key[0] for key in _heads())


@cache
def _body_substances() -> frozenset[Key]:
    return frozenset(key_of(row[0]) for row in fold.read_words("body_substances.txt"))


def is_another(
    type_: str, words: Sequence[str], tokens: Sequence[Token[str]], text: str, first: int, last: int
) -> bool:
    """Whether the words right before or after the name at the tokens first..last make it another thing than its ``type_``.

    ``words``: the folded words of ``tokens``, which are those of ``text``.
    """
    if first == last and KINDS.get(type_) == "finding" and _is_value(tokens[first], text):
        return True
    near = (*words[max(0, first - 1) : first], *words[last + 1 : last + 2])
    if _first_words().isdisjoint(near):  # so with nearly all names
        return False
    kind, heads = KINDS.get(type_), _heads()
    if kind is None:
        return False
    measurable = kind == "drug" and tuple(words[first : last + 1]) in _body_substances()
    if measurable and any("change" in heads.get((word,), ()) for word in words[max(0, first - 3) : first]):
        measurable = False
    before = heads.get((words[first - 1],)) if first and _joined(tokens, text, first - 1) else None
    if before and ((kind == "drug" and "prefix" in before) or (measurable and "sample" in before)):
        return True
    for size in (2, 1):
        kinds = heads.get(tuple(words[last + 1 : last + 1 + size])) if last + size < len(words) else None
        if kinds and all(_joined(tokens, text, i) for i in range(last, last + size)):
            return kind in kinds or (measurable and "level" in kinds)
    return False


def _is_value(token: Token[str], text: str) -> bool:
    """Whether the abbreviation of a finding is read as a laboratory value ("serum TB level", "PSC = 16 mm Hg")."""
    return token[0].isupper() and VALUE.match(text, token.end()) is not None


def _joined(tokens: Sequence[Token[str]], text: str, i: int) -> bool:
    """Whether nothing but a blank or a hyphen is between a token and the next."""
    return text[tokens[i].end() : tokens[i + 1].start()] in JOINTS
