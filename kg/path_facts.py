"""What the graph says of a path beside its hops: which kinds of relations it has, how common its nodes are, how surprising it is.

Nothing here is a raw degree: shares, ranks within the graph and a ratio to a random graph, so that numbers of one graph can be
compared with those of another.
"""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kg import opened
from kg.phrases import ABSENCES, PHRASES

if TYPE_CHECKING:
    from kg import KG
    from kg.contents import Edges

Pair = Mapping[str, Any]
DAMPING = 0.4  # a node inside a path weighs degree ** -DAMPING, as in degree-weighted path counts (Himmelstein & Baranzini 2015)
# Kinds of relations, by kg.csv's column ``relation`` or ``display_relation``.
# A drug has a target, or an action on it ("inhibitor"); an enzyme that metabolises it, a carrier or a transporter is none.
TARGET = frozenset(display for relation, display in PHRASES if relation == "drug_protein") - {
    "enzyme",
    "carrier",
    "transporter",
}
TREATMENT = frozenset({"indication", "off-label use"})
GENE_OF_DISEASE = frozenset({"disease_protein"})
PRESENTATION = frozenset({"disease_phenotype_positive"})
SIDE_EFFECT = frozenset({"side effect"})
# What a node is not used for, or does not show.
NEGATIVE = frozenset({"contraindication", "disease_phenotype_unseen"}) | ABSENCES
FACTS = (
    *("hops", "longer", "target", "disease_gene", "genes_only", "presentation", "negative", "side_effect"),
    *("treats_end", "treats_by_target", "fan_out", "fan_in", "target_fan", "surprise", "rivals"),
)


def path_facts(kg: "KG", pairs: Sequence[Sequence[Pair]]) -> dict[str, np.ndarray]:
    """Facts about every path of these pairs (``from``, ``to``, ``total``, ``paths``: node indexes) of every question, in their order. Shapes (paths,).

    hops; longer: hops more than the nearest pair of the question; target, disease_gene: share of hops with such a relation; genes_only: two
    hops, both of a disease and a gene; presentation: one hop, of a disease and its phenotype; negative, side_effect: a hop has no other relation;
    treats_end: the last hop is a treatment; treats_by_target: one treatment, then two targets, or the other way round. fan_out, fan_in: over its hops, the
    sum of the log share of nodes with at least as many neighbours by the hop's relation as its first, and its second node, 0 for the smallest number;
    of several relations the rarest counts; target_fan: target times fan_in, a target of many drugs. surprise: log of the pair's degree-weighted path count over that of a random graph with these
    degrees; rivals: how many other pairs of the question have the same end and a higher count.
    Raises KeyError for a node or a hop that the graph does not have.
    """
    flat = [pair for some in pairs for pair in some]
    paths = [path for pair in flat for path in pair["paths"]]
    if not paths:
        return dict.fromkeys(FACTS, np.zeros(0))
    hops = np.array([len(path) - 1 for path in paths])
    vertex = kg.vertices(np.fromiter(chain.from_iterable(paths), np.int64))
    pair = np.repeat(np.arange(len(flat)), [len(one["paths"]) for one in flat])
    question = np.repeat(np.arange(len(pairs)), [len(some) for some in pairs])
    nearest = np.full(len(pairs), np.inf)
    np.minimum.at(nearest, question[pair], hops)
    count = _counts(kg, flat, vertex, hops, pair)
    facts = {"hops": hops, "longer": hops - nearest[question[pair]]} | _of_relations(kg, vertex, hops)
    facts["surprise"] = np.log(count)[pair] - _expected(kg, vertex, hops)
    facts["rivals"] = _rivals(question, np.array([one["to"] for one in flat]), count)[pair]
    return {name: facts[name].astype(float) for name in FACTS}


def _of_relations(kg: "KG", vertex: np.ndarray, hops: np.ndarray) -> dict[str, np.ndarray]:
    """Facts about the relations of every path. ``vertex``: of all paths, one after the other; ``hops``: shape (paths,)."""
    last = np.zeros(len(vertex), bool)
    last[np.cumsum(hops + 1) - 1] = True
    of = _of_hops(kg, vertex[~last], vertex[1:][~last[:-1]])
    begin = np.cumsum(hops) - hops  # of each path, among all hops
    end = begin + hops - 1
    summed = {name: np.add.reduceat(values.astype(float), begin) for name, values in of.items()}
    treats = of["treatment"]
    return {
        "target": summed["target"] / hops,
        "disease_gene": summed["disease_gene"] / hops,
        "genes_only": (hops == 2) & (summed["disease_gene"] == 2),
        "presentation": (hops == 1) & (summed["presentation"] > 0),
        "negative": summed["negative"] > 0,
        "side_effect": summed["side_effect"] > 0,
        "treats_end": treats[end],
        "treats_by_target": (hops == 3) & (treats[begin] & (summed["target"] - of["target"][begin] == 2))
        | (hops == 3) & (treats[end] & (summed["target"] - of["target"][end] == 2)),
        "fan_out": summed["fan_out"],
        "fan_in": summed["fan_in"],
        "target_fan": summed["target"] / hops * summed["fan_in"],
    }


