"""Say what the graph says of the wrong options, in the relation with which a path reaches the answer.

The answer's path ends "Diazepam targets GABRA1". Of the options the graph may say "Flumazenil targets GABRA1", so that the relation
does not tell them apart, or "Haloperidol targets DRD2". A graph is never complete: an option of which it says nothing in
that relation is left out, and nothing follows from an edge that is missing.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataset_builder.row import normalize
from dataset_builder.stage import Batch, rows_of, stage

if TYPE_CHECKING:
    from kg import KG, Candidate, Mention

Name = tuple[str, str]  # relation, display_relation
Hop = tuple[int, int]  # the option's node, the other one
MOST = 3  # options of one row
# What a drug or a disease is known by: an edge of these may be said although nothing else in the row names its other node.
TYPICAL = frozenset({
    ("drug_protein", "target"), ("indication", "indication"), ("disease_phenotype_positive", "phenotype present"),
})  # fmt: skip
# Nothing is said of what the body does to a drug, side effects, interactions of drugs, expression, and of what is not so.
SAID = TYPICAL | {
    ("off-label use", "off-label use"), ("phenotype_protein", "associated with"), ("disease_protein", "associated with"),
    ("exposure_disease", "linked to"), ("protein_protein", "ppi"), ("disease_disease", "parent-child"),
    ("phenotype_phenotype", "parent-child"), ("bioprocess_protein", "interacts with"), ("pathway_protein", "interacts with"),
    ("molfunc_protein", "interacts with"), ("cellcomp_protein", "interacts with"),
}  # fmt: skip
SAID |= {
    ("disease_phenotype_positive", f"phenotype {often}")
    for often in ("always present", "very frequent", "frequent", "occasional")
}
# Of at most so many nodes, the one with most neighbours is said: for 89 % of 190 drugs this is a target of the curated mechanism
# (DrugMechDB), for 53 % of the 45 with more targets. The one with fewest neighbours is worse than chance.
FEW = 4
# Words beside a drug that leave it what it is: "start oral metronidazole therapy" names it as a whole, "stop metronidazole" does not. Beside
# other entities they are part of the name: "oral candidiasis".
_WITH_DRUGS = """add administer administration an begin cream daily drops eye for give inhaled initiate injection intramuscular intravenous
 of ointment only oral orally prescribe start subcutaneous tablet tablets the therapy topical treat treatment use with"""
BESIDE_DRUG, BESIDE = frozenset(_WITH_DRUGS.split()), frozenset({"an", "the"})
_WORD = re.compile(r"[^\s.,;:()\[\]'\"-]+")


class _End(NamedTuple):
    """The last hop of a path: the node before the answer, its type and the answer's, the relations that may be said."""

    node: int
    type: str
    answer_type: str
    relations: frozenset[Name]


class _Read(NamedTuple):
    """The nodes that an option's text names, and those that the whole text stands for."""

    named: frozenset[int]
    whole: "tuple[Candidate, ...]"


@stage(needs="options answer_label answer_type mentions nodes paths", adds="contrasts")
def contrast_options(batch: Batch, kg: "KG") -> dict[str, list[Any]]:
    """Rejects nothing. One statement per option at most, in the options' order; none where the question is not one of choice."""
    rows = rows_of(batch)
    read = iter(_read(kg, [option["text"] for row in rows for option in _options(row)]))
    return {"contrasts": [_contrasts(kg, row, list(itertools.islice(read, len(_options(row))))) for row in rows]}


def _options(row: dict[str, Any]) -> list[dict[str, str]]:
    return row["options"] if row["answer_type"] == "choice" else []


def _read(kg: "KG", texts: Sequence[str]) -> list[_Read]:
    """What each text names, by lookup alone: a similar name is not enough to say something of an option. A negation names nothing as a whole."""
    found = [kg.find_mentions(text) for text in texts]
    mentions = [mention for of_text in found for mention in of_text]
    linked = iter(kg.link([m.text for m in mentions], [m.type for m in mentions], similar=0))
    read = []
    for text, of_text in zip(texts, found, strict=True):
        links = [[c for c in next(linked) if c.accepted] for _ in of_text]
        named = [frozenset(c.node for c in candidates) for candidates in links]
        rest = _beside(text, of_text)
        common = frozenset.intersection(*named) if named and not any(m.negated for m in of_text) else frozenset()
        whole = [c for c in links[0] if c.node in common] if links else []
        whole = [c for c in whole if rest <= (BESIDE_DRUG if c.type == "drug" else BESIDE)]
        read.append(_Read(frozenset().union(*named), tuple(whole)))
    return read


