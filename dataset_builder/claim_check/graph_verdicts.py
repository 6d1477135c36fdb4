"""The verdict of the graph on a claim: supported, contradicted or unknown, because a graph is never complete.

Only drug and disease have two relations that exclude each other (indicated, contraindicated); everywhere else a claim
contradicts the graph where it denies a relation that is there, or states one that the graph records as absent.
"""

from collections.abc import Iterable

from dataset_builder.claim_check.relations import PLAIN, Statement
from dataset_builder.claim_check.words import (
    ASSOCIATED,
    CONTRA,
    EXPRESSED,
    INDICATION,
    OFF_LABEL,
    PARENT,
    PRESENT,
    SIDE_EFFECT,
)
from kg.phrases import ABSENCES, DENIALS

Relation = tuple[str, str]  # relation, display_relation
USED = frozenset([INDICATION, OFF_LABEL])
SIDE = "drug_effect"  # kg.csv's relation of a side effect
THERAPEUTIC = USED | {CONTRA, SIDE}
DENIED = {denied: relation for relation, denied in DENIALS.items() if denied in THERAPEUTIC}  # "not_indicated"
OF_THERAPY = THERAPEUTIC | frozenset(DENIED.values())
# the edges of kg.csv that a stated relation is about; of the rest every edge counts
EDGES = {
    PRESENT: {"disease_phenotype_positive", "disease_phenotype_negative"},
    ASSOCIATED: {"disease_protein", "phenotype_protein", "exposure_disease"},
    PARENT: {"disease_disease", "phenotype_phenotype", "bioprocess_bioprocess", "molfunc_molfunc", "cellcomp_cellcomp"}
    | {"pathway_pathway", "anatomy_anatomy", "exposure_exposure"},
    EXPRESSED: {"anatomy_protein_present", "anatomy_protein_absent"},
    "enzyme": {"drug_protein"},
    "target": {"drug_protein"},
    "carrier": {"drug_protein"},
    "transporter": {"drug_protein"},
}
EDGES = {said: edges | {by for by, denied in DENIALS.items() if denied in edges} for said, edges in EDGES.items()}


def verdict(said: Statement, relations: Iterable[Relation]) -> str:
    """Of these relations between the two ends on what is said of them.

    A contradiction accuses, so it needs a sentence in which nothing but words of the relation stands between the two.
    """
    told = _verdict(said, relations)
    return "unknown" if told == "contradicted" and not said.sure else told


def _verdict(said: Statement, relations: Iterable[Relation]) -> str:
    if said.mode not in PLAIN:
        return "unknown"
    known, denied = set(relations), said.mode == "denied"
    names = {relation for relation, _ in known}
    if said.relation in THERAPEUTIC | {SIDE_EFFECT}:
        return _therapy(said, denied, names & OF_THERAPY)
    about = {pair for pair in known - _therapeutic(known) if pair[0] in EDGES.get(said.relation, names)}
    present = {pair for pair in about if pair[0] not in ABSENCES}
    if said.relation in ("enzyme", "carrier", "transporter"):
        present = {pair for pair in present if pair[1] == said.relation}
        if not present:
            return "unknown"  # an edge of another kind says nothing about this one
    if denied:
        return "contradicted" if present else "supported" if about else "unknown"
    return "supported" if present else "contradicted" if about else "unknown"


def _therapeutic(known: set[Relation]) -> set[Relation]:
    return {pair for pair in known if pair[0] in OF_THERAPY}


def _therapy(said: Statement, denied: bool, known: set[str]) -> str:
    """Of a drug and a disease: given for it, without approval, not to be given, or its cause."""
    used, contra, side = bool(known & USED), CONTRA in known, SIDE in known
    for_, against = used, contra or DENIED.get(INDICATION) in known
    if said.relation == SIDE_EFFECT:  # a drug can also cause what it is given for: prednisolone, adrenal insufficiency
        for_, against = side, DENIED.get(SIDE) in known
    if said.relation == CONTRA:
        for_, against = contra, used
    if said.relation == OFF_LABEL:
        for_, against = OFF_LABEL in known, contra
    return _either(for_, against, denied)


def _either(for_: bool, against: bool, denied: bool) -> str:
    if for_ and against:
        return "unknown" if denied else "supported"
    if denied:
        for_, against = against, for_
    return "supported" if for_ else "contradicted" if against else "unknown"
