"""``push``: send a dataset folder to the Hub as one commit, then tag it."""

import argparse
from pathlib import Path

from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import default_store, store_of
from dataset_builder.publishing.push import describe, push_folder


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `push` and its options."""
    command.add_argument("folder", type=Path)
    command.add_argument(
        "--repo", required=True, metavar="ORG/NAME", help="the dataset repository; created if it does not exist"
    )
    command.add_argument(
        "--tag", metavar="NAME", help="tag of this revision, such as v1.0; an existing tag is never moved"
    )
    command.add_argument(
        "--branch", default="main", metavar="NAME", help="the branch; created if it does not exist (default: main)"
    )
    command.add_argument("--private", action="store_true", help="make a new repository private")
    command.add_argument(
        "--allow-dirty", action="store_true", help="push even a folder that was built with uncommitted changes"
    )
    command.add_argument(
        "--allow-unchecked",
        action="store_true",
        help="push even a folder that was not checked against every public benchmark",
    )
    command.add_argument(
        "--with-intermediates",
        action="store_true",
        help="also push mentions, nodes and candidate paths by row id, as config `evidence`",
    )
    command.add_argument(
        "--with-answers",
        action="store_true",
        help="also push the models' answers that this build has used, as config `answers`",
    )
    command.add_argument(
        "--store", type=Path, metavar="FILE", help=f"the answer store of --with-answers (default: {default_store()})"
    )
    command.set_defaults(command=push)


def push(given: argparse.Namespace) -> int:
    """Push the folder, and print the commit, the tag and the line that loads it."""
    repository, change = push_folder(
        given.folder,
        given.repo,
        tag=given.tag,
        branch=given.branch,
        private=given.private,
        allow_dirty=given.allow_dirty,
        allow_unchecked=given.allow_unchecked,
        with_intermediates=given.with_intermediates,
        answers=store_of(given) if given.with_answers else None,
    )
    for line in describe(repository, change, given.tag):
        OUT.print(line, markup=False)
    return 0
