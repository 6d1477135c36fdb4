"""``diff``: compare two builds of a dataset: folders, or revisions on the Hub."""

import argparse

from dataset_builder.commands import OUT
from dataset_builder.publishing.diff import SHOWN, UNCHANGED, lines
from dataset_builder.publishing.hub.revisions import place_of
from kg.terminal import one_line


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `diff` and its options."""
    for name in ("before", "after"):
        command.add_argument(name, metavar=name.upper(), help="a dataset folder, or ORG/NAME@REVISION on the Hub")
    command.add_argument("--all", action="store_true", help=f"list every row, not only the first {SHOWN} of each kind")
    command.set_defaults(command=print_difference)


def print_difference(given: argparse.Namespace) -> int:
    """Print the difference. Exit status as for diff: 0 the rows are the same, 1 they differ."""
    before, after = place_of(given.before), place_of(given.after)
    same = True
    for line in lines(before, after, None if given.all else SHOWN):
        OUT.print(one_line(line), markup=False)
        same = same and line.startswith(UNCHANGED)
    return 0 if same else 1
