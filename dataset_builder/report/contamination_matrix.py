"""The contamination ledger of a folder as a matrix: how many rows of each source a benchmark also asks."""

from collections.abc import Mapping
from typing import Any


def matrix_of(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Sources, checked benchmarks with a cell per source, and unchecked ones by reason.

    None where the manifest has no check. A cell: rows of the source, and pairs by rule in words; 0 rows where there is
    no match.
    """
    if (facts := manifest.get("contamination")) is None:
        return None
    sources = list(manifest["funnel"])
    matches = facts.get("matches", {})
    rows = {
        name: {"questions": about.get("rows"), "cells": [_cell(matches, source, name) for source in sources]}
        for name, about in facts["checked"].items()
    }
    unread: dict[str, list[str]] = {}
    for name, about in facts["not_checked"].items():
        unread.setdefault(about["why"], []).append(name)
    how = "stricter rules" if facts["strict"] else "default rules"
    how += f", embedder {facts['embedder']}" if facts["embedder"] != "none" else ", no embedder"
    return {"sources": sources, "benchmarks": rows, "unread": unread, "how": how}


def _cell(matches: Mapping[str, Mapping[str, Any]], source: str, benchmark: str) -> dict[str, Any]:
    found = matches.get(source, {}).get(benchmark)
    if found is None:
        return {"rows": 0, "rules": ""}
    return {"rows": found["rows"], "rules": ", ".join(f"{number} {rule}" for rule, number in found["rules"].items())}
