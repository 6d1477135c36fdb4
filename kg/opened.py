"""The opened parts of a graph: contents, compiled search, dictionary, linker. Opened once per process and content.

Forked worker processes find them already open, and share the memory. ``path``, ``digest``: of the graph's file.
"""

import functools
from collections import Counter
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from kg import fold, prepared
from kg.adjacency import Adjacency
from kg.contents import Edges, Nodes
from kg.embedder import Embedder
from kg.linker import Linker
from kg.mentions import MentionFinder
from kg.readers import Source

if TYPE_CHECKING:
    from graph_tool import Graph


@functools.lru_cache(maxsize=4)
def contents(path: str, digest: str) -> tuple[Nodes, Edges, Adjacency]:
    """Nodes and edges, and the arrays that the compiled search reads."""
    return prepared.load(Source.parse(path), digest)


@functools.cache
def kernel() -> ModuleType:
    """The compiled search."""
    import kg.kernel as kernel  # numba takes a second to import, and is only needed for a search

    return kernel


@functools.lru_cache(maxsize=4)
def graph(path: str, digest: str) -> "Graph":
    """The graph-tool graph."""
    import kg.graph as graph

    return graph.build(contents(path, digest)[1])


@functools.lru_cache(maxsize=4)
def degrees(path: str, digest: str) -> np.ndarray:
    """How many nodes are connected with each vertex. Shape (vertices,)."""
    edges = contents(path, digest)[1]
    return np.bincount(np.concatenate(edges.ends()), minlength=edges.vertices)


@functools.lru_cache(maxsize=4)
def commonness(path: str, digest: str) -> np.ndarray:
    """Per vertex and relation: log of the share of vertices with at least as many neighbours by it, among those that have any.

    0 where it has the fewest, and where it has none. Shape (vertices, relations), float32.
    """
    edges = contents(path, digest)[1]
    relations = len(edges.relation_names)
    edge = np.repeat(np.arange(len(edges.pair)), np.diff(edges.start))
    places = [end[edge] * relations + edges.relation for end in edges.ends()]
    many = np.bincount(np.concatenate(places), minlength=edges.vertices * relations).reshape(-1, relations)
    ranks = np.zeros(many.shape, np.float32)
    for relation, column in enumerate(many.T):
        has = column > 0
        below = np.searchsorted(np.sort(column[has]), column[has])
        ranks[has, relation] = np.log1p(-below / max(has.sum(), 1))
    return ranks


@functools.lru_cache(maxsize=4)
def word_counts(path: str, digest: str) -> Counter[str]:
    """In how many names of nodes each word occurs."""
    return Counter(word for name in contents(path, digest)[0].name for word in fold.plain_words(name))


@functools.lru_cache(maxsize=4)
def types(path: str, digest: str) -> frozenset[str]:
    """The types that nodes have."""
    return frozenset(contents(path, digest)[0].type)


@functools.lru_cache(maxsize=4)
def finder(path: str, digest: str, embedder: Embedder) -> MentionFinder:
    """The dictionary of names."""
    return MentionFinder(contents(path, digest)[0], linker(path, digest, embedder))


@functools.lru_cache(maxsize=4)
def linker(path: str, digest: str, embedder: Embedder) -> Linker:
    """The indexes that turn names into nodes."""
    return Linker(contents(path, digest)[0], embedder)
