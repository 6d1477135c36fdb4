"""Check every claim of a text against the knowledge graph, without a language model (docs/evidence.md).

supported: the graph has the stated relation. contradicted: it has the opposite, or the sentence denies a relation that it has.
off_path: no edge, and the claim replaces a hop of a path given to the writer by one to another node. unknown: no edge; a graph
is not complete, so this is no evidence against the claim. Also unknown: what is only supposed, or said of one patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataset_builder.claim_check.given_hops.hop_claims import Hop, HopClaim, hop_claims, hops_between
from dataset_builder.claim_check.graph_verdicts import Relation, verdict
from dataset_builder.claim_check.parsing import Name
from dataset_builder.claim_check.quoted import Edge
from dataset_builder.claim_check.reader import ClaimReader, Reading, claim_reader
from dataset_builder.claim_check.relations import Statement

if TYPE_CHECKING:
    from kg import KG

VERDICTS = ("supported", "contradicted", "off_path", "unknown")


@dataclass(frozen=True)
class Claim:
    """A relation between two names of a text, and what the graph says of it. All offsets are into the text."""

    from_node: int
    from_name: str
    from_start: int
    from_end: int
    to_node: int
    to_name: str
    to_start: int
    to_end: int
    relation: str | None  # None: only that the two are connected; as in kg.csv's display_relation
    negated: bool
    mode: str  # stated, denied, hedged, patient
    start: int  # of the sentence
    end: int
    verdict: str
    by: str | None = None  # path, edge or direction: where the graph has it
    graph: str | None = None  # what the graph has, in words
    hops: tuple[Hop, ...] = field(default=(), repr=False)  # those of the given paths that it is about


@dataclass(frozen=True)
class Written:
    """A text to check, with what its writer was given."""

    text: str
    hops: Mapping[Hop, list[Relation]] = field(default_factory=dict)  # of the paths
    statements: Mapping[str, Edge] = field(default_factory=dict)  # in which the graph's own words these were worded
    names: Sequence[tuple[str, int]] = ()  # (name, node), before the dictionary's
    context: str = ""  # read for the abbreviations that it defines, never for claims: the question


def read_claims(text: str, kg: "KG") -> list[Claim]:
    """What any text claims, with the graph's verdict on each claim. Raises ReaderMissing where the parser is not installed.

    For many texts `check_texts` is faster.
    """
    reader = claim_reader("spacy")
    assert reader is not None  # only "none" is None
    return check_texts(kg, [Written(text)], reader)[0]


def check_texts(kg: "KG", texts: Sequence[Written], reader: ClaimReader) -> list[list[Claim]]:
    """The claims of each text, in their order."""
    read = reader.read(kg, [(one.text, one.names, one.statements, one.context) for one in texts])
    return [_checked(kg, one, reading) for one, reading in zip(texts, read, strict=True)]


def _checked(kg: "KG", one: Written, reading: Reading) -> list[Claim]:
    """What was read from the trees, and what nearness adds where the sentence is about a given hop."""
    claims: dict[tuple[int, int], list[Claim]] = {}
    for start, end, said in reading.found:
        claims.setdefault(_place(said.subject, said.object), []).append(_claim(kg, start, end, said, one.hops))
    if one.hops:
        own = {node for hop in one.hops for node in hop}
        for near in hop_claims(kg, reading.rest, reading.names, one.hops, own):
            place = _place(near.a, near.b)
            if all(_prevails(near, claim) for claim in claims.get(place, ())):
                claims[place] = [_hop_claim(kg, near)]
    kept = [claim for here in claims.values() for claim in here if claim.mode != "aside"]
    return sorted(kept, key=lambda claim: (claim.start, claim.from_start))


def _prevails(near: HopClaim, claim: Claim) -> bool:
    """Whether nearness is believed where both read the pair: names that changed places, and what the tree leaves open."""
    if near.reading.backwards:
        return True
    if claim.verdict == "contradicted":
        return near.reading.verdict == "supported"  # to accuse, both have to agree
    if claim.verdict == "supported":
        return near.alone and near.reading.verdict == "contradicted"
    return claim.verdict == "unknown" and (near.missed is not None or claim.mode != "aside")


def _place(a: Name, b: Name) -> tuple[int, int]:
    return min(a.start, b.start), max(a.start, b.start)


def _claim(kg: "KG", start: int, end: int, said: Statement, hops: Mapping[Hop, list[Relation]]) -> Claim:
    a, b = said.subject, said.object
    edges = kg.relations(a.nodes, b.nodes)
    judged = {verdict(said, relations): (x, y) for x, y, relations in reversed(edges)}
    told = next((one for one in VERDICTS if one in judged), "unknown")
    on = hops_between(hops, a, b)
    x, y = _given(on, a, b) or judged.get(told, (a.nodes[0], b.nodes[0]))
    return Claim(
        x, kg.name_of(x), a.start, a.end, y, kg.name_of(y), b.start, b.end,
        said.relation, said.mode == "denied", said.mode, start, end, told,
        "path" if on else "edge" if edges else None, _in_words(kg, (x, y) if edges else None), tuple(on),
    )  # fmt: skip


def _hop_claim(kg: "KG", near: HopClaim) -> Claim:
    a, b, reading = near.a, near.b, near.reading
    x, y = _given(near.on, a, b) or (a.nodes[0], b.nodes[0])
    return Claim(
        x, kg.name_of(x), a.start, a.end, y, kg.name_of(y), b.start, b.end,
        reading.stated, reading.denied, "denied" if reading.denied else "stated", near.start, near.end,
        "off_path" if near.missed else reading.verdict, "direction" if reading.backwards else "path",
        _in_words(kg, near.missed or (x, y)), tuple(near.on),
    )  # fmt: skip


def _given(on: Sequence[Hop], a: Name, b: Name) -> tuple[int, int] | None:
    """The nodes of the two names that a given hop connects."""
    return next(((x, y) for x in a.nodes for y in b.nodes if frozenset((x, y)) in on), None)


def _in_words(kg: "KG", edge: tuple[int, int] | None) -> str | None:
    return "; ".join(relation["statement"] for relation in kg.describe(edge)["hops"][0]) if edge else None


def as_row(claim: Claim) -> dict[str, Any]:
    """The claim as an element of the column `hop_checks`."""
    kept = ("start", "end", "mode", "verdict", "by", "graph", "negated", "from_name", "from_start", "from_end")
    kept += ("to_name", "to_start", "to_end")
    names = {"stated": claim.relation, "from": claim.from_node, "to": claim.to_node}
    return {name: getattr(claim, name) for name in kept} | names
