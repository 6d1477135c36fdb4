"""Wrong options: nodes of the answer's type for which the graph has the question's last relation, and nothing that makes them right."""

from collections.abc import Sequence

import numpy as np

from kg.knowledge_graph import KG
from kg.questions.chains import Chain, Links

POOL, NEAREST = 200, 20  # whose distance is computed; among how many, alike in their number of neighbours, is drawn


def distractors(
    kg: KG, links: Links, chain: Chain, answer: int, draw: np.random.Generator, count: int = 3
) -> tuple[list[int], int] | None:
    """``count`` vertices and the number of hops from the start to each, the same for all of them; None: the graph has too few.

    As far from the start as the answer where there are enough, else farther, and never nearer. They have about as many neighbours by the
    last relation as the answer, so that the better known one is not the better guess.
    """
    many = links.subject_count[chain.steps[-1]]
    candidates = np.setdiff1d(np.flatnonzero(many), np.concatenate([chain.wide(links), *chain.layers]))
    unlike = np.abs(np.log(many[candidates]) - np.log(many[answer])) + draw.random(len(candidates)) * 1e-3
    candidates = candidates[np.argsort(unlike, kind="stable")[:POOL]]
    hops = distances(kg, chain.start, candidates)
    for distance in range(len(chain.steps), int(hops.max(initial=0)) + 1):
        group = candidates[hops == distance][:NEAREST].tolist()
        chosen: list[int] = []
        for one in draw.permutation(group).tolist():
            if not any(_alike(kg, one, other) for other in (*chain.layers[-1].tolist(), chain.start, *chosen)):
                chosen.append(one)
            if len(chosen) == count:
                return chosen, distance
    return None


def distances(kg: KG, start: int, vertices: Sequence[int] | np.ndarray) -> np.ndarray:
    """The hops on a shortest path from the start to each vertex, by any relation; -1: none. Shape (n,)."""
    index = kg.nodes.index
    pairs = np.column_stack([index[np.asarray(vertices, np.int64)], np.full(len(vertices), index[start])])
    found = kg.shortest_paths_arrow(pairs, keep=0, seed=0).field("distance")
    return np.array(found.fill_null(-1).to_pylist(), np.int64)


def _alike(kg: KG, a: int, b: int) -> bool:
    """Whether a reader may take two nodes for one, or for a kind of the other."""
    one, other = (int(kg.nodes.index[v]) for v in (a, b))
    return kg.same_name(one, other) or kg.contains_name(one, other) or kg.twin_key(one) == kg.twin_key(other)
