"""Folders of runs as lighteval leaves them, made without lighteval."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from dataset_builder.claim_check.reader import ClaimReader
from kg import KG
from lighteval_tasks import scores
from lighteval_tasks.factuality import of_run
from lighteval_tasks.outcomes import read_run

OPTIONS = [
    {"label": label, "text": text} for label, text in zip("ABCD", ("gout", "kuru", "rickets", "scurvy"), strict=True)
]


def item(number: int, text: str, gold: str = "A", **more: Any) -> dict[str, Any]:
    """One row of lighteval's details. ``more``: config, source, tokens (of the output), truncated, failed."""
    name = ":".join(part for part in (more.get("source", "medqa"), more.get("config", ""), f"{number:016x}") if part)
    tokens = more.get("tokens", [5] * max(1, len(text) // 4))
    return {
        "doc": {"specific": {"id": name, "config": more.get("config", ""), "options": OPTIONS, "gold": gold}},
        "model_response": {"text": [text], "output_tokens": [tokens]},
        "metric": {
            "truncated": float(more.get("truncated", False)),
            "failed": float(more.get("failed", False)),
            "output_tokens": float(len(tokens)),
        },
    }


def run(
    folder: Path, rows: Sequence[dict[str, Any]], task: str = "medqa", date: str = "2026-11-25T01-02-03.4"
) -> Path:
    """Write the details of one task of a run."""
    path = folder / "details" / "org" / "model" / date / f"details_medical:{task}|0_{date}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pa.Table.from_pylist(list(rows)), path)
    return folder


def scored(folder: Path, kg: KG, reader: ClaimReader) -> Path:
    """The folder of `run` with scores.json, scores.md and claims.parquet, as `make score KG=…` leaves it."""
    made = {"model": f"org/{folder.name}", "revision": "v1.0", "commit": None, "engine": {"lighteval": "0.13.0"}}
    made |= {"tasks": [scores.summarize(task, None) for task in read_run(folder)]}
    of_run.add_to(made, folder, kg, reader)
    scores.write(folder, made)
    return folder
