"""``diff``: compare two builds of a dataset: folders, or revisions on the Hub."""

import argparse
from pathlib import Path

from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import positive
from dataset_builder.publishing.diff import SHOWN, UNCHANGED, lines
from dataset_builder.publishing.evidence_diff import comparison
from dataset_builder.publishing.evidence_diff.build_rows import Build
from dataset_builder.publishing.evidence_diff.details import QUESTIONS, expect_writable, write_details
from dataset_builder.publishing.hub.revisions import place_of
from dataset_builder.publishing.verify import read_manifest
from kg.terminal import one_line


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `diff` and its options."""
    for name in ("before", "after"):
        command.add_argument(name, metavar=name.upper(), help="a dataset folder, or ORG/NAME@REVISION on the Hub")
    command.add_argument("--all", action="store_true", help=f"list every row, not only the first {SHOWN} of each kind")
    command.add_argument(
        "--out", type=Path, metavar="FILE.md", help="write question by question which evidence was won, lost, changed"
    )
    command.add_argument(
        "--questions",
        type=positive,
        default=QUESTIONS,
        metavar="N",
        help="of at most N questions, whose rows are then in memory (default: %(default)s)",
    )
    command.set_defaults(command=print_difference)


def print_difference(given: argparse.Namespace) -> int:
    """Print the difference. Exit status as for diff: 0 the rows are the same, 1 they differ."""
    if given.out:
        expect_writable(given.out)
    before, after = place_of(given.before), place_of(given.after)
    same = True
    for line in lines(before, after, None if given.all else SHOWN):
        OUT.print(one_line(line), markup=False)
        same = same and line.startswith(UNCHANGED)
    # only now, since `lines` has refused what is no build of ours
    builds = [Build(place.folder, read_manifest(place.folder)) for place in (before, after)]
    if missing := [place.name for place, build in zip((before, after), builds, strict=True) if not build.has_paths]:
        OUT.print(one_line(f"no evidence to compare: {' and '.join(missing)} without a column paths"), markup=False)
        return 0 if same else 1
    found = comparison.compare(*builds)
    for line in comparison.lines(found):
        OUT.print(one_line(line), markup=False)
    if given.out:
        count = write_details(found, (before.name, after.name), given.out, given.questions)
        OUT.print(
            one_line(f"{count} of {len(found.differing)} questions whose evidence differs: {given.out}"), markup=False
        )
    return 0 if same else 1
