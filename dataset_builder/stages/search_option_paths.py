"""Search paths from the question to every option, for writers who must not learn which option is right.

`search_paths` searches paths to the gold answer only, so its paths would reveal it. Here every option has the same maximum number
of paths: the most relevant ones, each option taken for the answer; or, without a threshold of relevance, the shortest ones, through the nodes
with the fewest neighbours. A question without paths is not rejected.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_builder.relevance.case import Case, case_of
from dataset_builder.relevance.model import relevance
from dataset_builder.stage import Batch, rows_of, stage

if TYPE_CHECKING:
    from kg import KG

DRAWN = 10  # shortest paths drawn per pair
Named = list[tuple[dict[str, Any], list[int]]]  # a mention, and the nodes that it stands for


@stage(needs="question context options answer_type", adds="paths")
def search_option_paths(
    batch: Batch, kg: "KG", keep: int, max_hops: int, seed: int, min_relevance: float
) -> dict[str, list[Any]]:
    """Rejects nothing. ``keep``: maximum number of paths per option, each of at most ``max_hops`` hops."""
    rows = list(rows_of(batch))
    texts = [[row["question"], *(option["text"] for option in _options(row))] for row in rows]
    named = iter(_named(kg, [text for row in texts for text in row]))
    sides = [list(itertools.islice(named, len(row))) for row in texts]
    cases = [
        _case(row, question, text, option)
        for row, (_, *words), (question, *options) in zip(rows, texts, sides, strict=True)
        for text, option in zip(words, options, strict=True)
    ]
    pairs = _connected(
        kg, [_ends(question, option) for question, *options in sides for option in options], max_hops, seed
    )
    found = zip(pairs, relevance(kg, cases, pairs), strict=True)
    kept = iter([_best(kg, some, probabilities.tolist(), keep, min_relevance) for some, probabilities in found])
    return {"paths": [[path for _ in row[1:] for path in next(kept)] for row in texts]}


def _options(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """The options; none of a yes/no/maybe question, whose options name no entity."""
    return row["options"] if row["answer_type"] == "choice" else []


def _named(kg: "KG", texts: Sequence[str]) -> list[Named]:
    """The mentions of each text that count, with their nodes: not negated ones, nor those of a relative."""
    found = [[m for m in kg.find_mentions(text) if m.counts] for text in texts]
    mentions = [mention for mentions in found for mention in mentions]
    linked = iter(kg.link([m.means or m.text for m in mentions], [m.type for m in mentions]))
    return [
        [({"start": m.start, "end": m.end}, [c.node for c in next(linked) if c.accepted]) for m in mentions]
        for mentions in found
    ]


def _case(row: Mapping[str, Any], question: Named, text: str, option: Named) -> Case:
    """The question with this option as if it were the answer: nothing here depends on which one is right."""
    sides = [(mention | {"place": "question", "negated": False}, nodes) for mention, nodes in question]
    sides += [(mention | {"place": "answer", "negated": False}, nodes) for mention, nodes in option]
    nodes = [{"mention": i, "node": node} for i, (_, nodes) in enumerate(sides) for node in nodes]
    about = {"question": row["question"], "context": row["context"], "gold_text": text, "answer": text}
    return case_of(about | {"answer_type": "choice", "mentions": [mention for mention, _ in sides], "nodes": nodes})


def _ends(question: Named, option: Named) -> list[tuple[int, int]]:
    """Every node of the question with every other node of the option, once."""
    starts, ends = (dict.fromkeys(node for _, nodes in side for node in nodes) for side in (question, option))
    return [(s, t) for s, t in itertools.product(starts, ends) if s != t]


def _connected(
    kg: "KG", ends: Sequence[Sequence[tuple[int, int]]], max_hops: int, seed: int
) -> list[list[dict[str, Any]]]:
    """Per option, the pairs that are near enough, as in the column candidate_paths."""
    results = iter(kg.shortest_paths([pair for pairs in ends for pair in pairs], keep=DRAWN, seed=seed))
    return [
        [
            {"from": s, "to": t, "total": min(one.total, 2**63 - 1), "paths": [list(path) for path in one.paths]}
            for (s, t), one in zip(pairs, itertools.islice(results, len(pairs)), strict=True)
            if one.distance is not None and one.distance <= max_hops
        ]
        for pairs in ends
    ]


def _best(
    kg: "KG", pairs: Sequence[Mapping[str, Any]], relevances: Sequence[float], keep: int, min_relevance: float
) -> list[dict[str, Any]]:
    """The best paths of one option. Without a threshold the shortest, of equal length those whose nodes have the fewest neighbours."""
    drawn = [(path, pair["total"]) for pair in pairs for path in pair["paths"]]
    found = [(*one, probability) for one, probability in zip(drawn, relevances, strict=True)]
    neighbours = [float(np.log(kg.degrees(np.array(path))).sum()) for path, _ in drawn]
    order = sorted(range(len(found)), key=lambda i: (len(found[i][0]), neighbours[i], found[i][0]))
    if min_relevance > 0:
        order.sort(key=lambda i: -found[i][2])
    return [
        kg.describe(path) | {"length": len(path) - 1, "total": total, "score": None, "relevance": probability}
        for path, total, probability in (found[i] for i in order[:keep])
    ]
