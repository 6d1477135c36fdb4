"""``count``: what the files of the sources hold."""

import argparse
from pathlib import Path
from typing import Any

from dataset_builder.commands import OUT
from dataset_builder.sources.questions import count_questions


def add_command(commands: Any) -> None:
    """The command line of `count`."""
    command = commands.add_parser("count", help="count what each source's files hold, by answer type and reason")
    command.add_argument("data_dir", type=Path, metavar="DIR", help="as --data-dir of build")
    command.set_defaults(command=print_counts)


def print_counts(given: argparse.Namespace) -> int:
    """What every split that has a file in this folder holds."""
    OUT.print(count_questions(given.data_dir), markup=False)
    return 0
