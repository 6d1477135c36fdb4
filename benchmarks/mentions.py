"""Speed and number of dictionary mentions on the shared questions: python -m benchmarks.mentions [kg.csv].

Prints, per source found under $SHARED_DATA (default ../shared/data): questions per second, mentions per question, share of
questions without any, share of mentions that are negated. Without an argument the graph is the subset in the shared data.
"""

import gzip
import json
import sys
import time
from pathlib import Path

from kg.contents import Nodes
from kg.linker import Linker
from kg.mentions import MentionFinder
from kg.readers.primekg import read_graph
from tests.support.shared_data import SHARED_DATA


def questions(path: Path) -> list[str]:
    """The question texts of one downloaded split."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["question"] for line in lines]


def report(finder: MentionFinder, name: str, texts: list[str]) -> None:
    """One line about one source; the second pass is timed, when the word caches are warm."""
    found = [finder.find(text) for text in texts]
    start = time.perf_counter()
    for text in texts:
        finder.find(text)
    speed = len(texts) / (time.perf_counter() - start)
    mentions = [mention for row in found for mention in row]
    empty = sum(not row for row in found) / len(found)
    negated = sum(mention.negated for mention in mentions) / max(len(mentions), 1)
    print(f"{name:50} {speed:8,.0f}/s {len(mentions) / len(texts):6.2f} each {empty:6.0%} none {negated:6.1%} negated")


def build(nodes: Nodes) -> MentionFinder:
    """The dictionary and the linker's tables, each timed."""
    start = time.perf_counter()
    finder = MentionFinder(nodes)
    print(f"{len(nodes.name):,} names: dictionary {time.perf_counter() - start:.1f} s", end=", ")
    linker, start = Linker(nodes), time.perf_counter()
    linker.link(["a mention that no table has"])
    print(f"all tables of the linker {time.perf_counter() - start:.1f} s", end=", ")
    start = time.perf_counter()
    linker.link(nodes.name)
    print(f"{len(nodes.name) / (time.perf_counter() - start):,.0f} look-ups/s")
    return finder


def main() -> None:
    """Build once, then one line per source."""
    graph = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA / "primekg" / "kg_subset.csv.gz"
    finder = build(read_graph(graph)[0])
    for path in sorted((SHARED_DATA / "hub").rglob("*.jsonl.gz")):
        report(finder, str(path.parent.relative_to(SHARED_DATA / "hub") / path.name.split(".")[0]), questions(path))


if __name__ == "__main__":
    main()
