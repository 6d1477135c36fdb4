"""What the words of the Biolink Model mean in a graph of this project: categories as node types, edges as relations of words.tsv.

Three tables of kg/relations say it: biolink_categories.tsv, biolink_predicates.tsv (the two hierarchies) and biolink.tsv. Where a category or a
predicate is not named there itself, its parent's line counts; what is not in Biolink has no meaning, and is never put into words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from kg.contents import NODE_TYPES, Name
from kg.phrases import NONE, PHRASES, SYMMETRIC, read_table

PREFIX = "biolink:"
ANY = "*"
PRESENT: Name = ("disease_phenotype_positive", "phenotype present")
EXCLUDED = "excluded"
# How often patients have a phenotype: HPO's terms, by id and by name, and the display_relation that says it.
FREQUENCIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("HP:0040280", "obligate", "always present"), "phenotype always present"),
        **dict.fromkeys(("HP:0040281", "very frequent"), "phenotype very frequent"),
        **dict.fromkeys(("HP:0040282", "frequent"), "phenotype frequent"),
        **dict.fromkeys(("HP:0040283", "occasional"), "phenotype occasional"),
        **dict.fromkeys(("HP:0040284", "very rare"), "phenotype very rare"),
        **dict.fromkeys(("HP:0040285", "excluded"), EXCLUDED),
    }
)
NOBODY = re.compile(r"0+(\.0+)?\s*%|0+/\d+")
VERBS = {"increased": "increases", "upregulated": "increases", "decreased": "decreases", "downregulated": "decreases"}
REGULATES = {"increases": "positively_regulates", "decreases": "negatively_regulates"}
# Predicates so weak that they hold of the two ends too where they are stated of some aspect of these.
WEAK = frozenset(
    (
        *("related_to", "related_to_at_instance_level", "associated_with", "genetically_associated_with"),
        *("correlated_with", "gene_associated_with_condition", "occurs_together_in_literature_with"),
    )
)


class Said(NamedTuple):
    """What a line of an edges file says; all but ``negated`` without the prefix "biolink:", and "" where it says nothing."""

    predicate: str
    subject_type: str
    object_type: str
    negated: bool = False
    frequency: str = ""
    object_direction: str = ""
    object_aspect: str = ""
    subject_direction: str = ""


class Meaning(NamedTuple):
    """The relation, and whether the line's object is its subject."""

    name: Name
    swapped: bool


class _Predicate(NamedTuple):
    parent: str
    inverse: str
    symmetric: bool


class _Row(NamedTuple):
    name: Name
    negation: Name | None


def node_type(categories: Sequence[str]) -> str | None:
    """The node type of the most specific of these Biolink categories that has one; of several, the first. None: no category has one."""
    known = [category for one in categories if (category := one.removeprefix(PREFIX)) in _categories()]
    types = [(len(lineage), _type(lineage)) for lineage in map(_category_lineage, known)]
    found = [(depth, type_) for depth, type_ in types if type_ in NODE_TYPES]
    return max(found, key=lambda one: one[0])[1] if found else None


def meaning(said: Said) -> Meaning | str:
    """The relation that is stated, or why none of ours says this."""
    if said.predicate not in _predicates():
        return f"edges with the predicate {said.predicate!r}, which Biolink does not have"
    frequency = FREQUENCIES.get(said.frequency.removeprefix(PREFIX).strip().lower(), "") or FREQUENCIES.get(
        said.frequency, ""
    )
    if NOBODY.fullmatch(said.frequency):
        return "edges of a phenotype that none of the counted patients had"
    row, swapped, own = _row(said.predicate, said.subject_type, said.object_type)
    if said.negated or frequency == EXCLUDED:
        return _negated(said, row, swapped, own)
    if said.object_direction or said.object_aspect or said.subject_direction:
        return _qualified(said, row, swapped)
    if row.name == PRESENT and frequency:
        return Meaning((PRESENT[0], frequency), swapped)
    return Meaning(row.name, swapped)


