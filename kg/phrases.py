"""The relations of every graph in words, and the direction of each (kg/relations/words.tsv).

Graphs in other formats enter under the names of this table (kg.readers), so that one relation has one wording, and the reader of claims
knows it, whichever graph it comes from. kg.csv stores every edge both ways: there a direction comes from the type of the node that is the
subject. Other graphs say which node it is (Edges.subject).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kg.contents import HIGH, LOW, NODE_TYPES, Name
from kg.fold import read_words

NONE = "-"
SYMMETRIC = "symmetric"


@dataclass(frozen=True)
class Phrase:
    """The verb phrase of a relation, the type of its subject (None: any), and whether it reads both ways.

    ``opposite``: a relation that contradicts it between the same nodes; ``denies``: the relation whose absence it states.
    """

    words: str
    subject: str | None = None
    symmetric: bool = False
    opposite: str | None = None
    denies: str | None = None


def read_table(file: str) -> list[list[str]]:
    """The rows of a table in kg/relations."""
    return read_words(file, "relations")


def _phrases() -> Mapping[Name, Phrase]:
    found = {}
    for relation, display, subject, words, opposite, denies in read_table("words.tsv"):
        typed = subject if subject in NODE_TYPES else None
        others = (None if one == NONE else one for one in (opposite, denies))
        found[relation, display] = Phrase(words, typed, subject == SYMMETRIC, *others)
    return MappingProxyType(found)


PHRASES = _phrases()
# relations that state an absence, each with the one whose absence it is
DENIALS = MappingProxyType({relation: phrase.denies for (relation, _), phrase in PHRASES.items() if phrase.denies})
ABSENCES = frozenset(DENIALS)


def direction(name: Name, from_type: str, to_type: str, subject: int = 0, *, from_low: bool = True) -> str:
    """The direction of a hop along the relation: forward, backward or undirected.

    By the graph, which may say which end of the edge is the ``subject`` (kg.contents.LOW, HIGH; ``from_low``: the hop starts at the low
    one), else by the types of the hop's nodes.
    """
    phrase = PHRASES.get(name)
    if phrase is None or phrase.symmetric:
        return "undirected"
    if subject & (LOW if from_low else HIGH):
        return "forward"
    if subject:
        return "backward"
    if phrase.subject is None or from_type == to_type:
        return "undirected"
    return {from_type: "forward", to_type: "backward"}.get(phrase.subject, "undirected")


def statement(name: Name, direction: str, a: str, b: str) -> str:
    """The hop from node a to node b in words, with the relation's subject first, in whichever direction the path goes.

    A relation that is not in the table is quoted, never interpreted.
    """
    a, b = plain(a), plain(b)
    phrase = PHRASES.get(name)
    if phrase is None or (not phrase.symmetric and direction == "undirected"):
        return f"{a} is connected by the relation “{name[1]}” with {b}"
    return f"{b} {phrase.words} {a}" if direction == "backward" else f"{a} {phrase.words} {b}"


def plain(name: str) -> str:
    """A node's name in running text: without MONDO's suffix "(disease)"."""
    return name.removesuffix(" (disease)")
