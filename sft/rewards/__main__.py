"""What attacks on the rewards earn, on the rows of a dataset folder: python -m sft.rewards build/kg_only [--kg FILE] [--rows 100]."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from datasets import load_dataset

from kg import KG
from kg.contents import GraphError
from kg.options import GRAPH, add_min_edge_score
from kg.terminal import protect
from sft.rewards import attacks
from sft.rewards.texts import text_of


def main(argv: Sequence[str]) -> int:
    """Print the table for the rows of a dataset folder. Returns 1 where an attack pays on average, 0.1 more than a plain wrong answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kg", help=f"the graph of the build: claims and paths are rewarded too; {GRAPH}")
    add_min_edge_score(parser)
    parser.add_argument("--rows", type=int, default=100)
    given = parser.parse_args(argv)
    if not (given.folder / "rl").is_dir():
        parser.error(f"{given.folder} has no config rl; expected a dataset folder: make dataset OUT={given.folder}")
    try:
        kg = KG.load(given.kg, min_edge_score=given.min_edge_score) if given.kg else None
    except GraphError as why:
        parser.error(str(why))
    rows: Any = load_dataset(str(given.folder), "rl", split="train")
    chosen = [row for row in rows if row["answer_label"] is not None][: given.rows]
    written: Any = load_dataset(str(given.folder), split="train")
    good = {row["id"]: text_of(row["completion"]) for row in written if "completion" in written.column_names}
    found = attacks.table(chosen, kg, good)
    print(f"| {len(chosen)} rows of {given.folder} | mean reward | highest |\n|---|---:|---:|")
    for name, rewards in found.items():
        if rewards:
            print(f"| {name} | {fmean(rewards):.2f} | {max(rewards):.2f} |")
    plain = fmean(found.pop("a plain wrong answer"))
    found.pop("a good answer")
    return int(any(fmean(rewards) > plain + 0.1 for rewards in found.values() if rewards))


if __name__ == "__main__":
    protect()
    sys.exit(main(sys.argv[1:]))
