"""``count``: count the questions in the sources' files."""

import argparse
from pathlib import Path

from dataset_builder.commands import OUT
from dataset_builder.sources.questions import count_questions


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `count` and its options."""
    command.add_argument("data_dir", type=Path, metavar="DIR", help="as --data-dir of build")
    command.set_defaults(command=print_counts)


def print_counts(given: argparse.Namespace) -> int:
    """Print the counts of every split that has a file in this folder."""
    OUT.print(count_questions(given.data_dir), markup=False)
    return 0
