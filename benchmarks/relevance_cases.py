"""Real questions with their candidate paths, and the labels that readers gave to some of these paths."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from dataset_builder.pipelines import kg_only
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk, read_questions
from dataset_builder.sources.raw_splits import splits_in
from dataset_builder.stages.search_paths import search_paths
from kg import KG
from tests.support.shared_data import SHARED_DATA

LABELS = Path(__file__).with_name("relevance_labels.jsonl")
GRAPH = SHARED_DATA / "primekg" / "kg_subset.csv.gz"
PUBLIC = SHARED_DATA / "path_relevance" / "labels.tsv"
SOURCES = ("medqa", "medmcqa", "pubmedqa_labeled")
Item = dict[str, Any]


class Label(NamedTuple):
    """A labelled path of a question. ``relevant``: the share of its readers who call it relevant (1 or 2); ``is_relevant``: their mean label is at least 1."""

    question: str
    nodes: tuple[int, ...]
    labels: tuple[int, ...]
    wrong_sense: bool
    part: str  # public, build or held
    drawn_from: str

    @property
    def relevant(self) -> float:
        return sum(label >= 1 for label in self.labels) / len(self.labels)

    @property
    def is_relevant(self) -> bool:
        return sum(self.labels) >= len(self.labels)


def questions() -> dict[str, Item]:
    """Every usable question of the sources by its id, each once."""
    hub = SHARED_DATA / "hub"
    found = (read_questions([n], {n: split}, data_dir=hub)[0] for n, split in splits_in(hub) if n in SOURCES)
    return {row["id"]: row for rows in found for row in rows if row["rejected_because"] is None}


def searched(kg: KG, rows: Iterable[Item]) -> dict[str, Item]:
    """The questions that have candidate paths, with the columns of kg_only's stages up to there; none is called a benchmark's."""
    stages = kg_only(kg, reader=None, seed=0)
    upto = [stage.name for stage in stages].index(search_paths.name) + 1
    done, _ = run(on_disk(list(rows)), stages[:upto])
    return {row["id"]: row for row in done.to_list() if row["rejected_because"] is None}


def read_labels() -> list[Label]:
    """The labels in $SHARED_DATA, and those of benchmarks/relevance_labels.jsonl."""
    lines = csv.DictReader(PUBLIC.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    found = [
        Label(
            line["id"], tuple(map(int, line["nodes"].split())), (int(line["label_a"]), int(line["label_b"])),
            bool(line["wrong_sense"]), "public", line["sampled"],
        )
        for line in lines
    ]  # fmt: skip
    return found + [
        Label(
            row["question_id"], tuple(row["nodes"]), (row["label_first"], row["label_second"]),
            row["w_first"] or row["w_second"], row["part"], row["drawn_from"],
        )
        for row in map(json.loads, LABELS.read_text("utf-8").splitlines())
    ]  # fmt: skip
