"""``review-import``: check the files of a study's raters, and add them to the folder as the config `reviews`."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from dataset_builder.commands import OUT
from dataset_builder.publishing.reviews.carry import beside
from dataset_builder.publishing.reviews.values import SIDES
from dataset_builder.review.imports import Import, expect_nothing_lost, import_of, write
from dataset_builder.review.key import Key, ReviewError, read_key
from dataset_builder.review.records import RaterFile, read_files
from kg.terminal import one_line

SHOWN = 10  # items in a line


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `review-import` and its options."""
    command.add_argument("folder", type=Path, metavar="FOLDER", help="the dataset folder of the study")
    command.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="what raters exported, a file each; others can follow later",
    )
    command.add_argument("--b", type=Path, metavar="DIR", help="the second folder, where the study compares two")
    command.add_argument("--study", type=Path, required=True, metavar="FILE", help="key.json, which `review` wrote")
    command.add_argument(
        "--replace", action="store_true", help="let these files change or take back answers that were imported before"
    )
    command.set_defaults(command=import_files)


def import_files(given: argparse.Namespace) -> int:
    """Import the files and print what came. Nothing is written where anything is wrong. Raises FolderError, ReviewError."""
    key = read_key(given.study)
    places: list[Path] = [given.folder, *([given.b] if given.b else [])]
    folders = dict(zip(SIDES, places, strict=False))
    if folders.keys() != key.folders.keys():
        names = " and ".join(one.folder for one in key.folders.values())
        raise ReviewError(
            f"found {len(folders)} folders; expected {len(key.folders)}, as the study was made from {names}: "
            f"{'give the second one too, by --b (make: B=)' if len(folders) == 1 else 'leave --b out (make: B=)'}"
        )
    files = read_files(given.files, key)
    imports = [import_of(side, folder, files, key, given.replace) for side, folder in folders.items()]
    expect_nothing_lost(imports, given.replace)
    for line in [*_lines_of_files(files, key), *(line for one in imports for line in _written(one))]:
        OUT.print(one_line(line), markup=False)
    OUT.print(
        "Comments, specialty and years of practice are now part of the dataset: read the comments before a push.",
        markup=False,
    )
    return 0


def _lines_of_files(files: Sequence[RaterFile], key: Key) -> Iterator[str]:
    """Per rater: how many cases are complete, and which are not."""
    for file in files:
        items = len(key.raters[file.rater])
        records = file.records.values()
        complete = sum(record.open == 0 for record in records)
        judged = sum(record.cannot_judge for record in records)
        yield f"{file.rater}: {complete} of {items} cases complete{f', {judged} of them marked as “cannot judge”' if judged else ''} ({file.path})"
        if partly := [one.item for one in records if one.open and one.is_touched]:
            yield f"  incomplete, imported as they are: {_numbers(partly)}"
        if untouched := [one.item for one in records if not one.is_touched]:
            yield f"  without any answer, so missing: {_numbers(untouched)}"
        if file.missing:
            yield f"  no line in the file, so missing: {_numbers(file.missing)}. A page exports a line for each case: was the file cut?"
    if waiting := [rater for rater in key.raters if rater not in {file.rater for file in files}]:
        yield f"not among these files: {', '.join(waiting)}. They can be imported later."


def _numbers(items: Sequence[int]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return f"{len(items)} ({', '.join(map(str, sorted(items)[:SHOWN]))}{more})"


def _written(one: Import) -> Iterator[str]:
    """Write what changes in a folder, and say it."""
    if not write(one):
        yield f"{one.folder}: nothing new; it has {len(one.found.rows)} reviews"
        return
    if one.is_damaged:
        yield f"{one.folder}: the reviews that it had did not match its manifest, and are in {beside(one.folder)}"
    found = one.found
    parts = [(len(found.added), "new"), (len(found.filled), "with more answers"), (len(found.changed), "replaced")]
    yield (
        f"{one.folder}: {', '.join(f'{count} {what}' for count, what in parts if count) or 'none new'}; it has {len(found.rows)} reviews. "
        f"To load them: load_dataset('{one.folder}', 'reviews')"
    )
