"""The contamination ledger of a folder as a matrix: of how many rows of each source a benchmark asks the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

LEDGER = "contamination"


def ledger_of(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Sources, benchmarks, and per pair of them how many rows match, by rule; None where the folder has no ledger."""
    files = sorted((folder / LEDGER).glob("*.parquet"))
    if not files and LEDGER not in manifest:
        return None
    cells: dict[str, dict[str, dict[str, set[str]]]] = {}
    for file in files:
        for match in pq.read_table(file, columns=["source", "id", "benchmark", "rule"]).to_pylist():
            rules = cells.setdefault(match["source"], {}).setdefault(match["benchmark"], {})
            rules.setdefault(match["rule"], set()).add(match["id"])
    sources = [name for name in manifest["funnel"] if name in cells] + sorted(cells.keys() - manifest["funnel"].keys())
    benchmarks = sorted({name for row in cells.values() for name in row})
    return {
        "sources": sources,
        "benchmarks": benchmarks,
        "cells": {s: {b: _cell(rules) for b, rules in row.items()} for s, row in cells.items()},
        "checked": manifest.get(LEDGER),
    }


def _cell(rules: Mapping[str, set[str]]) -> dict[str, Any]:
    by_rule = ", ".join(f"{len(ids)} by {rule}" for rule, ids in sorted(rules.items()))
    return {"rows": len(set().union(*rules.values())), "by_rule": by_rule}
