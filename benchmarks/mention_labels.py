"""How right dictionary mentions are on PrimeKG's real names: python -m benchmarks.mention_labels sample|report.

`sample` prints 200 mentions, drawn from all that the finder makes in both MedQA files, for a person to read. What the reader
found is in tests/fixtures/mentions/medqa_labels.jsonl, which holds no word of the questions: "right" (this concept exactly),
"part" (the right sense, but part of a longer concept, or a node a little broader or narrower) or "wrong", and whether the
negation flag is right. `report` prints what those labels say, and the finder's speed. Data: $SHARED_DATA, ../shared/data.
"""

import hashlib
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dataset_builder.row import row_id
from dataset_builder.sources.raw_splits import read_split
from dataset_builder.sources.table import SOURCES
from kg.gold import read_names
from kg.mentions import Mention, MentionFinder
from kg.primekg import Nodes

ROOT = Path(__file__).parents[1]
SHARED_DATA = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
LABELS = ROOT / "tests" / "fixtures" / "mentions" / "medqa_labels.jsonl"
SEED, SIZE, CONTEXT = 2026, 200, 100


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


def sample() -> None:
    """Print the mentions to be labelled, each with its key, its context and the names that it is linked to."""
    nodes = read_nodes(SHARED_DATA)
    finder = MentionFinder(nodes)
    flat = [(row, text, mention) for row, text in read_questions(SHARED_DATA) for mention in finder.find(text)]
    print(f"{SIZE} of {len(flat):,} mentions, seed {SEED}")
    for number, (row, text, mention) in enumerate(random.Random(SEED).sample(flat, SIZE), 1):
        before, after = text[max(mention.start - CONTEXT, 0) : mention.start], text[mention.end :][:CONTEXT]
        print(f"\n{number} {' '.join(map(str, mention_key(row, mention, nodes)))}")
        print(f"  {' '.join(f'{before}[[{mention.text}]]{after}'.split())}")
        names = " | ".join(f"{nodes.name[v]} ({nodes.type[v] or 'no type'})" for v in mention.nodes)
        print(f"  {mention.type or 'no type'}{', negated' * mention.negated}: {names}")


def report() -> None:
    """Print precision with Wilson intervals, the share of right negation flags, and the speed.

    The flags are those of the day of labelling: after a change of the negation rules, label anew.
    """
    labels = still_found(read_labels(), SHARED_DATA)
    print(f"{len(labels)} of {len(read_labels())} labelled mentions are still found")
    _print_share("exactly right", [label.label == "right" for label in labels])
    _print_share("right sense", [label.label in ("right", "part") for label in labels])
    _print_share("negation flag right", [label.negation_right for label in labels])
    finder, texts = MentionFinder(read_nodes(SHARED_DATA)), [text for _, text in read_questions(SHARED_DATA)]
    _pass(finder, texts)
    seconds = [_pass(finder, texts) for _ in range(3)]
    speed = len(texts) / statistics.median(seconds)
    print(f"{speed:,.0f} vignettes per second, median of 3 passes over {len(texts):,}")


def _print_share(name: str, hits: Sequence[bool]) -> None:
    """One share with its Wilson 95 % interval."""
    from statsmodels.stats.proportion import proportion_confint  # here: the test needs none of it

    low, high = proportion_confint(sum(hits), len(hits), method="wilson")
    print(f"{name:20} {sum(hits):3}/{len(hits)} = {sum(hits) / len(hits):.1%} (95 % {low:.1%} to {high:.1%})")


def _pass(finder: MentionFinder, texts: Sequence[str]) -> float:
    """Seconds for one pass over all texts."""
    start = time.perf_counter()
    for text in texts:
        finder.find(text)
    return time.perf_counter() - start


def main() -> None:
    """Do what the one argument says."""
    commands = {"sample": sample, "report": report}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: python -m benchmarks.mention_labels {'|'.join(commands)}")
    commands[sys.argv[1]]()


if __name__ == "__main__":
    main()
