"""The funnel: per source, how many questions went in, were published, and were rejected for each reason."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from dataset_builder.sources.table import SOURCES

Counts = dict[str, int]  # "in", "published", then reason codes, most frequent first


def funnel(rows: Iterable[Mapping[str, Any]]) -> dict[str, Counts]:
    """The counts of every source, in the order of SOURCES; a source that is no longer in SOURCES comes last."""
    reasons: dict[str, Counter[str]] = {}
    for row in rows:
        reasons.setdefault(row["source"], Counter())[row["rejected_because"] or "published"] += 1
    order = {name: number for number, name in enumerate(SOURCES)}
    return {
        name: _counts(reasons[name]) for name in sorted(reasons, key=lambda name: (order.get(name, len(order)), name))
    }


def total(table: Mapping[str, Mapping[str, int]]) -> Counts:
    """The counts of all sources together."""
    summed = Counter[str]()
    for counts in table.values():
        summed.update({key: number for key, number in counts.items() if key != "in"})
    return _counts(summed)


def reasons_of(counts: Mapping[str, int]) -> Counts:
    """The counts of the rejected rows alone."""
    return {key: number for key, number in counts.items() if key not in ("in", "published")}


def flag_counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Per source and code of a flag, the published rows that have it (stages/check_style.py)."""
    table: dict[str, Counter[str]] = {}
    for row in rows:
        if row["rejected_because"] is None and row.get("flags"):
            codes = {re.sub(r"^#\d+ ", "", flag).partition(":")[0] for flag in row["flags"]}
            table.setdefault(row["source"], Counter()).update(codes)
    return {source: dict(sorted(counter.items())) for source, counter in sorted(table.items())}


def _counts(reasons: Counter[str]) -> Counts:
    published = reasons.pop("published", 0)
    rejected = dict(sorted(reasons.items(), key=lambda reason: (-reason[1], reason[0])))
    return {"in": published + sum(rejected.values()), "published": published, **rejected}
