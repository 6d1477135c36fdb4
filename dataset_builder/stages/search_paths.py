"""Search all shortest paths between the nodes of the question and the nodes of the answer (MedReason, path searching)."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from dataset_builder.stage import Batch, rejects, stage

if TYPE_CHECKING:
    from kg import KG, ShortestPaths


@stage(needs="mentions nodes", adds="candidate_paths")
def search_paths(batch: Batch, kg: "KG", keep: int, seed: int) -> dict[str, list]:
    """Rejects: no_path, where no node of the question is connected with another node of the answer."""
    if "restated" in batch:
        pairs = [_product(r["question_nodes"], r["answer_nodes"]) for r in batch["restated"]]
    else:
        pairs = [_pairs(mentions, nodes) for mentions, nodes in zip(batch["mentions"], batch["nodes"], strict=True)]
    results = iter(kg.shortest_paths([pair for row in pairs for pair in row], keep=keep, seed=seed))
    found = [[(pair, result) for pair, result in zip(row, results) if result.paths] for row in pairs]  # noqa: B905  one iterator for all rows
    details = [
        None if row else f"{len(tried)} pairs of nodes, none connected"
        for row, tried in zip(found, pairs, strict=True)
    ]
    candidates = [[_candidate(*pair, result) for pair, result in row] for row in found]
    return {"candidate_paths": candidates} | rejects("no_path", details)


# where a model has said which nodes belong to the question and which to the answer, its word counts
search_paths_restated = replace(search_paths, needs=("restated",))


def _candidate(s: int, t: int, found: "ShortestPaths") -> dict:
    """The column's entry for one pair; its count is an int64, so one that is larger stands as the largest."""
    return {"from": s, "to": t, "distance": found.distance, "total": min(found.total, 2**63 - 1), "paths": found.paths}


def _pairs(mentions: list[dict], nodes: list[dict]) -> list[tuple[int, int]]:
    """The sides by where the mentions stand. A negated mention starts no path."""
    ends: dict[str, dict[int, None]] = {"question": {}, "answer": {}}
    for n in nodes:
        mention = mentions[n["mention"]]
        if not mention["negated"]:
            ends[mention["place"]][n["node"]] = None
    return _product(ends["question"], ends["answer"])


def _product(question: Iterable[int], answer: Iterable[int]) -> list[tuple[int, int]]:
    """Every question node with every answer node, each pair once, in order; a node is no path to itself."""
    return [(s, t) for s, t in dict.fromkeys(product(question, answer)) if s != t]
