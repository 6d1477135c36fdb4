"""``count``: count the questions in the sources' files."""

import argparse
from pathlib import Path
from typing import Any

from dataset_builder.commands import OUT
from dataset_builder.sources.questions import count_questions


def add_command(commands: Any) -> None:
    """Add the command `count` and its options."""
    command = commands.add_parser(
        "count", help="count the questions in each source's files, by answer type and reason code"
    )
    command.add_argument("data_dir", type=Path, metavar="DIR", help="as --data-dir of build")
    command.set_defaults(command=print_counts)


def print_counts(given: argparse.Namespace) -> int:
    """Print the counts of every split that has a file in this folder."""
    OUT.print(count_questions(given.data_dir), markup=False)
    return 0
