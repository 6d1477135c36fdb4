"""``build``: the options of a build. A build that would change nothing is recognised before anything slow is imported."""

import argparse
import gc
import json
from pathlib import Path

from dataset_builder.commands import OUT
from dataset_builder.commands.input_options import add_input
from dataset_builder.commands.model_options import default_store, positive
from dataset_builder.commands.summary import closing_lines, questions_table
from dataset_builder.publishing.layout import MANIFEST
from dataset_builder.publishing.shards.part import Shard, shard
from dataset_builder.publishing.unchanged import Note, unchanged


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `build` and its options."""
    add_input(command)
    command.add_argument(
        "--shard",
        type=part,
        metavar="K/N",
        help="build only part K of N: the questions whose ids hash to it; `merge` makes one folder of all parts",
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="the dataset folder (default: build/PIPELINE, of a part build/PIPELINE.K-of-N)",
    )
    command.add_argument(
        "--num-proc",
        type=positive,
        metavar="N",
        help="worker processes (default: 1; with --ray: one per CPU of the cluster)",
    )
    command.add_argument(
        "--ray",
        metavar="local|HOST:PORT",
        help="apply the stages on a Ray cluster: one of this machine's own, or the one at this address (docs/ray.md)",
    )
    command.set_defaults(command=build)


def build(given: argparse.Namespace) -> int:
    """Build a dataset folder and print what happened to every question; or print that nothing has changed."""
    folder = given.out or _default_folder(given)
    if note := unchanged(folder, vars(given), given.store or default_store()):
        _print_unchanged(folder, note)
        return 0
    from dataset_builder.commands.build_folder import build_folder  # `datasets` takes longer to import than all above

    gc.freeze()  # imported modules last as long as the process: no collection need look through them
    try:
        build_folder(folder, given)
    finally:
        gc.unfreeze()
    return 0


def part(text: str) -> Shard:
    """The argument of --shard. Raises ArgumentTypeError."""
    try:
        return shard(text)
    except ValueError as why:
        raise argparse.ArgumentTypeError(str(why)) from why


def _default_folder(given: argparse.Namespace) -> Path:
    suffix = f".{given.shard.part}-of-{given.shard.of}" if given.shard else ""
    return Path("build") / f"{given.pipeline}{suffix}"


def _print_unchanged(folder: Path, note: Note) -> None:
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    OUT.print(
        f"Nothing has changed since {folder} was built ({manifest['run']['started']}): options, code, packages, commit and files are the "
        "same. To build it again, delete it.",
        markup=False,
    )
    OUT.print(questions_table(manifest["funnel"]))
    for line in [*closing_lines(manifest, folder), *note["lines"]]:
        OUT.print(line, markup=False)
