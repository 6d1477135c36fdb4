"""The verdict of the graph on what cues claim, which is less definite than a relation: a cue has kinds (claim_cues.tsv).

The same verdicts for the same reasons as in claim_check/graph_verdicts.py; here the relation is found along with them.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dataset_builder.claim_check.given_hops.claims import (
    CLINICAL,
    PROCESSES,
    UNREAD,
    Claim,
    kinds_for,
)
from dataset_builder.claim_check.graph_verdicts import SIDE, THERAPEUTIC, USED, Relation
from dataset_builder.claim_check.parsing import DISEASE, DRUG, GENE, PHENOTYPE
from dataset_builder.claim_check.words import CONTRA
from kg.phrases import ABSENCES

TOGETHER = frozenset(["join", "treat", "harm"])  # kinds of cue about two drugs given together
STATED = {
    "treat": "indication",
    "unapproved": "off-label use",
    "harm": CONTRA,
    "nouse": "indication",
    "cause": "side effect",
}
STATED |= {
    "metabolise": "enzyme",
    "carry": "carrier",
    "transport": "transporter",
    "act": "target",
    "kind": "parent-child",
}
RANK = ("supported", "contradicted", "unknown")
# verbs with one type of node as subject and another as object; the reverse is impossible
_VERB = r"(?:(?:can|may|often|usually|typically|also|directly|mainly|is known to) )*(?:{})(?: (?:the|a|an|patients|people|with|of|protein|gene|tissue))*"
SUBJECTS = [
    (DRUG, CLINICAL, "treats?|relieves?|cures?|alleviates?|is (?:indicated|used|prescribed|given|approved|effective) (?:for|in|against)"
                     "|is used to treat|is (?:contraindicated|unsafe|dangerous) in|can be given (?:for|in)|is a (?:drug|remedy) (?:for|against)"),
    (DRUG, {GENE}, "targets?|inhibits?|blocks?|activates?|acts on|is (?:metabolized|metabolised|transported|carried) by"),
    (DISEASE, {PHENOTYPE}, "presents? with|manifests? with|is characteri[sz]ed by"),
    (GENE, PROCESSES, "takes part in|participates in|is (?:expressed|involved|located|found) in|is (?:a member|part) of"),
]  # fmt: skip

Types = tuple[str, str]


class Reading(NamedTuple):
    """A claim as read for one pair of types: the verdict, the stated relation, and whether it is denied."""

    verdict: str
    stated: str | None
    denied: bool
    backwards: bool = False  # the two ends are in the wrong order


def read_against(claim: Claim, relations: Iterable[Relation]) -> Reading:
    """The claim against these relations of its ends; the best of several readings (a name can have several types)."""
    known = set(relations)
    if known and is_backwards(claim):
        return Reading("contradicted", sorted(known)[0][1], False, backwards=True)
    if claim.cues[0].kinds == {UNREAD}:
        return _unread(claim, known)
    readings = [reading for types in _types(claim) for reading in _readings(claim, types, known)]
    return min(readings, key=lambda reading: RANK.index(reading.verdict))


def is_backwards(claim: Claim) -> bool:
    """Whether subject and object are exchanged: "gout treats colchicine".

    Only for plain sentences with nothing but a verb.
    """
    return any(
        subject in claim.b.types - claim.a.types
        and others & claim.a.types
        and not others & claim.b.types
        and re.fullmatch(_VERB.format(verbs), claim.between)
        for subject, others, verbs in SUBJECTS
    )


def _unread(claim: Claim, known: set[Relation]) -> Reading:
    """The reading of words that are not on the list. If denied, they contradict any relation that is there."""
    if not claim.cues[0].denied:
        return Reading("supported" if known else "unknown", None, False)
    names = {relation for relation, _ in known}
    negative = ABSENCES | {CONTRA}
    return Reading("supported" if names & negative else "contradicted" if names else "unknown", None, True)


def _types(claim: Claim) -> list[Types]:
    """The pairs of types for which the claim's cues have a meaning."""
    pairs = {(s, t) for s in sorted(claim.a.types) for t in sorted(claim.b.types)}
    return [p for p in sorted(pairs) if any(cue.kinds & kinds_for(*p) for cue in claim.cues)]


def _readings(claim: Claim, types: Types, known: set[Relation]) -> Iterator[Reading]:
    if DRUG in types and CLINICAL & set(types):
        yield from _therapy(claim, {relation for relation, _ in known} & THERAPEUTIC)
    else:
        yield _plain(claim, types, {pair for pair in known if pair[0] not in THERAPEUTIC})


