"""What is read of the JSON texts in OptimusKG's column ``properties``: which property of which label has a name, a synonym, a source.

A property that is absent or null says nothing. One with another kind of value than expected is a GraphError of the row (kg.readers.optimuskg).
Which labels have which properties: conf/base/catalog/silver of mims-harvard/OptimusKG.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kg.contents import GraphError

TYPES = {
    "GEN": "gene/protein",
    "DRG": "drug",
    "PHE": "effect/phenotype",
    "DIS": "disease",
    "BPO": "biological_process",
    "MFN": "molecular_function",
    "CCO": "cellular_component",
    "EXP": "exposure",
    "PWY": "pathway",
    "ANA": "anatomy",
}
NAMES = {
    "GEN": ("symbol", "name")
}  # the first that says something; of other labels ``name``: texts name genes by symbol
# Only names of the same thing. Not: a gene's other symbols, which several genes share; trade names, some of several substances together;
# ``synonyms`` of anatomy and GO terms, of which nothing says whether they are exact.
SYNONYMS = {"GEN": ("name",), "DRG": ("synonyms",), "DIS": ("exact_synonyms",), "PHE": ("exact_synonyms",)}
_OF_CLINICAL = {"xrefs": "", "umls_cui": "UMLS:", "snomed_concept_ids": "SNOMEDCT:"}
_OF_DRUG = {"chemical_abstracts_service_number": "CAS:", "unique_ingredient_identifier": "UNII:"}
XREFS: Mapping[str, Mapping[str, str]] = {  # property, and what is put before an id that does not name its vocabulary
    **{label: {"xrefs": ""} for label in ("GEN", "ANA", "BPO", "MFN", "CCO")},
    **{label: _OF_CLINICAL for label in ("DIS", "PHE")},
    "DRG": _OF_DRUG,
}
PUBLICATIONS = ("reference_ids", "references", "source_ids")
EVIDENCE = ("evidence_type", "evidence", "call_quality")  # codes of HPO, of GO; gold or silver of Bgee
SCORE, PHASE, NOT = "evidence_score", "highest_clinical_trial_phase", "qualifier_not"
APPROVED = 4.0  # the phase of a drug that is approved for the indication (ChEMBL's max_phase_for_ind)
APPROVED_BY = ["DRUG_CENTRAL"]  # its indications are those of drug labels


class NodeFacts(NamedTuple):
    """What a node's properties say; ``name`` is empty where they have none."""

    name: str
    source: str
    synonyms: list[str]
    xrefs: list[str]


class EdgeFacts(NamedTuple):
    """What an edge's properties say. ``conditions``: those of kg/relations/optimuskg.tsv that hold."""

    source: str | None
    publications: list[str] | None
    evidence: str | None
    score: float | None
    conditions: frozenset[str]


def parse(cell: str | None) -> dict[str, Any]:
    """The properties in a cell; none where it is empty. Raises GraphError where it is no JSON object."""
    if not cell:
        return {}
    try:
        found = json.loads(cell, parse_constant=_no_number)
    except (ValueError, RecursionError) as why:
        raise GraphError(f"column properties is no JSON ({why}); found {cell[:80]!r}, expected a JSON object") from why
    if not isinstance(found, dict):
        raise GraphError(f"column properties has {cell[:80]!r}; expected a JSON object")
    return found


def node_facts(label: str, cell: str | None) -> NodeFacts:
    """Name, sources, exact synonyms and ids in other vocabularies of a node. Raises GraphError."""
    found = parse(cell)
    of_name = ([text for text in _texts(found, key) if shown(text)] for key in NAMES.get(label, ("name",)))
    name = next((texts[0] for texts in of_name if texts), "")
    synonyms = [text for key in SYNONYMS.get(label, ()) for text in _texts(found, key) if shown(text) and text != name]
    xrefs = [
        text if ":" in text else f"{prefix}{text}"
        for key, prefix in XREFS.get(label, {}).items()
        for text in _ids(found, key)
    ]
    return NodeFacts(name, "; ".join(_sources(found)[0]), list(dict.fromkeys(synonyms)), list(dict.fromkeys(xrefs)))


def edge_facts(label: str, cell: str | None) -> EdgeFacts:
    """Sources, publications, evidence and score of an edge. Raises GraphError."""
    found = parse(cell)
    direct, indirect = _sources(found)
    publications = [_publication(label, text) for key in PUBLICATIONS for text in _texts(found, key)]
    evidence = [text for key in EVIDENCE for text in _texts(found, key)]
    phase = _number(found, PHASE)
    if phase is not None:
        evidence.append(f"clinical trial phase {phase:g}")
    absent = found.get(NOT)
    if absent not in (None, True, False):
        raise _unexpected(NOT, absent, "true or false")
    # With both sources and a lower phase, nothing says whose the indication is: Open Targets' has every phase.
    approved = phase >= APPROVED if phase is not None else direct == APPROVED_BY
    return EdgeFacts(
        "; ".join(dict.fromkeys([*direct, *indirect])) or None,
        list(dict.fromkeys(publications)) or None,
        "; ".join(dict.fromkeys(evidence)) or None,
        _number(found, SCORE),
        frozenset(name for name, holds in (("approved", approved), ("qualifier_not", absent)) if holds),
    )


def shown(text: str) -> bool:
    """Whether a text has a sign that can be seen."""
    return any(sign.isprintable() and sign != " " for sign in text)


def _sources(found: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The direct and the indirect sources."""
    both = found.get("sources")
    if both is None:
        return [], []
    if not isinstance(both, dict):
        raise _unexpected("sources", both, "an object with direct and indirect")
    return _texts(both, "direct"), _texts(both, "indirect")


def _texts(found: Mapping[str, Any], key: str) -> list[str]:
    """A text, or a list of texts, as a list; nulls and empty texts left out."""
    value = found.get(key)
    if value is None:
        return []
    texts = [text for text in (value if isinstance(value, list) else [value]) if text is not None and text != ""]
    if not all(isinstance(text, str) for text in texts):
        raise _unexpected(key, value, "a text or a list of texts")
    return _encoded(key, texts)


def _ids(found: Mapping[str, Any], key: str) -> list[str]:
    """Ids as texts; those of genes are objects with ``source`` and ``id``."""
    value = found.get(key)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return _texts(found, key)
    pairs = [(*_texts(one, "source"), *_texts(one, "id")) for one in value]
    return [id_ if id_.startswith(f"{source}:") else f"{source}:{id_}" for source, id_ in _pairs(key, value, pairs)]


def _pairs(key: str, value: object, pairs: Iterable[tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    for pair in pairs:
        if len(pair) != 2:
            raise _unexpected(key, value, "objects with a source and an id each")
        yield pair


def _publication(label: str, text: str) -> str:
    """CTD's references of exposures are PubMed's numbers; other ids stay as they are."""
    return f"PMID:{text}" if label.startswith("EXP-") and text.isdecimal() else text


def _number(found: Mapping[str, Any], key: str) -> float | None:
    value = found.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise _unexpected(key, value, "a finite number")
    return float(value)


def _encoded(key: str, texts: list[str]) -> list[str]:
    """These texts. Raises GraphError for half of a surrogate pair, which JSON can have and no file can."""
    for text in texts:
        if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise _unexpected(key, text, "Unicode text")
    return texts


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")


def _unexpected(key: str, value: object, expected: str) -> GraphError:
    return GraphError(f"property {key} has {ascii(value)[:80]}; expected {expected}")
