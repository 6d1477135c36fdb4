"""push: a dataset folder as one commit of a Hub dataset, then its tag.

The old content stays complete until the commit is made.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import UndefinedError

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.publishing import intermediates
from dataset_builder.publishing.card import card
from dataset_builder.publishing.folder import write_manifest
from dataset_builder.publishing.funnel import total
from dataset_builder.publishing.hub.errors import tag_taken
from dataset_builder.publishing.hub.repository import Change, Repository, is_same
from dataset_builder.publishing.layout import CARD, CROISSANT, MANIFEST, data_file
from dataset_builder.publishing.metadata.croissant import croissant
from dataset_builder.publishing.pushable import PushError, expect_names, pushable
from dataset_builder.publishing.verify_intermediates import ANSWERS, EVIDENCE
from dataset_builder.sources.raw_files import sha256


def push_folder(
    folder: Path,
    name: str,
    *,
    tag: str | None = None,
    branch: str = "main",
    private: bool = False,
    allow_dirty: bool = False,
    allow_unchecked: bool = False,
    with_intermediates: bool = False,
    answers: AnswerStore | None = None,
) -> tuple[Repository, Change]:
    """Send a dataset folder to the repository ``name``. ``answers``: a store whose model answers are sent too.

    Raises PushError with every reason why it must not be pushed, FolderError, StoreError, HubError.
    """
    expect_names(name, tag, branch)
    manifest = pushable(folder, allow_dirty=allow_dirty, allow_unchecked=allow_unchecked)
    repository = Repository(name, branch)
    with tempfile.TemporaryDirectory(prefix="push-") as draft:
        more = beside_the_rows(folder, manifest, Path(draft), with_intermediates, answers)
        manifest, files = staged(folder, manifest, more, Path(draft), name, tag)
        return repository, push(repository, files, manifest, tag=tag, private=private)


def beside_the_rows(
    folder: Path, manifest: Mapping[str, Any], draft: Path, with_intermediates: bool, answers: AnswerStore | None
) -> dict[str, tuple[Path, dict[str, Any]]]:
    """The further configs to send: the file of each, and its entry in the manifest. Raises PushError, StoreError."""
    more = {}
    if with_intermediates:
        more[EVIDENCE] = intermediates.evidence(folder, manifest)
    if answers is not None:
        file = draft / "answers.parquet"
        more[ANSWERS] = (file, intermediates.answers(folder, manifest, answers, file))
    return more


def staged(
    folder: Path,
    manifest: Mapping[str, Any],
    more: Mapping[str, tuple[Path, dict[str, Any]]],
    draft: Path,
    name: str,
    tag: str | None,
) -> tuple[dict[str, Any], dict[str, Path]]:
    """The manifest, and the files to send by their names in the repository.

    These are the files of the folder, the further configs, and card and croissant.json with repository and tag. New files are in ``draft``.
    Raises PushError where the manifest lacks what the card shows.
    """
    files = {file: folder / file for file in manifest["files"]}
    sums = dict(manifest["files"])
    for config, (file, _) in more.items():
        files[data_file("train", config)], sums[data_file("train", config)] = file, sha256(file)
    said = {config: said for config, (_, said) in more.items()}
    shown = manifest["card"] | {"folder": name}  # the local path is not published
    there = {"name": name, "tag": tag}
    sent = {**manifest, "card": shown, "repository": there, "files": sums, **({"intermediates": said} if said else {})}
    try:
        (draft / CARD).write_text(card(files, sent, name=name, tag=tag), encoding="utf-8")
    except UndefinedError as why:  # of what a card shows, some is there only for some pipelines
        raise PushError(f"{folder}: {MANIFEST} lacks what its card shows ({why}); build it again") from why
    made = [CARD]
    if CROISSANT in sums:  # a folder of an earlier version has none
        (draft / CROISSANT).write_text(croissant(files, sent), encoding="utf-8")
        made.append(CROISSANT)
    sums |= {one: sha256(draft / one) for one in made}
    write_manifest(draft, sent)
    return sent, files | {one: draft / one for one in (*made, MANIFEST)}


def push(
    repository: Repository, files: Mapping[str, Path], manifest: Mapping[str, Any], *, tag: str | None, private: bool
) -> Change:
    """Make one commit with exactly these files, and the tag. Repeating a push changes nothing.

    Raises HubError, PushError.
    """
    repository.prepare(private)
    sums = {name: sum_ for name, sum_ in manifest["files"].items() if name != CARD}
    if tag and tag in repository.tags() and (tagged := repository.commit_of(tag)):
        there = repository.files(tagged)
        if there.keys() != files.keys() or not all(
            is_same(p, there[name], sums.get(name)) for name, p in files.items()
        ):
            raise PushError(tag_taken(repository.name, tag, tagged))
        return Change(tagged, 0, 0)
    counts = total(manifest["funnel"])
    title = f"{manifest['pipeline']}: {counts['published']} of {counts['in']} rows{f', {tag}' if tag else ''}"
    change = repository.replace(files, sums, f"{title}\n\ncontent hash {manifest['content_hash']}")
    if tag:
        repository.tag(tag, change.commit)
    return change


def describe(repository: Repository, change: Change, tag: str | None) -> list[str]:
    """The lines that a push prints at its end."""
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
