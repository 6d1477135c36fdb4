"""Nodes that are one concept for a reader, though the graph has several: by their names, without a model."""

import re
from functools import cache

from kg import fold
from kg.tables import DISEASE, DRUG, GENE, PHENOTYPE

NEOPLASMS = fold.NEOPLASM_WORDS | {"cancer", "carcinoma"}
IONS = ("", "cation", "anion")  # what remains of "Calcium cation" and "Zinc cation"
SUBUNIT = re.compile(
    r"[A-Z]?\d{0,2}[A-Z]?"
)  # what follows a family's beginning: "A1", "2B", "B10"; pseudogenes end otherwise


def contains_name(a: str, b: str, types: tuple[str, str] = (DISEASE, DISEASE)) -> bool:
    """Whether one name has all words of the other, as "pulmonary hypertension" has "hypertension": a path between them says little.

    Words are compared as in the N2 key. Disease, disorder and syndrome are ignored ("heart failure" has "heart disease"); cancer,
    carcinoma, tumor and neoplasm are one word. Names of two ``types`` do not contain each other, except of disease and phenotype:
    "Iron" is a word of "iron deficiency anemia", and no part of it. It compares words, not concepts: "asystole" does not contain
    "cardiac arrest", and "non Hodgkin lymphoma", written as three words, contains "Hodgkin lymphoma".
    """
    one, other = _telling(a), _telling(b)
    comparable = types[0] == types[1] or set(types) == {DISEASE, PHENOTYPE}
    return comparable and bool(one and other) and (one <= other or other <= one)


def twin_key(name: str, type_: str) -> str:
    """A key, equal for nodes that are one concept for a reader, with these names and types.

    A disease and the phenotype of its name; a drug and its salts; genes of one family of kg/words/subunits.tsv ("GABRA1", "GABRB3").

    The families are a reviewed list, since no rule tells GABRA1 and GABRB3 (subunits of one receptor) from HTR1A and HTR2A or ADRB1
    and ADRB2 (receptors that drugs distinguish). A family that is not in the list stays apart, and so do synonyms that share no
    words ("renal failure", "kidney failure"), subtypes of a disease, and enantiomers and prodrugs of a drug. All voltage-gated
    sodium channels are one family, though some are in the heart and others in nerves.
    """
    if type_ in (DISEASE, PHENOTYPE):
        return f"finding:{fold.n3_key(name) or fold.n2_key(name) or name}"
    if type_ == DRUG:
        base = fold.drug_salt_key(name)
        return f"drug:{base if base not in IONS else fold.n1_key(name) or name}"
    if type_ == GENE:
        return f"gene:{_family(name) or name}"
    return f"{type_}:{fold.n2_key(name) or name}"


def _telling(name: str) -> frozenset[str]:
    words = fold.n2_words(name)
    kept = frozenset("neoplasm" if word in NEOPLASMS else word for word in words if word not in fold.DISEASE_WORDS)
    return kept or frozenset(words)


@cache
def _families() -> dict[str, str]:
    return {beginning: family for beginning, family in fold.read_words("subunits.tsv")}


@cache
def _longest_beginning() -> int:
    return max(map(len, _families()))


def _family(symbol: str) -> str:
    """The family of a gene symbol, by the longest beginning that is in the list; empty where it is in none."""
    for size in range(min(len(symbol), _longest_beginning()), 2, -1):
        if (family := _families().get(symbol[:size])) and SUBUNIT.fullmatch(symbol[size:]):
            return family
    return ""
