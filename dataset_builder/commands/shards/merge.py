"""``merge``: make one dataset folder of all parts of a build."""

import argparse
from pathlib import Path

from dataset_builder.commands import OUT
from dataset_builder.commands.summary import closing_lines, questions_table
from dataset_builder.publishing.reviews.carry import carried_lines, number_of_reviews
from dataset_builder.publishing.shards.merge import merge


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `merge` and its options."""
    command.add_argument(
        "parts", nargs="+", type=Path, metavar="PART", help="the folders of all parts, as `build --shard` wrote them"
    )
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the merged dataset folder")
    command.set_defaults(command=merge_parts)


def merge_parts(given: argparse.Namespace) -> int:
    """Merge the parts, and print what happened to every question."""
    reviews = number_of_reviews(given.out)
    manifest, notes = merge(given.parts, given.out)
    OUT.print(questions_table(manifest["funnel"]))
    for line in [
        f"merged {len(given.parts)} parts",
        *closing_lines(manifest, given.out),
        *carried_lines(given.out, reviews, manifest),
        *notes,
    ]:
        OUT.print(line, markup=False)
    return 0
