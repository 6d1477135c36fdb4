"""Labels that a person gave to dictionary mentions in both MedQA files, and which of these mentions are still found.

tests/fixtures/mentions/medqa_labels.jsonl contains no word of the questions. Its labels: "right" (this concept exactly), "part" (the
right sense, but part of a longer concept, or a node a little broader or narrower) or "wrong", and whether the negation flag is right.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dataset_builder.row import row_id
from dataset_builder.sources.raw_splits import read_split
from dataset_builder.sources.table import SOURCES
from kg.contents import Nodes
from kg.gold import read_names
from kg.mentions import Mention, MentionFinder

LABELS = Path(__file__).parents[1] / "fixtures" / "mentions" / "medqa_labels.jsonl"


class Key(NamedTuple):
    """What identifies a labelled mention: the question, the span and the first node's hashed name."""

    id: str
    start: int
    end: int
    node: str


class Label(NamedTuple):
    """A reader's judgement of one mention."""

    key: Key
    label: str
    negation_right: bool


def read_nodes(shared_data: Path) -> Nodes:
    """The real names as nodes; a node's index is its row, and its type is empty where it is not known."""
    return read_names(shared_data / "primekg" / "names.tsv.gz")


def read_questions(shared_data: Path) -> list[tuple[str, str]]:
    """Row id and text of every question in the two MedQA files, train before test."""
    to_row = SOURCES["medqa"].to_row
    rows = [
        to_row(raw.values)
        for split in ("train", "test")
        for raw in read_split("medqa", split, shared_data / "hub").rows
    ]
    return [(row_id("medqa", None, row), row["question"]) for row in rows]


def read_labels(path: Path = LABELS) -> list[Label]:
    """The reader's judgements."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Label(key_of(row), row["label"], row["negation_right"]) for row in rows]


def key_of(row: dict) -> Key:
    """The part of a label row that says which mention it is about."""
    return Key(row["id"], row["start"], row["end"], row["node"])


def mention_key(row: str, mention: Mention, nodes: Nodes) -> Key:
    """The same of a mention; a name is hashed, so that neither names nor the graph's numbers stand in the labels."""
    name = nodes.name[mention.nodes[0]]
    return Key(row, mention.start, mention.end, hashlib.sha256(name.encode()).hexdigest()[:8])


def still_found(labels: Sequence[Label], shared_data: Path) -> list[Label]:
    """The labels whose mention the finder of today still makes: same question, same span, same first node."""
    nodes = read_nodes(shared_data)
    finder = MentionFinder(nodes)
    labelled = {label.key.id for label in labels}
    questions = [(row, text) for row, text in read_questions(shared_data) if row in labelled]
    found = {mention_key(row, mention, nodes) for row, text in questions for mention in finder.find(text)}
    return [label for label in labels if label.key in found]
