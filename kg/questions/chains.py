"""Chains: from a node along given relations to all nodes that they lead to, and what lies near these in an ontology.

Nodes are vertices here: positions in ``KG.nodes``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from kg.contents import HIGH, LOW, Name
from kg.knowledge_graph import KG
from kg.phrases import PHRASES
from kg.questions.splits import Fact, Path
from kg.questions.wording import ANY, Wording, wordings

HIERARCHIES = ("parent-child", "is a")  # display_relation of a term and a broader one


class TooWide(Exception):
    """A chain leads to more nodes than a question may have to do with."""


@dataclass(frozen=True)
class Links:
    """The neighbours of every vertex by each wording's relation, from its object to its subject, and those in the ontologies.

    ``subject_count``: per vertex, how many of these it is the subject of. ``broader``, ``narrower``: one step; both directions in each, where the graph does not say which term is the broader one.
    """

    steps: list[Wording]
    neighbors: dict[Wording, csr_array]
    subject_count: dict[Wording, np.ndarray]
    broader: csr_array
    narrower: csr_array
    directed: bool

    def related(self, vertices: np.ndarray) -> np.ndarray:
        """The vertices with all broader and narrower terms; where directions are not known, with those one step away. Shape (n,)."""
        if not self.directed:
            return np.union1d(vertices, _next(self.broader, vertices))
        found = [vertices]
        for way in (self.broader, self.narrower):
            seen = new = vertices
            while len(new := np.setdiff1d(_next(way, new), seen)):
                seen = np.union1d(seen, new)
            found.append(seen)
        return np.unique(np.concatenate(found))


def links_of(kg: KG) -> Links:
    """The links of a graph: for each wording that it has edges for."""
    nodes, edges = kg.nodes, kg.edges
    types = np.array(nodes.type)
    edge = np.repeat(np.arange(len(edges.pair)), np.diff(edges.start))
    low, high = (end[edge] for end in edges.ends())
    neighbors = {}
    for step in wordings():
        mine = _items(kg, [step.speaks_of(name) for name in edges.relation_names])
        froms, tos = np.concatenate([low[mine], high[mine]]), np.concatenate([high[mine], low[mine]])
        right = (types[froms] == step.object) & (types[tos] == step.subject)
        if right.any():
            neighbors[step] = _matrix(froms[right], tos[right], len(types))
    mine = _items(kg, [name[1] in HIERARCHIES for name in edges.relation_names])
    directed = edges.subject is not None and all(
        _is_directed(name) for name in edges.relation_names if name[1] in HIERARCHIES
    )
    low, high = low[mine], high[mine]
    # the subject is the narrower term
    subject = np.full(len(mine), LOW | HIGH) if edges.subject is None or not directed else edges.subject[mine]
    up, down = (subject & LOW) > 0, (subject & HIGH) > 0
    froms, tos = np.concatenate([low[up], high[down]]), np.concatenate([high[up], low[down]])
    broader = _matrix(froms, tos, len(types))
    counts = {step: np.bincount(matrix.indices, minlength=len(types)) for step, matrix in neighbors.items()}
    return Links(list(neighbors), neighbors, counts, broader, csr_array(broader.T), directed)


def _is_directed(name: Name) -> bool:
    return name in PHRASES and not PHRASES[name].symmetric


def _items(kg: KG, wanted: Sequence[bool]) -> np.ndarray:
    return np.flatnonzero(np.array(wanted, bool)[kg.edges.relation]) if wanted else np.zeros(0, np.int64)


def _matrix(froms: np.ndarray, tos: np.ndarray, size: int) -> csr_array:
    found = csr_array((np.ones(len(froms), np.int8), (froms, tos)), shape=(size, size))
    found.sum_duplicates()
    return found


def _next(matrix: csr_array, vertices: np.ndarray) -> np.ndarray:
    """The neighbours of any of these, ascending."""
    begin = matrix.indptr[vertices]
    count = matrix.indptr[vertices + 1] - begin
    ends = np.cumsum(count)
    places = np.repeat(begin - (ends - count), count) + np.arange(count.sum())
    return np.unique(matrix.indices[places])


@dataclass(frozen=True)
class Chain:
    """A start and the steps from it; ``layers[i]``: the vertices that the first i steps lead to, the start first."""

    steps: tuple[Wording, ...]
    layers: list[np.ndarray]

    @property
    def start(self) -> int:
        """The vertex that the question names."""
        return int(self.layers[0][0])

    def wide(self, links: Links) -> np.ndarray:
        """Where the steps lead if every term may stand for a broader or a narrower one; no wrong option is among these. Shape (n,)."""
        found = links.related(self.layers[0])
        for step in self.steps:
            found = links.related(_next(links.neighbors[step], found))
        return found

    def paths_to(self, links: Links, answer: int, most: int) -> list[list[int]]:
        """At most ``most`` + 1 of the paths along the chain, as vertices from the start to the answer."""
        return [path for path, _ in zip(self._back(links, answer, len(self.steps)), range(most + 1), strict=False)]

    def _back(self, links: Links, vertex: int, step: int) -> Iterator[list[int]]:
        if step == 0:
            yield [vertex]
            return
        matrix, before = links.neighbors[self.steps[step - 1]], self.layers[step - 1]
        for one in before.tolist():
            if vertex in matrix.indices[matrix.indptr[one] : matrix.indptr[one + 1]]:
                for path in self._back(links, one, step - 1):
                    yield [*path, vertex]

    def facts(self, path: Sequence[int], index: np.ndarray) -> Path:
        """The facts of a path, by the graph's own numbers of its nodes."""
        return [
            _fact(int(index[a]), int(index[b]), step) for a, b, step in zip(path, path[1:], self.steps, strict=False)
        ]


def _fact(a: int, b: int, step: Wording) -> Fact:
    relation = step.relation if step.display == ANY else f"{step.relation}: {step.display}"
    return (min(a, b), max(a, b), relation)


def follow(links: Links, start: int, steps: Sequence[Wording], most: int) -> Chain | None:
    """Where the steps lead. None: nowhere. Raises TooWide where a layer has more than ``most`` vertices."""
    layers = [np.array([start])]
    for step in steps:
        layers.append(_next(links.neighbors[step], layers[-1]))
        if not len(layers[-1]):
            return None
        if len(layers[-1]) > most:
            raise TooWide
    return Chain(tuple(steps), layers)
