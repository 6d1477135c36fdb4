"""What share of a kg_only build's processor time relevance takes: python -m benchmarks.relevance_speed

All MedQA test, MedMCQA validation and PubMedQA questions of $SHARED_DATA, the real subset graph, every stage with its claim reader, nothing cached.
Median of three builds in one process, which has opened graph and parser before.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import datasets

from benchmarks.relevance_cases import GRAPH
from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.pipelines import kg_only
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk, read_questions
from dataset_builder.stages import rank_paths as ranking
from kg import KG
from tests.support.shared_data import SHARED_DATA

SPLITS = {"medqa": "test", "medmcqa": "validation", "pubmedqa_labeled": "train"}


def timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    """The function, which adds its processor seconds to ``spent``."""

    def call(*arguments: Any) -> Any:
        started = time.process_time()
        found = function(*arguments)
        spent.append(time.process_time() - started)
        return found

    return call


def once(kg: KG, rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Processor seconds of all stages, and of these in ``relevance``."""
    spent: list[float] = []
    measured = timed(ranking.relevance, spent), timed(ranking.case_of, spent)
    stages = kg_only(kg, claim_reader("spacy"), seed=0)
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(datasets.config, "HF_DATASETS_CACHE", Path(folder)),
        patch.object(ranking, "relevance", measured[0]),
        patch.object(ranking, "case_of", measured[1]),
    ):
        on = on_disk(rows)
        started = time.process_time()
        run(on, stages)
        return time.process_time() - started, sum(spent)


def main() -> None:
    """Print the medians."""
    kg = KG.load(GRAPH)
    rows, _ = read_questions(list(SPLITS), SPLITS, data_dir=SHARED_DATA / "hub")
    once(kg, rows[:500])
    runs = [once(kg, rows) for _ in range(3)]
    whole, part = (statistics.median(column) for column in zip(*runs, strict=True))
    print(
        f"{len(rows)} questions: stages {whole:.2f} s, relevance {part:.2f} s = {part / whole:.0%} of processor time"
    )


if __name__ == "__main__":
    main()
