"""``review``: draw published rationales, and write a page for each rater who judges them."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import positive
from dataset_builder.publishing.hub.loaded import told, wrong_files
from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.reviews.values import SIDES
from dataset_builder.publishing.schema.data_files import wrong_rows
from dataset_builder.publishing.schema.json_text import MAX_BYTES
from dataset_builder.publishing.verify import read_manifest
from dataset_builder.review.key import NAME, ReviewError, read_key
from dataset_builder.review.page import page_of
from dataset_builder.review.sample import Drawn, draw_cases, unblinded
from dataset_builder.review.study import Study, key_of, plan
from kg.terminal import one_line

Folders = dict[str, tuple[Path, dict[str, Any]]]


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `review` and its options."""
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a dataset folder")
    command.add_argument(
        "--b",
        type=Path,
        metavar="DIR",
        help="a second one: raters compare two texts on each question that both publish",
    )
    command.add_argument(
        "--items", type=positive, default=60, metavar="N", help="questions to draw (default: %(default)s)"
    )
    command.add_argument(
        "--raters",
        type=positive,
        default=3,
        metavar="N",
        help="pages to write, of the same cases in another order (default: %(default)s)",
    )
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of all random draws (default: %(default)s)"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help=f"writes DIR/rater-1.html … and DIR/{NAME}"
    )
    command.set_defaults(command=write_pages)


def write_pages(given: argparse.Namespace) -> int:
    """Write the pages and the key, and print what was drawn. Raises FolderError, ReviewError."""
    places: list[Path] = [given.folder, *([given.b] if given.b else [])]
    expect_outside(given.out, places)
    folders = checked_folders(places)
    drawn = draw_cases(folders, given.items, given.seed)
    hashes = [manifest["content_hash"] for _, manifest in folders.values()]
    study = plan(drawn.cases, hashes, given.raters, given.seed)
    expect_no_other_study(given.out, study)
    key = json.dumps(key_of(study, folders, given.seed), indent=1, ensure_ascii=False) + "\n"
    if (size := len(key.encode())) > MAX_BYTES:
        raise ReviewError(
            f"the key of {len(drawn.cases)} cases and {given.raters} raters has {size:,} bytes; expected at most {MAX_BYTES:,}: "
            "ask for fewer --items or --raters (make: N=, RATERS=)"
        )
    given.out.mkdir(parents=True, exist_ok=True)
    _write(given.out / NAME, key)  # first: pages without their key are worth nothing
    for rater, placed in study.raters.items():
        _write(given.out / f"{rater}.html", page_of(study.id, rater, placed))
    _print(given, drawn, study, folders)
    return 0


def checked_folders(places: list[Path]) -> Folders:
    """The folders by side, with their manifests. Raises FolderError where one does not match its manifest, is a part, or is given twice."""
    if len(places) > 1 and places[0].resolve() == places[1].resolve():
        raise FolderError(
            f"found {places[0]} twice; expected two folders to compare: give another one (make: FOLDER=, B=)"
        )
    folders: Folders = {}
    for side, folder in zip(SIDES, places, strict=False):
        manifest = read_manifest(folder)
        if wrong := wrong_files(folder, manifest) or wrong_rows(folder, manifest):
            raise FolderError(told(folder, wrong))
        if shard := manifest.get("shard"):
            raise FolderError(
                f"{folder} is part {shard['part']} of {shard['of']} of a build; merge all parts (make merge), and review the merged folder"
            )
        folders[side] = (folder, manifest)
    return folders


def expect_outside(out: Path, places: list[Path]) -> None:
    """Raise ReviewError where the pages and the key would be among the files of a dataset, which would be pushed, or refused."""
    for place in places:
        if out.resolve().is_relative_to(place.resolve()):
            raise ReviewError(
                f"--out {out} is in the dataset folder {place}; expected a folder outside of it: choose another one (make: OUT=)"
            )


def expect_no_other_study(out: Path, study: Study) -> None:
    """Raise ReviewError where the folder has a key that would be lost, or pages that no key belongs to any more."""
    if not (out / NAME).exists():
        return
    key = read_key(out / NAME)
    advice = "choose another --out (make: OUT=), or delete it if no rater has a page of it"
    if key.study != study.id:
        raise ReviewError(
            f"{out} has the key of another study ({key.study}, this is {study.id}), and raters' files cannot be read without it; {advice}"
        )
    if len(key.raters) > len(study.raters):
        raise ReviewError(
            f"{out} has this study with {len(key.raters)} raters, and this call asks for {len(study.raters)}; ask for as many or more, or {advice}"
        )


def _write(file: Path, text: str) -> None:
    """Write a file that appears complete, or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def strata_table(drawn: Drawn) -> Table:
    """How many questions each stratum has, and how many of them are in the sample."""
    table = Table(title="questions that can be judged, and drawn ones")
    table.add_column("stratum")
    for name in ("questions", "drawn"):
        table.add_column(name, justify="right")
    for stratum, (there, taken) in drawn.strata.items():
        table.add_row("; ".join(stratum), f"{there:,}", f"{taken:,}")
    return table


def _print(given: argparse.Namespace, drawn: Drawn, study: Study, folders: Mapping[str, Any]) -> None:
    OUT.print(strata_table(drawn), markup=False)
    texts = [text for case in drawn.cases for text in case.texts]
    lines = [f"{count:,} questions {reason}: not drawn" for reason, count in drawn.left_out.items()]
    if named := unblinded(drawn.cases, [manifest for _, manifest in folders.values()]):
        lines.append(
            f"NOT BLIND: {len(named)} texts name a model or pipeline of these folders, such as {named[0]}: raters can tell where they are from"
        )
    if len(drawn.cases) < given.items:
        lines.append(f"{given.items} questions were asked for, and there are only {len(drawn.cases)}: all were taken")
    pages = ", ".join(str(given.out / f"{rater}.html") for rater in study.raters)
    second = f" B={folders['b'][0]}" if "b" in folders else ""
    lines += [
        f"Study {study.id}: {len(drawn.cases)} cases, {len(texts)} texts, {len(study.raters)} raters, seed {given.seed}",
        f"For the raters, one each: {pages}. A page needs no network and no other file.",
        f"NOT for the raters: {given.out / NAME} says which text is from which folder. Keep it: their files cannot be imported without it.",
        "The pages contain questions and texts: the licenses of their sources apply to the pages too.",
        f"When files come back: make review-import FOLDER={folders['a'][0]}{second} STUDY={given.out / NAME} FILES='rater-1.jsonl …'",
    ]
    for line in lines:
        OUT.print(one_line(line), markup=False)
