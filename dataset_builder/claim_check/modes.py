"""How a sentence means a relation: stated, denied, supposed, or of one patient; and whether it is plain enough to contradict the graph."""

import re
from typing import TYPE_CHECKING

from dataset_builder.claim_check.parsing import DRUG
from dataset_builder.claim_check.tree import End, Way
from dataset_builder.claim_check.words import INDICATION, MODIFIERS, PREPOSITIONS, SUBJECTS, Words, among

if TYPE_CHECKING:
    from spacy.tokens import Token


SPOKEN_OF = re.compile(
    "charact|present|associat|sign|symptom|feature|finding|lacks"
)  # of what is absent: "A lacks the sign of B"


def mode_of(way: Way, p: End, q: End, hit: "Token", doers: list["Token"], relation_words: Words) -> str | None:
    """stated, denied, hedged, patient, or aside; None where the words set the two against each other.

    ``hit``: the word that claims the relation of ``p`` to ``q``; ``doers``: its subjects.
    """
    on = [*way.on, *way.above]
    off = [c for t in {*on, hit} for c in t.children]
    words = [*on, hit, *off]
    absent = [t for t in on if among(t.lower_, "absent")]
    if any(among(t.lower_, "ruled_out") for t in words) or (absent and not SPOKEN_OF.match(hit.lower_)):
        return None  # also what the absence of a finding speaks for
    told = _denials(way, hit, [*on, *off])
    denying = {*absent, *(t for t in words if among(t.lower_, "denying"))}
    denied = (len(told) + len(denying) + _set_apart(way)) % 2 == 1
    words += [c for t in told for c in t.head.children if c.dep_ in SUBJECTS]
    if _is_want(p, relation_words) or _is_want(q, relation_words) or (denied and _is_only_not_the_first(p, words)):
        return "aside"
    supposed = any(among(t.lower_, "unreal") for t in words) and not any(among(t.lower_, "generally") for t in off)
    if supposed or _is_only_told(way.meet):
        return "hedged"
    if denied and _is_of_one_patient(way.meet):
        return "patient"  # "this patient has no other symptoms of B, such as A"
    if relation_words.side != "points" and (
        any(among(doer.lower_, "one_patient") for doer in doers)
        or (hit.lower_ != "cause" and any(among(t.lower_, "one_patient") for t in words))
    ):
        return "patient"
    return "denied" if denied else "stated"


def _denials(way: Way, hit: "Token", words: list["Token"]) -> set["Token"]:
    """The words "no", "not" that bear on the two."""
    beside = [c for end in way.ends for c in end.word.children]
    return {t for t in (*words, *beside) if among(t.lower_, "no") and _denies(t, way, hit)}


def _set_apart(way: Way) -> int:
    """How many of the two stand behind ", not" of their sentence."""
    begin, apart = way.meet.sent.start, way.meet.doc.user_data["apart"]
    return sum(any(max(begin, min(end.first.i, end.word.i - 4)) < i < end.word.i for i in apart) for end in way.ends)


def _is_want(end: End, relation_words: Words) -> bool:
    """Whether only a want, an amount or a history of it is meant: "vitamin A deficiency", "levels of insulin"."""
    token = end.first
    over = [token.head] if token.dep_ in MODIFIERS - {"npadvmod"} else []
    over += [token.head.head] if token.dep_ == "pobj" and token.head.lower_ in ("of", "in", "to") else []
    return any(
        t.lower_ == "history"
        or (DRUG in end.name.types and among(t.lower_, "quantity") and not relation_words.match(t.lower_))
        for t in over
    )


def _is_only_not_the_first(p: End, words: list["Token"]) -> bool:
    """Whether the denial is of a rank: "not the first-line treatment", of a drug also "not typically used"."""
    if DRUG in p.name.types and any(among(t.lower_, "how_often") for t in words):
        return True
    return any(among(t.lower_, "ranked") or (t.lower_ == "as" and t.dep_ == "advmod") for t in words)


def _denies(no: "Token", way: Way, hit: "Token") -> bool:
    """Whether a "no" bears on the pair: it stands before an end or the trigger; in "A, not B" it bears on B alone."""
    x, y = (end.word for end in way.ends)
    before = no.nbor(-1).lower_ if no.i > no.sent.start else ""
    aside = before in (",", "but", "and", "(") and no.head.dep_ not in ("ROOT", "relcl", "acl") and hit.i < no.i
    if no.head in way.above:
        return True  # "the use of A in B is not allowed"
    return min(x.i, y.i) < no.i < max(x.i, y.i) if aside else no.i < max(x.i, y.i, hit.i)


def _is_only_told(clause: "Token") -> bool:
    """Whether the clause is what somebody states, or what is not so."""
    while clause.dep_ in ("ccomp", "csubj", "csubjpass", "xcomp") and clause.head is not clause:
        over = [t for t in clause.head.subtree if t.i < clause.i and not clause.is_ancestor(t)]
        if any(among(t.lower_, "only_told") or (among(t.lower_, "no") and t.head == clause.head) for t in over):
            return True
        clause = clause.head
    return False


def _is_of_one_patient(token: "Token") -> bool:
    return any(
        among(c.lower_, "one_patient") for t in (token, *token.ancestors) for c in t.children if c.dep_ in SUBJECTS
    )


def is_forbidden(hit: "Token") -> bool:
    """Whether "not used" is an order: "must not be given"."""
    return among(hit.lower_, "giving") and any(c.lower_ in ("must", "should", "can", "may") for c in hit.children)


def is_sure(way: Way, hit: "Token", words: Words, relation: str) -> bool:
    """Whether nothing stands on the way but what says the relation. It takes that to accuse a text of a contradiction."""
    if hit not in way.on or (relation == INDICATION and among(hit.lower_, "vague")):
        return False
    return all(among(t.lower_, "light") or words.match(t.lower_) or t.dep_ in PREPOSITIONS for t in way.on)
