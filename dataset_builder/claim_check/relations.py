"""Which relation a sentence claims between two of its names, read from its dependency tree.

A word of the relation has to stand on the way between the two names in the tree, or hang directly off it, and each name on the side
of that word which its role asks for. The members of a list are not related to each other.
"""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from dataset_builder.claim_check.modes import is_forbidden, is_sure, mode_of
from dataset_builder.claim_check.parsing import DRUG, GENE, Name, Sentence
from dataset_builder.claim_check.tree import End, Way, doers_of, first_of, side_of, tied, way_between
from dataset_builder.claim_check.words import (
    CONTRA,
    FAMILIES,
    INDICATION,
    INTERACTS,
    PARENT,
    ROLES,
    SIDE_EFFECT,
    SUBJECTS,
    Words,
    among,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

AGED = re.compile(r"\b\d+ ?-? ?(?:year|month|week|day)s?[- ]*old\b")

PLAIN = ("stated", "denied")  # the modes that support or contradict, and are counted


class Statement(NamedTuple):
    """What a sentence says of two names, in the order of the relation's roles."""

    subject: Name
    object: Name
    relation: str
    mode: str  # stated, denied, hedged, patient; aside: what is said is about something else
    sure: bool = True  # whether every word between the two is one of the relation's


def statements(sentence: Sentence) -> Iterator[Statement]:
    """What the sentence says of each two of its names that it relates."""
    ends = [End(token, first_of(token), name) for token, name in sentence.names]
    named = {token.i for token, _ in sentence.names}
    aged = AGED.search(sentence.text) is not None
    for a, b in combinations(ends, 2):
        if set(a.name.nodes).isdisjoint(b.name.nodes) and (found := _read(a, b, named)):
            of_one = aged and found.relation == INDICATION and found.mode in PLAIN
            yield found._replace(mode="patient") if of_one else found


def _read(a: End, b: End, named: set[int]) -> Statement | None:
    if a.first == b.first:
        return _kind(a, b) or _mutual(a, b)
    families = [roles for roles in FAMILIES if _plays(a, b, roles) or _plays(b, a, roles)]
    if not families and a.name.types.isdisjoint(b.name.types):
        return None
    way = way_between(a, b, named)
    if way is None:
        return None
    if said := _kind(a, b):
        return said
    for roles in families:
        for words in FAMILIES[roles]:
            said = _claimed(way, roles, words)
            if said is not None:
                return said if said.mode != "none" else None
    return None


def _plays(a: End, b: End, roles: tuple[str, str]) -> bool:
    one, two = roles
    return not (ROLES[one].isdisjoint(a.name.types) or ROLES[two].isdisjoint(b.name.types))


def _claimed(way: Way, roles: tuple[str, str], words: Words) -> Statement | None:
    """The relation, if one of these words claims it of the two; with mode "none" where nothing else can be claimed either."""
    a, b = way.ends
    around = [*way.on, *way.near]
    hits = [t for t in (*around, *(way.above if words.relation == CONTRA else ())) if words.match(t.lower_)]
    causal = words.relation == SIDE_EFFECT and not words.match("develop")
    if hits and causal and any(among(t.lower_, "less_or_in_whom") for t in around):
        # "causes C in patients with B", "less A leads to B" claim nothing; "reduces the risk of B" no side effect
        leads = hits[0].lower_ in ("lead", "leads", "leading", "cause", "causes")
        return Statement(a.name, b.name, SIDE_EFFECT, "none") if leads else None
    hit = next((t for t in hits if _fits(t, words.relation, around)), None)
    if hit is None:
        return None
    doers = doers_of(hit)
    # where the subject is a person ("patients develop B"), it may be neither end
    of_others = doers and not any(among(doer.lower_, "person") for doer in doers)
    if of_others and not any(tied(end, doer) for end in way.ends for doer in doers):
        return None
    for p, q, up in ((a, b, way.left), (b, a, way.right)):
        if not _plays(p, q, roles) or not _stands(p, up, way, hit, words):
            continue
        if words.side == "subject" and of_others and not any(tied(p, doer) for doer in doers):
            continue
        mode = mode_of(way, p, q, hit, doers, words)
        relation = (
            CONTRA if words.relation == INDICATION and mode == "denied" and is_forbidden(hit) else words.relation
        )
        mode = "stated" if relation != words.relation else mode or "none"
        return Statement(p.name, q.name, relation, mode, is_sure(way, hit, words, relation))
    return None


def _stands(end: End, up: list["Token"], way: Way, hit: "Token", words: Words) -> bool:
    """Whether the first end is where the words ask for it."""
    if words.side == "either":
        return True
    side = side_of(end.first, up, way.meet, hit)
    if words.side == "points":  # "A suggests B", "B is suggested by A"
        return side == "object" and (hit.i < end.first.i or end.first.dep_ == "nsubjpass")
    return side == words.side


def _fits(hit: "Token", relation: str, said: list["Token"]) -> bool:
    """Whether the word says this here: an "effect" that is adverse, a "drug" that is for something, a "risk" that nothing treats."""
    if relation == SIDE_EFFECT and hit.lower_ in ("effect", "effects"):
        return any(c.lower_ in ("side", "adverse", "toxic", "unwanted", "common", "known") for c in hit.children)
    if relation == SIDE_EFFECT and among(hit.lower_, "weakly"):
        factor = hit.head.lower_ in ("factor", "factors")
        return not factor and not any(among(t.lower_, "treats") for t in said)
    if relation == INDICATION and among(hit.lower_, "given"):
        return any(t.lower_ in ("for", "against") for t in said)
    return True


def _mutual(a: End, b: End) -> Statement | None:
    """ "A and B interact", "an interaction between A and B": what a list can say of its members."""
    if not any(kind in a.name.types & b.name.types for kind in (DRUG, GENE)):
        return None
    first = a.first
    between = first.dep_ == "pobj" and first.head.lower_ == "between"
    word = first.head.head if between else first.head
    if not among(word.lower_, "mutual") or not (between or first.dep_ in SUBJECTS):
        return None
    no = [c for t in (word, word.head) for c in t.children if among(c.lower_, "no")]
    return Statement(a.name, b.name, INTERACTS, "denied" if len(set(no)) % 2 else "stated")


def _kind(a: End, b: End) -> Statement | None:
    """ "A is a (common) B", "A is a type of B", "A, a rare B": two terms of one classification, the broader first."""
    if a.name.types.isdisjoint(b.name.types):
        return None
    if b.word.dep_ == "appos" and first_of(b.word.head) == a.first:
        article = any(c.dep_ == "det" and c.lower_ in ("a", "an") for c in b.word.children)
        return Statement(b.name, a.name, PARENT, "stated") if article else None
    for narrow, broad in ((a, b), (b, a)):
        term = broad.word
        if term.dep_ == "pobj" and term.head.lower_ == "of" and among(term.head.head.lower_, "kind"):
            term = term.head.head
        verb = term.head
        if verb.lower_ not in ("is", "are", "be") or term == narrow.word:
            continue
        subject = next((c for c in verb.children if c.dep_ == "nsubj"), None)
        said = next((c for c in verb.children if c.dep_ in ("attr", "acomp")), None)
        other = subject if said == term else said
        named = other is not None and (
            other == narrow.first or (among(other.lower_, "pronouns") and verb.head in (narrow.word, narrow.first))
        )
        typed = said == term or (term is not broad.word and subject == term)
        if named and typed and not any(c.dep_ == "neg" for c in verb.children):
            return Statement(broad.name, narrow.name, PARENT, "stated")
    return None
