"""The relations that a text claims between named entities: sentence by sentence, cue by cue, without a model.

A cue takes the nearest names on both sides whose types can have a relation of its kind. Where a clause shares its subject with
the clause before, that subject is taken. Where grammar leaves a choice, a pair that the graph connects comes first.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, takewhile

from dataset_builder.claim_check.given_hops.clauses import JOINS, Cue, Gap, Group, Sentence
from dataset_builder.claim_check.parsing import DISEASE, DRUG, GENE, PHENOTYPE, Name

CLINICAL = frozenset([DISEASE, PHENOTYPE])
THERAPY = frozenset(["treat", "use", "unapproved", "approval", "harm", "nouse", "cause", "tie"])
PLAIN = frozenset([
    "link", "tie", "mutual", "act", "metabolise", "carry", "transport", "cause", "kind", "deny", "lack", "nouse",
    "harm",
])  # fmt: skip
PROCESSES = frozenset(["biological_process", "molecular_function", "cellular_component", "pathway", "anatomy"])
OF_GENES = PROCESSES | CLINICAL | {"exposure"}
OF_EXPOSURES = frozenset([DISEASE, "biological_process", "molecular_function", "cellular_component"])
REACH = 3  # groups on each side of a cue that it may refer to
NEAR = 12  # maximum number of words between two names, or between them and a cue on one side of both
TAIL = 3  # maximum number of words after a cue that follows both names
# first words of a clause that shares the subject of the clause before
OWN_SUBJECT = frozenset([
    "it", "this", "they", "these", "that", "which", "who", "is", "are", "was", "were", "be", "been", "has", "have",
    "had", "also", "can", "could", "may", "might", "must", "should", "shall", "will", "would", "not", "never",
    "does", "do", "did", "to", "a", "an", "the", "only", "often", "sometimes", "even", "then", "still", "both",
    "even", "though",
])  # fmt: skip
OBJECT = frozenset([
    "a", "an", "the", "by", "with", "of", "in", "to", "for", "on", "from", "at", "its", "his", "her", "their",
    "this", "these",
])  # fmt: skip

# "it" without a referent: "and it is unsafe to give A in B"
IT_IS = re.compile(r"\bit (?:is|was|would be|may be|can be) (?:\w+ ){1,3}(?:to|that)\b")

UNREAD = "unread"  # the kind of cue for words that are not on the list

Connected = Callable[[Name, Name], bool]


@dataclass
class Claim:
    """Two names, the cues that connect them, and whether one of them is only named as a contrast (``unlike``)."""

    start: int
    end: int
    a: Name
    b: Name
    cues: list[Cue] = field(default_factory=list)
    unlike: bool = False
    between: str = ""  # the words from the first to the second, where there is no other name between them


def kinds_for(a: str, b: str) -> frozenset[str]:
    """The kinds of cue that can claim a relation between nodes of these types.

    None where the graph has no such relation.
    """
    types = {a, b}
    if types == {DRUG}:
        return frozenset(["link", "tie", "mutual", "aim", "act", "join", "treat", "use", "harm", "deny", "kind"])
    if DRUG in types and types & CLINICAL:
        return THERAPY | ({"link"} if PHENOTYPE in types else set())
    if types == {DRUG, GENE}:
        return PLAIN | {"use", "aim"}
    if types == {GENE}:
        return PLAIN | {"aim"}
    if types == CLINICAL:
        return PLAIN
    if a == b:
        return frozenset(["kind", "mutual", "deny"])
    other = next(iter(types - {GENE}), "")
    if GENE in types and other in OF_GENES:
        return PLAIN if other in CLINICAL else PLAIN | {"treat", "use", "aim"}
    return PLAIN if "exposure" in types and types & OF_EXPOSURES else frozenset()


def claims(start: int, end: int, sentence: Sentence, connected: Connected) -> list[Claim]:
    """The claims of the sentence at these offsets, one entry per pair of names."""
    found: dict[tuple[int, int], Claim] = {}
    for gap_number, gap in enumerate(sentence.gaps):
        for clause_number, cues in enumerate(gap.clauses):
            if not cues:
                continue
            pair = _pair(sentence, gap_number, clause_number, cues, connected)
            if pair is None:
                if gap_number == 0:  # "There is no place for A in …"
                    gap.stray ^= sum(cue.denied for cue in cues) % 2 == 1
                continue
            cues = _said_of(pair, cues)
            if _is_denied_by_name(sentence, pair, gap_number, not _kinds(cues) & (THERAPY - {"tie"})):
                cues = [Cue(cues[0].kinds, not cues[0].denied), *cues[1:]]
            for a, b, unlike in _ends(*pair):
                if not _fit(a, b, _kinds(cues)) or set(a.nodes) & set(b.nodes):
                    continue  # another member of a list, another type
                a, b = sorted((a, b), key=lambda name: name.start)
                claim = found.setdefault((a.start, b.start), Claim(start, end, a, b, unlike=unlike))
                claim.cues += cues
                claim.between = _between(sentence, *pair)
    return [*found.values(), *_unread(start, end, sentence, {x for pair in found for x in pair})]


def _said_of(pair: tuple[Group, Group], cues: Sequence[Cue]) -> list[Cue]:
    """The cues that can connect the two.

    The denial of another cue moves to the next one: "does not serve as a carrier".
    """
    fitting, denied = [], False
    for cue in cues:
        denied ^= cue.denied
        if _fit(pair[0].members[0], pair[1].members[0], cue.kinds):
            fitting.append(Cue(cue.kinds, denied))
            denied = False
    return fitting or list(cues)


def _unread(start: int, end: int, sentence: Sentence, read: set[int]) -> Iterator[Claim]:
    """Claims of clauses that connect two names by words that are not on the list: the relation is not known.

    Such a claim matters only where it is denied, or where it replaces a hop.
    """
    left = [
        i for i, g in enumerate(sentence.groups) if not any(name.start in read for name in (*g.members, *g.unlike))
    ]
    for i in left:
        group, following = sentence.groups[i], sentence.groups[i + 1 : i + 2]
        others = [j for j in left if j not in (i, i + 1) and sentence.groups[j].clause == group.clause]
        if i + 1 not in left or others or following[0].clause != group.clause:
            continue
        if len(group.members) > 1 or len(following[0].members) > 1:
            continue
        a, b, gap = group.members[0], following[0].members[0], sentence.gaps[i + 1]
        related = any(kinds_for(s, t) for s in a.types for t in b.types) and not set(a.nodes) & set(b.nodes)
        if related and gap.content and gap.words <= NEAR:
            denied = any(c.denied for clause in gap.clauses for c in clause) or gap.stray ^ sentence.gaps[i].stray
            yield Claim(start, end, a, b, [Cue(frozenset([UNREAD]), denied)])


def _is_denied_by_name(sentence: Sentence, pair: tuple[Group, Group], number: int, plain: bool) -> bool:
    """Whether there is a denial without a cue before the first name, or between the two.

    "No A treats B"; "A has cured patients, but none with B". Two denials cancel each other: "Without A, B does not develop".
    """
    places = sorted(i for i, g in enumerate(sentence.groups) if g is pair[0] or g is pair[1])
    first, last, gaps = places[0], places[-1], sentence.gaps
    before = gaps[first].stray and not gaps[first + 1].relative
    between = any(gap.stray for gap in gaps[first + 1 : last + 1])
    if plain and last == first + 1 and number != last and not gaps[last].relative:  # "Those who have A do not get B"
        between |= any(cue.denied for clause in gaps[last].clauses for cue in clause)
    return before ^ between


def _ends(x: Group, y: Group) -> Iterator[tuple[Name, Name, bool]]:
    """The pairs of names of two groups, and whether the sentence contrasts the pair."""
    if x is y:
        yield from ((a, b, False) for a, b in combinations(x.members, 2))
        return
    for a in x.members:
        for b in y.members:
            yield a, b, False
    for a, b in [(a, b) for a in x.unlike for b in y.members] + [(a, b) for a in x.members for b in y.unlike]:
        yield a, b, True


def _between(sentence: Sentence, x: Group, y: Group) -> str:
    first, last = sorted((sentence.groups.index(x), sentence.groups.index(y)))
    return sentence.gaps[last].text if last == first + 1 else ""


def _pair(
    sentence: Sentence, number: int, clause: int, cues: Sequence[Cue], connected: Connected
) -> tuple[Group, Group] | None:
    groups, gaps = sentence
    gap = gaps[number]
    here = (groups[number - 1].clause if number else 0) + clause
    left = [g for g in reversed(groups[:number])][:REACH]
    right = [g for g in groups[number:] if g.clause == here][:REACH]
    same = [g for g in left if g.clause == here]
    if left and not same and not right and {"them", "both", "two"}.intersection(gap.tails[clause]):
        same = left[:1]  # "… because there is no interaction between them"
    kinds = _kinds(cues)

    def fits(x: Group, y: Group) -> bool:
        return _fit(x.members[0], y.members[0], kinds) and _words_between(sentence, x, y) <= NEAR

    lists = [(g, g) for g in [*same[:1], *right[:1]] if any(_fit(a, b, kinds) for a, b in combinations(g.members, 2))]
    closed = not right or "," in gap.tails[clause][:1]
    if same and closed and lists and lists[0][0] is same[0] and ("mutual" in kinds or _has_edge(same[0], connected)):
        return lists[0]  # "A and B interact"
    ahead = [(right[0], y) for y in right[1:] if fits(right[0], y)]
    own_subject = gap.joined and (
        not (OWN_SUBJECT | JOINS).issuperset(gap.heads[clause]) or IT_IS.search(gap.text) is not None
    )
    if gap.ahead or own_subject or not same:
        if ahead:
            return ahead[0]
        if gap.ahead and lists and right and lists[-1][0] is right[0]:
            return lists[-1]
    behind = (
        [(same[0], y) for y in same[1:] if fits(same[0], y)]
        if same and _ends_clause(gap, clause, gaps[number - 1].relative)
        else []
    )
    if behind and closed:
        return behind[0]
    subject = same or (left if OWN_SUBJECT.issuperset(gap.heads[clause]) else [])
    across = [(x, y) for y in right for x in subject if fits(x, y)]
    if across:
        nearest = [pair for pair in across if pair[1] is across[0][1]]
        return _connected_first(nearest if gap.joined or clause else nearest[:1], connected)
    return lists[0] if lists else None


def _connected_first(pairs: Sequence[tuple[Group, Group]], connected: Connected) -> tuple[Group, Group]:
    """The first pair that the graph connects, else the first."""
    there = (pair for pair in pairs if any(connected(a, b) for a in pair[0].members for b in pair[1].members))
    return next(there, pairs[0])


def _ends_clause(gap: Gap, clause: int, relative: bool) -> bool:
    """Whether a cue after two names refers to them and has no object of its own.

    "A in B is avoided", "A is what B causes", but not "A in B causes harm"."""
    tail = list(takewhile(lambda word: word != ",", gap.tails[clause]))
    causal = any("cause" in cue.kinds for cue in gap.clauses[clause])
    return len(tail) <= TAIL and not OBJECT.intersection(tail[:1]) and not (causal and (tail or not relative))


def _has_edge(group: Group, connected: Connected) -> bool:
    return any(connected(a, b) for a, b in combinations(group.members, 2))


def _words_between(sentence: Sentence, x: Group, y: Group) -> int:
    first, last = sorted(i for i, g in enumerate(sentence.groups) if g is x or g is y)
    return sum(gap.words for gap in sentence.gaps[first + 1 : last + 1])


def _kinds(cues: Sequence[Cue]) -> frozenset[str]:
    return frozenset().union(*(cue.kinds for cue in cues))


def _fit(a: Name, b: Name, kinds: frozenset[str]) -> bool:
    """Whether cues of these kinds can claim a relation between the two."""
    return any(kinds & kinds_for(s, t) for s in a.types for t in b.types)
