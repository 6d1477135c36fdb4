"""Keep the few paths of a row that best explain the answer, to entities of the answer itself.

By relevance (dataset_builder/relevance), if there is a threshold; else the most informative ones: short, without hubs, with different ends.
"""

import math
from collections import Counter
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataset_builder.relevance import DAMPING, NEGATIVE, TREATMENT
from dataset_builder.relevance.case import case_of
from dataset_builder.relevance.model import relevance
from dataset_builder.stage import Batch, rejects, rows_of, stage

if TYPE_CHECKING:
    from kg import KG

HOP_WEIGHT = 0.5  # factor per hop: longer paths are less informative
NEGATIVE_WEIGHT = 0.1  # of a hop with only NEGATIVE relations: true, but rarely asked
# What the body does to a drug, not what the drug does: curated mechanisms (DrugMechDB) run through targets.
KINETIC_RELATIONS = frozenset({"enzyme", "carrier", "transporter"})
KINETIC_WEIGHT = 0.5
SHARED_USE_WEIGHT = (
    0.1  # of two hops of TREATMENT, from drug to drug through a disease that both treat: a shared use explains neither
)
# Factor for every node that a kept path already contains: paths with other ends and other nodes are preferred.
REPEATED_WEIGHT = 0.5


@stage(needs="question context answer answer_type gold_text mentions nodes candidate_paths", adds="paths")
def rank_paths(batch: Batch, kg: "KG", keep: int, max_hops: int, min_relevance: float) -> dict[str, list]:
    """Rejects: no_usable_path, where every path is too long, or has an end that explains nothing.

    ``min_relevance`` above 0: the most relevant paths are kept, those below it only where no path reaches it, and then one (gate_paths rejects
    the row). 0: the paths of the highest rank score are kept, whatever their relevance.
    """
    rows = list(rows_of(batch))
    read = [_admitted(kg, row, max_hops) for row in rows]
    found = relevance(kg, [case_of(row) for row in rows], [pairs for pairs, _ in read])
    paths = []
    for (pairs, _), probabilities in zip(read, found, strict=True):
        ranked = _ranked(kg, pairs, probabilities.tolist())
        paths.append(_best(kg, ranked, keep) if min_relevance == 0 else _relevant(kg, ranked, keep, min_relevance))
    why = [None if kept else detail for kept, (_, detail) in zip(paths, read, strict=True)]
    return {"paths": paths} | rejects("no_usable_path", why)


def _admitted(kg: "KG", row: dict[str, Any], max_hops: int) -> tuple[list[dict[str, Any]], str]:
    """The pairs without a fault, and the faults of the others in words."""
    pairs = row["candidate_paths"]
    named = _named_by_answer(row["answer"], row["answer_type"], row["mentions"], row["nodes"])
    faults = [_fault(kg, pair, named, max_hops) for pair in pairs]
    admitted = [pair for pair, fault in zip(pairs, faults, strict=True) if fault is None]
    return admitted, f"{len(pairs)} connected pairs: {'; '.join(sorted({f for f in faults if f}))}"


def _named_by_answer(answer: str, answer_type: str, mentions: list, nodes: list) -> set[int]:
    """The nodes that the answer itself names. The gold text begins with the answer; its explanation names other entities too.

    Yes, no and maybe name nothing: there the nodes of the whole gold text count, with the conclusion that explains the answer.
    """
    limit = math.inf if answer_type == "yes/no/maybe" else len(answer)
    own = {i for i, m in enumerate(mentions) if m["place"] == "answer" and m["end"] <= limit}
    return {n["node"] for n in nodes if n["mention"] in own}


def _fault(kg: "KG", pair: dict[str, Any], named: set[int], max_hops: int) -> str | None:
    """Why the paths of this pair explain nothing, or None."""
    if pair["to"] not in named:
        return "ends in the explanation, not in the answer"
    for node in (pair["from"], pair["to"]):
        if kg.type_of(node) == "anatomy":
            return f"ends in anatomy ({kg.name_of(node)})"
        if kg.is_lab_chemical(node):
            return f"ends in a laboratory chemical ({kg.name_of(node)})"
    if kg.same_name(pair["from"], pair["to"]):
        return f"both ends are called {kg.name_of(pair['from'])}"
    return f"{pair['distance']} hops, more than {max_hops}" if pair["distance"] > max_hops else None


