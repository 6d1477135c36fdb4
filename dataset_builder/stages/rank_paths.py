"""Keep the few most informative paths of a row: short, without hubs, with different ends, to entities of the answer itself."""

import math
from collections import Counter
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_builder.stage import Batch, rejects, stage

if TYPE_CHECKING:
    from kg import KG

DAMPING = 0.4  # a node weighs degree ** -DAMPING, as in degree-weighted path counts (Himmelstein & Baranzini 2015)
HOP_WEIGHT = 0.5  # factor per hop: longer paths are less informative
# A hop with only these relations says what a node is not used for, or does not show: true, but rarely asked.
NEGATIVE_RELATIONS = frozenset({"contraindication", "disease_phenotype_negative", "anatomy_protein_absent"})
NEGATIVE_WEIGHT = 0.1
# What the body does to a drug, not what the drug does: curated mechanisms (DrugMechDB) run through targets.
KINETIC_RELATIONS = frozenset({"enzyme", "carrier", "transporter"})
KINETIC_WEIGHT = 0.5
# Two hops from drug to drug through a disease that both treat: a shared use explains neither.
TREATMENT_RELATIONS = frozenset({"indication", "off-label use"})
SHARED_USE_WEIGHT = 0.1
# Factor for every node that a kept path already contains: paths with other ends and other nodes are preferred.
REPEATED_WEIGHT = 0.5


@stage(needs="answer answer_type mentions nodes candidate_paths", adds="paths")
def rank_paths(batch: Batch, kg: "KG", keep: int, max_hops: int) -> dict[str, list]:
    """Rejects: no_usable_path, where every path is too long, or has an end that explains nothing."""
    paths, details = [], []
    for answer, answer_type, mentions, nodes, pairs in zip(*batch.values(), strict=True):
        named = _named_by_answer(answer, answer_type, mentions, nodes)
        faults = [_fault(kg, pair, named, max_hops) for pair in pairs]
        paths.append(_best(kg, [pair for pair, fault in zip(pairs, faults, strict=True) if fault is None], keep))
        details.append(f"{len(pairs)} connected pairs: {'; '.join(sorted({f for f in faults if f}))}")
    why = [None if kept else detail for kept, detail in zip(paths, details, strict=True)]
    return {"paths": paths} | rejects("no_usable_path", why)


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


def _best(kg: "KG", pairs: list[dict[str, Any]], keep: int) -> list[dict[str, Any]]:
    """The best paths, chosen one after the other. A path without a new hop is skipped."""
    paths = [(path, pair["total"]) for pair in pairs for path in pair["paths"]]
    scores = _scores(kg, [path for path, _ in paths])
    left = sorted(zip(scores, paths, strict=True), key=lambda item: (-item[0], item[1]))  # ties: by node index
    kept: list[dict[str, Any]] = []
    used: Counter[int] = Counter()
    told: set[frozenset[int]] = set()
    while left and len(kept) < keep:
        weights = [score * REPEATED_WEIGHT ** sum(map(used.__getitem__, path)) for score, (path, _) in left]
        score, (path, total) = left.pop(weights.index(max(weights)))
        hops = {frozenset(hop) for hop in pairwise(path)}  # without direction
        if not hops <= told:
            kept.append(kg.describe(path) | {"length": len(path) - 1, "total": total, "score": score})
            used.update(path)
            told |= hops
    return kept


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
    hops[kg.hops_with_only(NEGATIVE_RELATIONS, nodes, nexts)] *= NEGATIVE_WEIGHT
    hops[kg.hops_with_only(KINETIC_RELATIONS, nodes, nexts)] *= KINETIC_WEIGHT
    treats = kg.hops_with_only(TREATMENT_RELATIONS, nodes, nexts) & ~last
    between = np.flatnonzero(treats & np.roll(treats, 1))  # the hop to this node treats, and so does the one from it
    hops[[i for i in between if kg.type_of(int(nodes[i])) != "drug"]] *= SHARED_USE_WEIGHT
    return np.multiply.reduceat(weights * np.where(last, 1, hops), starts).tolist()
