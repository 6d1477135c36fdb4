"""Does the ranking of paths keep curated mechanisms drug → … → disease of DrugMechDB, on the real subset of PrimeKG?

Nodes are matched by type and id. Only mechanisms that are in the subset and are a shortest path there are counted.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dataset_builder.stages.rank_paths import rank_paths
from kg import KG, ShortestPaths

KEEP = 3


def mechanisms(kg: KG, file: Path) -> Iterator[tuple[list[int], ShortestPaths]]:
    """Each mechanism that lies in the graph, as node indexes, and what the search gives for its ends."""
    known = dict(zip(zip(kg.nodes.type, kg.nodes.id, strict=True), kg.nodes.index.tolist(), strict=True))
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            path = [known.get((node["type"], node["id"])) for node in json.loads(line)["nodes"]]
            nodes = [node for node in path if node is not None]
            if len(nodes) == len(path) and kg.are_connected(np.array(nodes[:-1]), np.array(nodes[1:])).all():
                yield nodes, kg.shortest_paths([(nodes[0], nodes[-1])])[0]


def kept(kg: KG, path: list[int], found: ShortestPaths) -> list[list[int]]:
    """What the ranking keeps of the drawn paths, best first."""
    candidate = {
        "from": path[0],
        "to": path[-1],
        "distance": found.distance,
        "total": found.total,
        "paths": found.paths,
    }
    row = {
        "question": "",
        "context": None,
        "gold_text": "x",
        "answer": "x",
        "answer_type": "choice",
        "mentions": [{"place": "answer", "end": 1}],
        "nodes": [{"mention": 0, "node": path[-1]}],
        "candidate_paths": [candidate],
    }
    batch = {column: [value] for column, value in row.items()}
    ranked = rank_paths(batch, kg=kg, keep=KEEP, max_hops=len(path), min_relevance=0)
    return [one["nodes"] for one in ranked["paths"][0]]


def report(folder: Path) -> dict[str, float]:
    """The counts, by what they count."""
    kg = KG.load(folder / "kg_subset.csv.gz")
    inside = list(mechanisms(kg, folder / "mechanism_paths.jsonl.gz"))
    shortest = [(path, found) for path, found in inside if found.distance == len(path) - 1]
    ranks = [(kept(kg, path, found), path, found.total) for path, found in shortest]
    return {
        "lie in the subset": len(inside),
        "are a shortest path": len(shortest),
        f"kept among {KEEP}": sum(path in three for three, path, _ in ranks),
        "kept first": sum(path == three[0] for three, path, _ in ranks),
        f"more than {KEEP} shortest paths": sum(total > KEEP for *_, total in ranks),
        f"of these kept among {KEEP}": sum(path in three for three, path, total in ranks if total > KEEP),
        f"expected among {KEEP} at random": round(sum(min(1, KEEP / total) for *_, total in ranks), 1),
    }