def _therapy(claim: Claim, known: set[str]) -> Iterator[Reading]:
    """Readings for drug and disease: given, not to be given, of no use, or a cause; the strongest words count."""
    said = {(kind, cue.denied ^ claim.unlike) for cue in claim.cues for kind in cue.kinds}
    kinds = {kind for kind, _ in said}
    strong = "treat" in kinds
    said |= {("treat", denied) for kind, denied in said if kind == "use" and not kinds & {"cause", "tie"}}
    said |= {("treat", False) for kind, denied in said if kind == "approval" and not denied}
    used, contra = bool(known & USED), CONTRA in known
    if ("harm", False) in said:
        yield Reading("supported" if contra else "contradicted" if used else "unknown", CONTRA, False)
    elif ("harm", True) in said or ({("use", False), ("tie", True)} <= said and SIDE not in known):
        yield Reading("supported" if used else "contradicted" if contra else "unknown", CONTRA, True)
    elif "unapproved" in kinds or ("approval", True) in said:
        given = [cue.denied ^ claim.unlike for cue in claim.cues if cue.kinds & {"treat", "use"}]
        denied = ("unapproved", True) in said or given[-1:] == [True]
        yield _unapproved(("treat", False) in said, denied, known)
    elif {("treat", True), ("nouse", False)} & said or {("treat", False), ("link", True)} <= said:
        both = used and contra
        yield Reading(
            "unknown" if both else "contradicted" if used else "supported" if contra else "unknown", "indication", True
        )
        if not strong and SIDE in known:  # "patients who take it do not develop …"
            yield from _causal(said, known)
    elif ("treat", False) in said and "cause" not in kinds:
        against = contra or SIDE in known
        yield Reading("supported" if used else "contradicted" if against else "unknown", "indication", False)
        if {"use", "link"} <= kinds and not strong:  # "patients who take it experience …"
            yield from _causal(said, known)
    else:
        yield from _causal(said, known)


def _unapproved(given: bool, denied: bool, known: set[str]) -> Reading:
    """ "Not approved": true of an off-label use, false of an indication, unless the sentence says that it is given.

    ``denied``: there is no such use ("is not used off label").
    """
    if denied:
        used = "off-label use" in known
        return Reading(
            "contradicted" if used else "supported" if CONTRA in known else "unknown", "off-label use", True
        )
    right = "off-label use" in known or (given and "indication" in known)
    wrong = CONTRA in known if given else "indication" in known
    return Reading("supported" if right else "contradicted" if wrong else "unknown", "off-label use", False)


def _causal(said: set[tuple[str, bool]], known: set[str]) -> Iterator[Reading]:
    """A side effect. The claim that a drug causes what it is given for is the opposite of the graph's relation."""
    told = {(kind, denied) for kind, denied in said if kind in ("cause", "link", "tie")}
    if told and not any(denied for _, denied in told):
        given = {"treat", "use"} & {kind for kind, _ in said}
        opposite = known <= USED and known and ("cause", False) in said and not given
        yield Reading(
            "supported" if SIDE in known else "contradicted" if opposite else "unknown", "side effect", False
        )
    else:
        yield Reading("contradicted" if SIDE in known else "unknown", "side effect", True)


def _plain(claim: Claim, types: Types, known: set[Relation]) -> Reading:
    cues = [cue for cue in claim.cues if cue.kinds & kinds_for(*types)]
    denies = {"deny", "nouse"} | (set() if GENE in types and CLINICAL & set(types) else {"lack"})
    denied = any(cue.denied ^ bool(cue.kinds & denies) for cue in cues) ^ claim.unlike
    kinds = frozenset().union(*(cue.kinds for cue in cues))
    if types == (DRUG, DRUG) and kinds & TOGETHER:  # "should not be combined with" states an interaction
        denied = claim.unlike ^ any(cue.denied for cue in cues if not cue.kinds & (TOGETHER | {"use"}))
    stated = _name(kinds, types)
    present = {pair for pair in known if pair[0] not in ABSENCES}
    if denied:
        return Reading("contradicted" if present else "supported" if known else "unknown", stated, True)
    if (
        present
        and kinds == {"metabolise"}
        and not any(display == "enzyme" for _, display in present)
        and DRUG in types
    ):
        return Reading("unknown", stated, False)  # an edge of another kind says nothing about this one
    return Reading("supported" if present else "contradicted" if known else "unknown", stated, False)


def _name(kinds: frozenset[str], types: Types) -> str:
    """The stated relation, under its name in kg.csv as far as the words determine it."""
    if set(types) == {DRUG, GENE}:
        return next((STATED[kind] for kind in ("metabolise", "carry", "transport") if kind in kinds), "target")
    if set(types) == CLINICAL:
        return "phenotype present"
    if "anatomy" in types:
        return "expression present"
    if types in ((DRUG, DRUG), (GENE, GENE)) or not CLINICAL & set(types):
        return "parent-child" if types[0] == types[1] and types[0] not in (DRUG, GENE) else "interacts with"
    return "parent-child" if types[0] == types[1] else "associated with"