class Ranked(NamedTuple):
    """A path as node indexes, the number of shortest paths of its pair, its rank score and its relevance."""

    path: list[int]
    total: int
    score: float
    relevance: float


def _ranked(kg: "KG", pairs: list[dict[str, Any]], relevances: list[float]) -> list[Ranked]:
    """All paths of these pairs, the highest rank score first."""
    paths = [(path, pair["total"]) for pair in pairs for path in pair["paths"]]
    scores = _scores(kg, [path for path, _ in paths])
    found = [Ranked(*path, *of) for path, of in zip(paths, zip(scores, relevances, strict=True), strict=True)]
    return sorted(found, key=lambda one: (-one.score, one.path, one.total))  # ties: by node index


def _relevant(kg: "KG", ranked: list[Ranked], keep: int, least: float) -> list[dict[str, Any]]:
    """The most relevant paths, of those that say the same the first: without a new hop, or through a twin (KG.twin)."""
    kept: list[dict[str, Any]] = []
    told: set[frozenset[int]] = set()
    meant: set[tuple[str, ...]] = set()
    for one in sorted(ranked, key=lambda one: -one.relevance):
        if len(kept) == keep or (kept and one.relevance < least):
            break
        hops, meaning = _hops(one.path), tuple(kg.twin_key(node) for node in one.path)
        if not hops <= told and meaning not in meant:
            kept.append(_described(kg, one))
            told |= hops
            meant |= {meaning, meaning[::-1]}
    return kept


def _best(kg: "KG", ranked: list[Ranked], keep: int) -> list[dict[str, Any]]:
    """The paths of the highest rank score, chosen one after the other. A path without a new hop is skipped."""
    left, kept = list(ranked), []
    used: Counter[int] = Counter()
    told: set[frozenset[int]] = set()
    while left and len(kept) < keep:
        weights = [one.score * REPEATED_WEIGHT ** sum(map(used.__getitem__, one.path)) for one in left]
        one = left.pop(weights.index(max(weights)))
        if not (hops := _hops(one.path)) <= told:
            kept.append(_described(kg, one))
            used.update(one.path)
            told |= hops
    return kept


def _hops(path: list[int]) -> set[frozenset[int]]:
    """The hops of a path, without direction."""
    return {frozenset(hop) for hop in pairwise(path)}


def _described(kg: "KG", one: Ranked) -> dict[str, Any]:
    facts = {"length": len(one.path) - 1, "total": one.total, "score": one.score, "relevance": one.relevance}
    return kg.describe(one.path) | facts


def _scores(kg: "KG", paths: list[list[int]]) -> list[float]:
    """Per path the product of its nodes' weights and its hops' factors, which are smaller for hops that explain little."""
    if not paths:
        return []
    lengths = np.array([len(path) for path in paths])
    starts = np.cumsum(lengths) - lengths
    nodes = np.fromiter(chain.from_iterable(paths), np.int64)
    weights = kg.degrees(nodes) ** -DAMPING
    last = np.zeros(len(nodes), bool)
    last[starts + lengths - 1] = True  # no hop leads from the end of one path to the start of the next
    nexts, hops = np.roll(nodes, -1), np.full(len(nodes), HOP_WEIGHT)
    hops[kg.hops_with_only(NEGATIVE, nodes, nexts)] *= NEGATIVE_WEIGHT
    hops[kg.hops_with_only(KINETIC_RELATIONS, nodes, nexts)] *= KINETIC_WEIGHT
    treats = kg.hops_with_only(TREATMENT, nodes, nexts) & ~last
    between = np.flatnonzero(treats & np.roll(treats, 1))  # the hop to this node treats, and so does the one from it
    hops[[i for i in between if kg.type_of(int(nodes[i])) != "drug"]] *= SHARED_USE_WEIGHT
    return np.multiply.reduceat(weights * np.where(last, 1, hops), starts).tolist()
