"""What a text says of the hops that its writer was given, and which of them it replaces by another: sentence by sentence, cue by cue."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataset_builder.claim_check.given_hops.claims import Claim, claims
from dataset_builder.claim_check.given_hops.clauses import read
from dataset_builder.claim_check.given_hops.cue_verdicts import Reading, Relation, read_against
from dataset_builder.claim_check.given_hops.cue_words import is_about_a_patient, is_cue, is_given
from dataset_builder.claim_check.given_hops.sentences import Span, sentences
from dataset_builder.claim_check.parsing import Name

if TYPE_CHECKING:
    from kg import KG

Hop = frozenset[int]


class HopClaim(NamedTuple):
    """What a sentence says of two names, at least one of them an end of a given hop."""

    start: int  # of the sentence
    end: int
    a: Name
    b: Name
    reading: Reading
    on: list[Hop]  # the given hops between the two
    missed: tuple[int, int] | None  # else the given hop that stands here with another end
    alone: bool  # whether the sentence names nothing else


def hop_claims(
    kg: "KG", text: str, names: Sequence[Name], hops: Mapping[Hop, list[Relation]], own: set[int]
) -> Iterator[HopClaim]:
    """The claims about ``hops``, pairs of nodes with their relations. ``own``: the nodes of the row, whose names are always meant as names."""
    named = [
        name
        for one in names
        if not own.isdisjoint(one.nodes) or not is_cue(text[one.start : one.end])
        if (name := _named(kg, text, one)).nodes
    ]
    for step in sentences(text):
        read_, stated = [], set()
        for sentence in step:
            case = is_about_a_patient(text, *sentence)
            for claim in _claims(kg, text, sentence, named):
                edges = kg.relations(claim.a.nodes, claim.b.nodes)
                reading = read_against(claim, [relation for _, _, relations in edges for relation in relations])
                if case and (not edges or (reading.denied and reading.stated == "phenotype present")):
                    continue  # what one patient has, takes or does not have says nothing about the disease
                on = hops_between(hops, claim.a, claim.b)
                stated.update(on)
                read_.append((claim, reading, edges, on))
        for claim, reading, edges, on in read_:
            missed = _missed(kg, claim, edges, hops, stated)
            if missed or (on and (reading.stated or reading.verdict == "contradicted")):
                alone = sum(claim.start <= name.start < claim.end for name in named) == 2
                yield HopClaim(claim.start, claim.end, claim.a, claim.b, reading, on, missed, alone)


def _named(kg: "KG", text: str, name: Name) -> Name:
    """The name with its nodes and their types; without drugs where the words next to it show that none is meant."""
    given = is_given(text, name.start, name.end)
    types = {node: kg.type_of(node) for node in name.nodes}
    nodes = tuple(node for node, type_ in types.items() if given or type_ != "drug")
    return Name(name.start, name.end, nodes, frozenset(types[node] for node in nodes))


def _claims(kg: "KG", text: str, sentence: Span, named: Sequence[Name]) -> list[Claim]:
    start, end = sentence
    inside = [name for name in named if start <= name.start < end]
    if len(inside) < 2 or text[start:end].rstrip(" *\"'”’)").endswith("?"):
        return []
    return claims(start, end, read(text, start, end, inside), lambda a, b: bool(kg.relations(a.nodes, b.nodes)))


def hops_between(hops: Iterable[Hop], a: Name, b: Name) -> list[Hop]:
    """Those of the given hops that connect a node of the one name with a node of the other."""
    pairs = {frozenset((x, y)) for x in a.nodes for y in b.nodes}
    return [hop for hop in hops if hop in pairs]


def _missed(
    kg: "KG", claim: Claim, edges: list, hops: Mapping[Hop, list[Relation]], stated: set[Hop]
) -> tuple[int, int] | None:
    """The hop that this claim replaces: one end, the relation and the other end's type agree, but not the other end.

    Only where the graph has no edge for the claim, and its step does not also state the hop.
    """
    if edges or claim.unlike:
        return None
    for hop, relations in hops.items():
        if hop in stated or len(hop) < 2:
            continue
        u, v = hop
        for here, there in ((u, v), (v, u)):
            for end, other in ((claim.a, claim.b), (claim.b, claim.a)):
                if here not in end.nodes or there in other.nodes or kg.type_of(there) not in other.types:
                    continue
                if read_against(claim, relations).verdict == "supported":
                    return here, there
    return None