def _of_hops(kg: "KG", froms: np.ndarray, tos: np.ndarray) -> dict[str, np.ndarray]:
    """Facts about every hop between these vertices. Shapes (hops,)."""
    edges = kg.edges
    edge = edges.find(froms, tos)
    if (edge < 0).any():
        at = int(np.argmin(edge))
        raise KeyError(
            f"graph {kg.name} has no edge between {kg.nodes.index[froms[at]]} and {kg.nodes.index[tos[at]]}"
        )
    count = edges.start[edge + 1] - edges.start[edge]
    begin = np.cumsum(count) - count
    hop = np.repeat(np.arange(len(edge)), count)
    relation = edges.relation[edges.start[edge][hop] + np.arange(len(hop)) - begin[hop]]
    commonness = opened.commonness(kg.path, kg.digest)
    some = {"target": TARGET, "treatment": TREATMENT, "disease_gene": GENE_OF_DISEASE, "presentation": PRESENTATION}
    only = {"negative": NEGATIVE, "side_effect": SIDE_EFFECT}
    return {
        **{name: np.logical_or.reduceat(_named(edges, kind)[relation], begin) for name, kind in some.items()},
        **{name: edges.all_relations(_named(edges, kind), edge) for name, kind in only.items()},
        "fan_out": np.maximum.reduceat(commonness[froms[hop], relation], begin),
        "fan_in": np.maximum.reduceat(commonness[tos[hop], relation], begin),
    }


def _named(edges: "Edges", names: frozenset[str]) -> np.ndarray:
    """Whether each relation has one of these names."""
    return np.array([not names.isdisjoint(both) for both in edges.relation_names], bool)


def _counts(kg: "KG", pairs: Sequence[Pair], vertex: np.ndarray, hops: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """The degree-weighted count of each pair's shortest paths. Those drawn stand for all: their mean weight times their number. Shape (pairs,)."""
    log_degree, begin = _degrees(kg.path, kg.digest).log[vertex], _begins(hops)
    inside = np.add.reduceat(log_degree, begin) - log_degree[begin] - log_degree[begin + hops]
    drawn = np.bincount(pair, minlength=len(pairs))
    total = np.array([float(one["total"]) for one in pairs])
    return np.bincount(pair, np.exp(-DAMPING * inside), minlength=len(pairs)) / np.maximum(drawn, 1) * total


def _expected(kg: "KG", vertex: np.ndarray, hops: np.ndarray) -> np.ndarray:
    """Per path, log of its pair's count that is expected in a random graph with m ends of edges.

    d_s d_t / m, times for each node between the sum of d ** (2 - DAMPING) over all nodes / m.
    """
    degrees, begin = _degrees(kg.path, kg.digest), _begins(hops)
    outer = degrees.log[vertex[begin]] + degrees.log[vertex[begin + hops]]
    return outer - degrees.ends + (hops - 1) * degrees.between


def _begins(hops: np.ndarray) -> np.ndarray:
    """Where each path begins among the nodes of all paths."""
    return np.cumsum(hops + 1) - (hops + 1)


class _Degrees(NamedTuple):
    """Log of every vertex's degree, shape (vertices,); logs of the number of edges' ends, and of what a node between two others counts."""

    log: np.ndarray
    ends: float
    between: float


@functools.lru_cache(maxsize=4)
def _degrees(path: str, digest: str) -> _Degrees:
    """Of the graph in this file: computed once per process, since it takes longer than a batch of paths."""
    log = np.log(np.maximum(opened.degrees(path, digest), 1))
    ends = np.log(np.exp(log).sum())
    return _Degrees(log, float(ends), float(np.log(np.exp((2 - DAMPING) * log).sum()) - ends))


def _rivals(question: np.ndarray, end: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Per pair, how many pairs of its question and end have a higher count. Shapes (pairs,)."""
    order = np.lexsort((-count, end, question))
    changed = [np.diff(values[order], prepend=np.nan) != 0 for values in (question, end, count)]
    group = changed[0] | changed[1]
    place = np.arange(len(order))
    rivals = np.empty(len(order), int)
    first, start = (np.maximum.accumulate(np.where(new, place, 0)) for new in (group | changed[2], group))
    rivals[order] = first - start
    return rivals


def rarities(kg: "KG", words: Iterable[str]) -> list[float]:
    """Of each word (fold.plain_words) log(names of nodes / names with it)."""
    counts, names = opened.word_counts(kg.path, kg.digest), len(kg.nodes.index)
    return [math.log(names / (1 + counts[word])) for word in words]
