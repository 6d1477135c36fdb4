"""The index of all rows, available before any block is decoded: the values to filter and sort by."""

from collections import Counter
from typing import Any

from dataset_builder.report.blocks import ROWS_IN_BLOCK, Written
from dataset_builder.report.figures import TIERS, VERDICTS
from dataset_builder.report.row_facts import PUBLISHED
from dataset_builder.sources.table import SOURCES

# facet → the order of its values; others follow, the most frequent first
ORDER: dict[str, tuple[str, ...]] = {
    "source": tuple(SOURCES),
    "outcome": (PUBLISHED,),
    "tier": TIERS,
    "verdict": VERDICTS,
    "contradiction": ("yes", "no"),
    "hops": (),
}
LABELS = {
    "source": "Source",
    "outcome": "Published, or why not",
    "tier": "Tier",
    "verdict": "Verdict",
    "contradiction": "Contradicts the graph",
    "hops": "Shortest path, hops",
}
SORTS = {"words": "Words", "support": "Support", "score": "Score"}


def index_of(written: Written, folder: str | None = None) -> dict[str, Any]:
    """Columns of all rows. A facet's ``codes`` are positions in its ``values``; -1 where a row has none.

    ``folder``: where the blocks are files, their folder, as seen from the page.
    """
    facets = [facet for name in ORDER if (facet := _facet(name, written))]
    sorts = {name: [_rounded(getattr(row, name)) for row in written.rows] for name in SORTS}
    return {
        "rowsInBlock": ROWS_IN_BLOCK,
        "rows": len(written.rows),
        "folder": folder,
        "facets": facets,
        "sorts": [
            {"name": name, "label": SORTS[name], "values": values}
            for name, values in sorts.items()
            if any(value is not None for value in values)
        ],
    }


def _facet(name: str, written: Written) -> dict[str, Any] | None:
    values = [getattr(row, name) for row in written.rows]
    there = {value for value in values if value is not None}
    if not there:
        return None
    known = {value: place for place, value in enumerate(ORDER[name])}
    counts = Counter(values)
    order = sorted(there, key=lambda v: (known.get(v, len(known)), v if name == "hops" else -counts[v], str(v)))
    code = {value: number for number, value in enumerate(order)}
    return {
        "name": name,
        "label": LABELS[name],
        "values": [str(value) for value in order],
        "codes": [code.get(value, -1) for value in values],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
