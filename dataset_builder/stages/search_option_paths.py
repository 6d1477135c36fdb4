"""Search paths from the question to every option, for writers who must not learn which option is right.

`search_paths` searches paths to the gold answer only, so its paths would reveal it. Here every option has the same maximum number
of paths: the shortest ones, through the nodes with the fewest neighbours. A question without paths is not rejected.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_builder.stage import Batch, rows_of, stage

if TYPE_CHECKING:
    from kg import KG, ShortestPaths

Pair = tuple[int, int]
DRAWN = 10  # shortest paths drawn per pair


@stage(needs="question options answer_type", adds="paths")
def search_option_paths(batch: Batch, kg: "KG", keep: int, max_hops: int, seed: int) -> dict[str, list[Any]]:
    """Rejects nothing. ``keep``: maximum number of paths per option, each of at most ``max_hops`` hops."""
    rows = rows_of(batch)
    texts = [[row["question"], *(option["text"] for option in _options(row))] for row in rows]
    nodes = iter(_nodes(kg, [text for row in texts for text in row]))
    sides = [list(itertools.islice(nodes, len(row))) for row in texts]
    pairs = [[_pairs(question, option) for option in options] for question, *options in sides]
    flat = [pair for row in pairs for option in row for pair in option]
    results = iter(kg.shortest_paths(flat, keep=DRAWN, seed=seed))
    return {"paths": [[p for option in row for p in _best(kg, option, results, keep, max_hops)] for row in pairs]}


def _options(row: dict[str, Any]) -> list[dict[str, str]]:
    """The options; none of a yes/no/maybe question, whose options name no entity."""
    return row["options"] if row["answer_type"] == "choice" else []


def _nodes(kg: "KG", texts: Sequence[str]) -> list[list[int]]:
    """The nodes that each text names, without those of mentions that do not count: negated ones, or of a relative."""
    found = [[m for m in kg.find_mentions(text) if m.counts] for text in texts]
    mentions = [mention for mentions in found for mention in mentions]
    linked = iter(kg.link([m.means or m.text for m in mentions], [m.type for m in mentions]))
    return [list(dict.fromkeys(c.node for _ in mentions for c in next(linked) if c.accepted)) for mentions in found]


def _pairs(question: list[int], option: list[int]) -> list[Pair]:
    return [(s, t) for s, t in itertools.product(question, option) if s != t]


def _best(
    kg: "KG", pairs: list[Pair], results: "Iterator[ShortestPaths]", keep: int, max_hops: int
) -> list[dict[str, Any]]:
    """The shortest paths of one option; among paths of equal length those whose nodes have the fewest neighbours."""
    found = [
        (path, result.total)
        for result in itertools.islice(results, len(pairs))
        for path in result.paths
        if len(path) - 1 <= max_hops
    ]
    if not found:
        return []
    weights = [float(np.log(kg.degrees(np.array(path))).sum()) for path, _ in found]
    order = sorted(range(len(found)), key=lambda i: (len(found[i][0]), weights[i], found[i][0]))
    kept = [found[i] for i in order[:keep]]
    facts = [{"length": len(path) - 1, "total": min(total, 2**63 - 1), "score": None} for path, total in kept]
    return [kg.describe(path) | about for (path, _), about in zip(kept, facts, strict=True)]