def _beside(text: str, mentions: "Sequence[Mention]") -> set[str]:
    """The words outside the mentions, in small letters; a sign such as "↑" is a word."""
    for mention in reversed(mentions):
        text = text[: mention.start] + " " + text[mention.end :]
    return {word.lower() for word in _WORD.findall(text)}


def _contrasts(kg: "KG", row: dict[str, Any], read: Sequence[_Read]) -> list[dict[str, Any]]:
    """The statements of one row. An option that could be taken for the answer, or that a path has stated, is left out."""
    ends = list(filter(None, (_end(path) for path in row["paths"])))
    if not ends or not read:
        return []
    options = list(zip(row["options"], read, strict=True))
    answer = {normalize(option["text"]) for option, _ in options if option["label"] == row["answer_label"]}
    answers = {node for option, one in options if option["label"] == row["answer_label"] for node in one.named}
    answers |= {path["nodes"][-1] for path in row["paths"]}
    near = _near(kg, row, answers)
    taken = answers.union(*(path["nodes"] for path in row["paths"]))
    found: list[dict[str, Any]] = []
    for option, one in options:
        if option["label"] == row["answer_label"] or normalize(option["text"]) in answer or len(found) == MOST:
            continue
        free = [c for c in one.whole if c.node not in taken and not any(kg.same_name(c.node, a) for a in answers)]
        if hop := _hop(kg, free, ends, near, answers):
            found.append({"label": option["label"], "option": option["text"]} | kg.describe(hop))
            taken.add(hop[0])
    return found


def _end(path: dict[str, Any]) -> _End | None:
    """The path's last hop; None where it has no hop, or no relation that may be said."""
    if not path["hops"]:
        return None
    relations = SAID & {(one["relation"], one["display_relation"]) for one in path["hops"][-1]}
    return _End(path["nodes"][-2], path["types"][-2], path["types"][-1], frozenset(relations)) if relations else None


def _near(kg: "KG", row: dict[str, Any], answers: Iterable[int]) -> list[int]:
    """The nodes of the question and of the paths, without the answer's: those with the fewest neighbours first."""
    asked = {i for i, m in enumerate(row["mentions"]) if m["place"] == "question" and not m["negated"]}
    nodes = {n["node"] for n in row["nodes"] if n["mention"] in asked}.union(*(path["nodes"] for path in row["paths"]))
    return sorted(nodes.difference(answers), key=lambda node: (_degree(kg, node), node))


def _hop(
    kg: "KG", option: "Sequence[Candidate]", ends: Sequence[_End], near: Sequence[int], answers: set[int]
) -> Hop | None:
    """The edge to state of an option: to the node that the answer's path comes from, to one near, to one that is typical."""
    ways = [(c.node, end) for end in ends for c in option if c.type == end.answer_type]
    for node, end in ways:
        if _joined(kg, node, [end.node], end):
            return node, end.node
    for node, end in ways:
        if others := _joined(kg, node, [other for other in near if other != node], end):
            return node, others[0]
    for node, end in ways:
        if typical := end.relations & TYPICAL:
            others = _joined(kg, node, kg.neighbors(node).tolist(), end._replace(relations=typical))
            if 0 < len(others) <= FEW and answers.isdisjoint(others):
                return node, max(others, key=lambda other: (_degree(kg, other), -other))
    return None


def _joined(kg: "KG", node: int, others: Sequence[int], end: _End) -> list[int]:
    """Of the other nodes those that have the end's type and one of its relations with this node, and none that is not said."""
    return [
        other
        for _, other, names in kg.relations([node], others)
        if end.relations.intersection(names) and SAID.issuperset(names) and kg.type_of(other) == end.type
    ]


def _degree(kg: "KG", node: int) -> int:
    return int(kg.degrees(np.array([node]))[0])
