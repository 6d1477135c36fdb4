"""Readers of the development machine's shared data: model outputs with labels, sets of real questions.

$SHARED_DATA names the folder, by default ../shared/data beside this checkout.
"""

import gzip
import json
import os
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHARED_DATA = Path(os.environ.get("SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
Row = tuple[str, dict[str, str], str, str | None]
SETS = {
    "medqa_train": ("medqa", "train"),
    "medqa_test": ("medqa", "test"),
    "medmcqa_val": ("medmcqa", "validation"),
    "mmlu_med6": ("mmlu_medical", "test"),
    "mmlu_pro": ("mmlu_pro_health", "test"),
    "mmlu_pro_biology": ("mmlu_pro_biology", "test"),
    "medxpertqa": ("medxpertqa", "test"),
    "medbullets": ("medbullets_op5", "test"),
    "pubmedqa": ("pubmedqa_labeled", "test"),
}


def gold(folder: Path) -> list[tuple[str, dict[str, str], str | None]]:
    """The labelled outputs: text, options, the label that it commits to or None."""
    lines = (folder / "model_outputs" / "extraction_gold_public.jsonl").read_text("utf-8").splitlines()
    return [(row["output"], row["options"], row["gold_choice"]) for row in map(json.loads, lines)]


def outputs(folder: Path) -> dict[str, list[Row]]:
    """Per file of model outputs: text, options, right answer, and what the benchmark's own rule read (None: nothing, or not said)."""
    return {name: [output_of(raw) for raw in rows] for name, rows in raw_outputs(folder)}


def raw_outputs(folder: Path, pattern: str = "*") -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Per file of model outputs whose name fits, its rows as they are."""
    for path in sorted((folder / "model_outputs").glob(f"{pattern}.jsonl.gz")):
        yield path.name.removesuffix(".jsonl.gz"), list(lines_of(path))


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a compressed JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def output_of(raw: dict[str, Any]) -> Row:
    """Text, options, right answer and what the benchmark's own rule read, of a row as it is."""
    text, options = raw.get("output", raw.get("model_outputs")), raw["options"]
    if isinstance(options, list):
        options = dict(zip(string.ascii_uppercase, options, strict=False))
    return text or "", options, raw["gold"] if "gold" in raw else raw["answer"], raw.get("pred")


def read_sets(folder: Path = SHARED_DATA) -> dict[str, list[dict[str, Any]]]:
    """Every real set of questions by the name that dup_pairs.tsv gives it."""
    from dataset_builder.sources.questions import (
        read_questions,  # here: `datasets` is large, and not every benchmark needs it
    )

    hub = folder / "hub"
    return {
        name: list(read_questions([source], {source: split}, data_dir=hub)[0])
        for name, (source, split) in SETS.items()
    }


def read_pairs(folder: Path = SHARED_DATA) -> list[tuple[str, int, str, int, str]]:
    """The labelled pairs: set, row, set, row, label."""
    lines = (folder / "contamination" / "dup_pairs.tsv").read_text("utf-8").splitlines()[1:]
    return [(a, int(i), b, int(j), label) for a, i, b, j, *_, label in (line.split("\t") for line in lines)]
