"""The exact synonyms of a graph's nodes: the keys under which they are looked up, and which of them may name a node in a text.

A synonym is a weaker name than a name: one that is equal to a node's name, however that is spelled, is not looked up, so that the name
wins. One that several nodes share names them only if they are one concept of one type (kg.twins); any other is ambiguous: it gives
candidates, and no link and no mention. Abbreviations and symbols of genes count in their own spelling only, as names do.
"""

from collections.abc import Iterable, Iterator, Sequence

from kg import tables
from kg.contents import Nodes
from kg.tables import Table
from kg.twins import twin_key

PART = 1 << 16  # synonyms that are compared with the table together


def find(table: Table, texts: Sequence[str]) -> dict[int, list[int]]:
    """By position of a text, the vertices of which it is a synonym, ascending; as it is spelled, or else in any spelling."""
    found: dict[int, list[int]] = {}
    for keys in (list(map(tables.as_spelled, texts)), list(map(tables.synonym_key, texts))):
        for position, vertices in table.find(keys):
            found.setdefault(position, vertices)
    return found


def are_one(nodes: Nodes, vertices: Sequence[int]) -> bool:
    """Whether these nodes are one concept of one type, so that a synonym of all of them is not ambiguous."""
    return len(vertices) < 2 or len({(nodes.type[v], twin_key(nodes.name[v], nodes.type[v])) for v in vertices}) == 1


def usable(nodes: Nodes, table: Table) -> Iterator[tuple[int, str]]:
    """Every vertex with each synonym that is nobody's name and not ambiguous, in the order of the graph."""
    for part in _parts(nodes.every_synonym()):
        keys = [tables.key_of_synonym(text, nodes.type[vertex]) for vertex, text in part]
        for position, vertices in table.find(keys):
            if are_one(nodes, vertices):
                yield part[position]


def _parts(pairs: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    part: list[tuple[int, str]] = []
    for pair in pairs:
        part.append(pair)
        if len(part) == PART:
            yield part
            part = []
    yield part