def _negated(said: Said, row: _Row, swapped: bool, own: bool) -> Meaning | str:
    """The denial, only of what the predicate itself says: one of its parent's words would deny more."""
    if row.negation and own and not said.object_direction and not said.subject_direction:
        return Meaning(row.negation, swapped)
    return f"negated edges with the predicate {said.predicate}, whose denial has no words"


def _qualified(said: Said, row: _Row, swapped: bool) -> Meaning | str:
    """An effect on an aspect of the object in a direction; without a direction the plain relation holds too."""
    verb = VERBS.get(said.object_direction)
    plain = said.predicate in WEAK
    if said.predicate in ("affects", "regulates") and not said.subject_direction:
        plain = not said.object_direction
        if verb:
            relation = f"{verb}_{said.object_aspect}" if said.object_aspect else verb
            if said.predicate == "regulates" and not said.object_aspect:
                relation = REGULATES[verb]
            if name := _by_relation().get(relation):
                return Meaning(name, swapped=False)
    if plain:
        return Meaning(row.name, swapped)
    of = " ".join(filter(None, (said.object_direction, said.object_aspect)))
    whose = f"{of} of the object" if of else f"{said.subject_direction} subject"
    return f"edges with the predicate {said.predicate}, qualified ({whose}), which have no words"


def _row(predicate: str, subject: str, object_: str) -> tuple[_Row, bool, bool]:
    """The line of biolink.tsv, whether it is read from the object, and whether it is the predicate's own and not its parent's."""
    for one in _lineage(predicate):
        ways = list(_ways(one, subject, object_))
        for exact in (True, False):
            for name, ends, swapped in ways:
                of, to = ends if exact else (ANY, ANY)
                if row := _rows().get((name, of, to)):
                    return row, swapped, one == predicate
    raise LookupError(f"kg/relations/biolink.tsv has no line for {predicate} or a parent of it; expected related_to")


def _ways(predicate: str, subject: str, object_: str) -> Iterator[tuple[str, tuple[str, str], bool]]:
    """The predicate as it is written, and read from the other end: under the name of its inverse, or its own if it is symmetric."""
    yield predicate, (subject, object_), False
    if _predicates()[predicate].symmetric:
        yield predicate, (object_, subject), True
    for inverse in _inverses().get(predicate, ()):
        yield inverse, (object_, subject), True


def _lineage(predicate: str) -> Iterator[str]:
    while predicate != NONE:
        yield predicate
        predicate = _predicates()[predicate].parent


def _category_lineage(category: str) -> list[str]:
    found = []
    while category != NONE:
        found.append(category)
        category = _categories()[category][0]
    return found


def _type(lineage: Sequence[str]) -> str:
    return next(type_ for category in lineage if (type_ := _categories()[category][1]) != NONE)


@cache
def _categories() -> Mapping[str, tuple[str, str]]:
    """Per category its parent and its node type."""
    return {category: (parent, type_) for category, parent, type_ in read_table("biolink_categories.tsv")}


@cache
def _predicates() -> Mapping[str, _Predicate]:
    return {
        name: _Predicate(parent, inverse, symmetric == SYMMETRIC)
        for name, parent, inverse, symmetric in read_table("biolink_predicates.tsv")
    }


@cache
def _inverses() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, one in _predicates().items():
        if one.inverse != NONE:
            found.setdefault(name, []).append(one.inverse)
            found.setdefault(one.inverse, []).append(name)
    return found


@cache
def _rows() -> Mapping[tuple[str, str, str], _Row]:
    found = {}
    for predicate, subject, object_, relation, display, *negation in read_table("biolink.tsv"):
        denied = None if negation[0] == NONE else (negation[0], negation[1])
        found[predicate, subject, object_] = _Row((relation, display), denied)
    return found


@cache
def _by_relation() -> Mapping[str, Name]:
    """The first name of each relation of words.tsv."""
    return {name[0]: name for name in reversed(list(PHRASES))}
