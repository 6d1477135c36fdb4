"""Claims per 100 outputs and shares of a task, with 95 % intervals over its items.

Claims of one output are not independent, so whole outputs are drawn.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_builder.claim_check.measured import measured
from lighteval_tasks.factuality.claims import VERDICTS, ItemClaims, counts_of
from lighteval_tasks.intervals import bootstrap_sums, wilson

if TYPE_CHECKING:
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG

DRAWS, SEED = 10_000, 0
QUANTILES = (0.025, 0.975)


def inputs(kg: "KG", reader: "ClaimReader") -> dict[str, Any]:
    """What a result rests on: the graph at one content, the claim reader, and how often that is right."""
    graph = {"name": kg.name, "sha256": kg.digest, "nodes": len(kg.nodes.index), "edges": kg.edge_count}
    return {"graph": graph, "reader": reader.inputs, "measured": measured()}


def summarize(items: Sequence[ItemClaims]) -> dict[str, Any]:
    """One task's numbers. Outputs without text count as outputs without claims."""
    counts = counts_of(items)
    found = shares(counts)
    thoughts = [one for one in items if one.thought]
    within = np.array([one.counts(thinking=True) for one in thoughts], np.int64).reshape(-1, len(VERDICTS)).sum(0)
    return {
        "outputs": len(items),
        "empty": sum(one.empty for one in items),
        **found,
        "thinking": {"outputs": len(thoughts), **dict(zip(VERDICTS, within.tolist(), strict=True))}
        if thoughts
        else None,
    }


def shares(counts: np.ndarray) -> dict[str, Any]:
    """The numbers of a task from the counts of its items, shape (n, 3) in the order of VERDICTS.

    Per verdict its claims and their number per 100 outputs with an interval; the share of outputs with a contradicted claim (Wilson);
    and the share of supported claims among all, a ratio of sums. Shares are None where nothing is there to divide by.
    """
    number, totals = len(counts), counts.sum(axis=0)
    drawn = bootstrap_sums(counts, DRAWS, np.random.default_rng(SEED))
    accused = int(np.count_nonzero(counts[:, VERDICTS.index("contradicted")]))
    low, high = wilson(accused, number)
    return {
        "claims": int(totals.sum()),
        **{verdict: _rate(counts[:, i], drawn[:, i]) for i, verdict in enumerate(VERDICTS)},
        "with_contradicted": {
            "outputs": accused,
            "share": accused / number if number else None,
            "low": low,
            "high": high,
        },
        "supported_share": _supported(totals, drawn),
    }


def _rate(of_items: np.ndarray, sums: np.ndarray) -> dict[str, Any]:
    """Claims of one verdict per 100 outputs.

    The bootstrap's upper end is too low where few items have such a claim (zero where none has). So it is never below that of the share
    of outputs with such a claim (Wilson), which their number per output cannot be below.
    """
    number = len(of_items)
    if not number:
        return {"claims": 0, "per_100": None, "low": None, "high": None}
    low, high = np.quantile(sums, QUANTILES) / number
    _, least = wilson(int(np.count_nonzero(of_items)), number)
    return {
        "claims": int(of_items.sum()),
        "per_100": 100 * float(of_items.mean()),
        "low": 100 * float(low),
        "high": 100 * max(float(high), least),
    }


def _supported(totals: np.ndarray, drawn: np.ndarray) -> dict[str, float] | None:
    if not totals.sum():
        return None
    supported, every = drawn[:, VERDICTS.index("supported")], drawn.sum(axis=1)
    low, high = np.quantile(supported[every > 0] / every[every > 0], QUANTILES)
    return {
        "share": float(totals[VERDICTS.index("supported")] / totals.sum()),
        "low": float(low),
        "high": float(high),
    }
