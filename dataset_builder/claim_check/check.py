"""Check every claim of a text against the knowledge graph, sentence by sentence, without a model (docs/evidence.md).

supported: the graph has the stated relation. contradicted: it has the opposite, or the sentence denies a relation that it has.
off_path: no edge, and the claim replaces a hop of a path given to the writer by one to another node. unknown: no edge; a graph
is not complete, so this is no evidence against the claim.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dataset_builder.claim_check.claims import Claim, claims
from dataset_builder.claim_check.clauses import read
from dataset_builder.claim_check.cue_words import NamedSpan, is_about_a_patient, is_cue, is_given
from dataset_builder.claim_check.graph_verdicts import Reading, Relation, read_against
from dataset_builder.claim_check.sentences import Span, sentences

if TYPE_CHECKING:
    from kg import KG, Mention

Hop = frozenset[int]
VERDICTS = ("supported", "contradicted", "off_path", "unknown")
ARROW = re.compile("[←→]|<-|->")


def check_text(
    kg: "KG", text: str, hops: Mapping[Hop, list[Relation]], names: Sequence[tuple[str, int]] = ()
) -> Iterator[dict[str, Any]]:
    """Each claim of the text, as a row of the column `hop_checks`, with the hops that it states under ``hops``.

    ``hops``: those of the paths that the writer was given, as pairs of nodes with their relations. ``names``: (name, node) pairs that
    take precedence over the dictionary's.
    """
    own = {node for _, node in names}
    found = (m for m in kg.find_mentions(text, names) if not own.isdisjoint(m.nodes) or not is_cue(m.text))
    named = [name for m in found if (name := _named(kg, text, m)).nodes]
    for step in sentences(text):
        read_, stated = [], set()
        for sentence in step:
            case = is_about_a_patient(text, *sentence)
            for claim in _claims(kg, text, sentence, named):
                edges = kg.relations(claim.a.nodes, claim.b.nodes)
                reading = read_against(claim, [relation for _, _, relations in edges for relation in relations])
                if case and (not edges or (reading.denied and reading.stated == "phenotype present")):
                    continue  # what one patient has, takes or does not have says nothing about the disease
                on = [hop for hop in hops if _is_about(hop, claim)]
                stated.update(on)
                read_.append((claim, reading, edges, on))
        for claim, reading, edges, on in read_:
            missed = _missed(kg, claim, reading, edges, hops, stated)
            if reading.stated or missed or reading.verdict == "contradicted":  # else it is not known what is claimed
                yield _as_check(kg, claim, reading, edges, on, missed)


def _named(kg: "KG", text: str, mention: "Mention") -> NamedSpan:
    """The mention with its nodes and their types; without drugs where the words next to it show that none is meant."""
    given = is_given(text, mention.start, mention.end)
    types = {node: kg.type_of(node) for node in mention.nodes}
    nodes = tuple(node for node, type_ in types.items() if given or type_ != "drug")
    return NamedSpan(mention.start, mention.end, nodes, frozenset(types[node] for node in nodes))


def _claims(kg: "KG", text: str, sentence: Span, named: Sequence[NamedSpan]) -> list[Claim]:
    start, end = sentence
    inside = [name for name in named if start <= name.start < end]
    if len(inside) < 2 or text[start:end].rstrip(" *\"'”’)").endswith("?"):
        return []

    def connected(a: NamedSpan, b: NamedSpan) -> bool:
        return bool(kg.relations(a.nodes, b.nodes))

    if ARROW.search(text, start, end):  # a path on one line: each arrow relates only the names next to it
        hops = [(a, b) for a, b in pairwise(inside) if ARROW.search(text, a.end, b.start)]
        read_ = [claims(start, end, read(text, a.start, b.end, [a, b]), connected) for a, b in hops]
        return [replace(claim, between="") for found in read_ for claim in found]
    return claims(start, end, read(text, start, end, inside), connected)


def _is_about(hop: Hop, claim: Claim) -> bool:
    a, b = tuple(hop) if len(hop) == 2 else tuple(hop) * 2
    return (a in claim.a.nodes and b in claim.b.nodes) or (b in claim.a.nodes and a in claim.b.nodes)


def _missed(
    kg: "KG", claim: Claim, reading: Reading, edges: list, hops: Mapping[Hop, list[Relation]], stated: set[Hop]
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


def _as_check(
    kg: "KG", claim: Claim, reading: Reading, edges: list, on: list[Hop], missed: tuple[int, int] | None
) -> dict[str, Any]:
    x, y = (edges[0][0], edges[0][1]) if edges else (claim.a.nodes[0], claim.b.nodes[0])
    if on:
        x, y = next((x, y) for x in claim.a.nodes for y in claim.b.nodes if frozenset((x, y)) in on)
    ends = {"from": (claim.a, x), "to": (claim.b, y)}
    check: dict[str, Any] = {
        "start": claim.start,
        "end": claim.end,
        "stated": reading.stated,
        "negated": reading.denied,
    }
    for end, (name, node) in ends.items():
        check |= {end: node, f"{end}_name": kg.name_of(node), f"{end}_start": name.start, f"{end}_end": name.end}
    said = (x, y) if edges else missed
    check["verdict"] = "off_path" if missed else reading.verdict
    check["by"] = "direction" if reading.backwards else "path" if on or missed else "edge" if edges else None
    check["graph"] = "; ".join(r["statement"] for r in kg.describe(said)["hops"][0]) if said else None
    return check | {"hops": on}
