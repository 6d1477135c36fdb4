"""push: a dataset folder as one commit of a Hub dataset, then its tag. What is there before stays whole until the commit is made."""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataset_builder import intermediates
from dataset_builder.card import card
from dataset_builder.funnel import total
from dataset_builder.hub import Change, Repository, is_same
from dataset_builder.hub_failures import HubError, taken
from dataset_builder.model_options import default_store, store_of
from dataset_builder.places import data_file
from dataset_builder.publish import CARD, MANIFEST, write_manifest
from dataset_builder.pushable import PushError, expect_names, pushable
from dataset_builder.raw_data import sha256
from dataset_builder.summary import OUT
from dataset_builder.verify_intermediates import ANSWERS, EVIDENCE


def add_command(commands: Any) -> None:
    """The command line of `push`."""
    command = commands.add_parser("push", help="push a dataset folder to the Hub: one commit, then the tag")
    command.add_argument("folder", type=Path)
    command.add_argument(
        "--repo", required=True, metavar="ORG/NAME", help="the dataset repository; made where it is not there"
    )
    command.add_argument("--tag", metavar="NAME", help="name this revision, such as v1.0; a tag never moves")
    command.add_argument("--branch", default="main", metavar="NAME", help="made where it is not there (default: main)")
    command.add_argument("--private", action="store_true", help="make a new repository private")
    command.add_argument(
        "--allow-dirty", action="store_true", help="push also what was built from a tree with uncommitted changes"
    )
    command.add_argument(
        "--allow-unchecked", action="store_true", help="push also what was not checked against every public benchmark"
    )
    command.add_argument(
        "--with-intermediates",
        action="store_true",
        help="as config `evidence`: mentions, nodes, candidate paths by row id",
    )
    command.add_argument(
        "--with-answers", action="store_true", help="as config `answers`: the models' answers that this build has used"
    )
    command.add_argument(
        "--store", type=Path, metavar="FILE", help=f"the answer store of --with-answers (default: {default_store()})"
    )
    command.set_defaults(command=push_folder)


def push_folder(given: argparse.Namespace) -> int:
    """Push, and print the commit, the tag and the line that loads it."""
    expect_names(given.repo, given.tag, given.branch)
    manifest = pushable(given.folder, allow_dirty=given.allow_dirty, allow_unchecked=given.allow_unchecked)
    repository = Repository(given.repo, given.branch)
    with tempfile.TemporaryDirectory(prefix="push-") as draft:
        more = beside_the_rows(given, manifest, Path(draft))
        manifest, files = staged(given.folder, manifest, more, Path(draft), given.repo, given.tag)
        change = push(repository, files, manifest, tag=given.tag, private=given.private)
    for line in report(repository, change, given.tag):
        OUT.print(line, markup=False)
    return 0


def beside_the_rows(
    given: argparse.Namespace, manifest: Mapping[str, Any], draft: Path
) -> dict[str, tuple[Path, dict[str, Any]]]:
    """The configs that were asked for: their file, and what the manifest says of each. Raises PushError, StoreError."""
    more = {}
    if given.with_intermediates:
        more[EVIDENCE] = intermediates.evidence(given.folder, manifest)
    if given.with_answers:
        file = draft / "answers.parquet"
        more[ANSWERS] = (file, intermediates.answers(given.folder, manifest, store_of(given), file))
    return more


def staged(
    folder: Path,
    manifest: Mapping[str, Any],
    more: Mapping[str, tuple[Path, dict[str, Any]]],
    draft: Path,
    name: str,
    tag: str | None,
) -> tuple[dict[str, Any], dict[str, Path]]:
    """The manifest and the files that are sent, by their names in the repository: those of the folder, the configs that were
    asked for, and a card that names repository and tag. What is new lies in ``draft``."""
    files = {file: folder / file for file in manifest["files"]}
    sums = dict(manifest["files"])
    for config, (file, _) in more.items():
        files[data_file("train", config)], sums[data_file("train", config)] = file, sha256(file)
    said = {config: said for config, (_, said) in more.items()}
    shown = manifest["card"] | {"folder": name}  # where it lay on this disk is nobody's business
    sent = {**manifest, "card": shown, "files": sums, **({"intermediates": said} if said else {})}
    (draft / CARD).write_text(card(files, sent, name=name, tag=tag), encoding="utf-8")
    sums[CARD] = sha256(draft / CARD)
    write_manifest(draft, sent)
    return sent, files | {CARD: draft / CARD, MANIFEST: draft / MANIFEST}


def push(
    repository: Repository, files: Mapping[str, Path], manifest: Mapping[str, Any], *, tag: str | None, private: bool
) -> Change:
    """One commit with exactly these files, and the tag. The same push again changes nothing. Raises HubError, PushError."""
    repository.prepare(private)
    sums = {name: sum_ for name, sum_ in manifest["files"].items() if name != CARD}
    if tag and tag in repository.tags() and (tagged := repository.commit_of(tag)):
        there = repository.files(tagged)
        if there.keys() != files.keys() or not all(
            is_same(p, there[name], sums.get(name)) for name, p in files.items()
        ):
            raise PushError(taken(repository.name, tag, tagged))
        return Change(tagged, 0, 0)
    counts = total(manifest["funnel"])
    title = f"{manifest['pipeline']}: {counts['published']} of {counts['in']} rows{f', {tag}' if tag else ''}"
    change = repository.replace(files, sums, f"{title}\n\ncontent hash {manifest['content_hash']}")
    if tag:
        repository.tag(tag, change.commit)
    return change


def report(repository: Repository, change: Change, tag: str | None) -> list[str]:
    """What a push says at its end."""
    counts = f"{change.written} files written, {change.deleted} deleted"
    done = counts if change.written or change.deleted else "these files were there already, so no commit was made"
    revision = tag or (repository.branch if repository.branch != "main" else None)
    suffix = f", revision={revision!r}" if revision else ""
    return [
        f"commit {change.commit} ({done})",
        *([f"tag {tag}"] if tag else []),
        f"{repository.page}{f'/tree/{revision}' if revision else ''}",
        f"    from datasets import load_dataset; rows = load_dataset({repository.name!r}{suffix})",
    ]


BAD_PUSH = (PushError, HubError)
