"""The reasons why a folder must not be pushed, each with what was found and what to do."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dataset_builder.contamination.check import unchecked
from dataset_builder.publishing.hub.loaded import told, wrong_files
from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.schema.data_files import wrong_rows
from dataset_builder.publishing.verified import is_remembered, remember
from dataset_builder.publishing.verify import read_manifest, wrong_content
from dataset_builder.sources.table import SOURCES, UNPINNED

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
REFERENCE = re.compile(r"(?!.*(\.\.|//))[A-Za-z0-9][\w./+-]*(?<![./])")


class PushError(ValueError):
    """A push that was refused or failed; the message says what was found, and what to do.

    The Hub is as it was before.
    """


def expect_names(repository: str, tag: str | None, branch: str) -> None:
    """Raise PushError for an invalid name of a repository, tag or branch."""
    if not REPOSITORY.fullmatch(repository):
        raise PushError(f"--repo {repository!r}: expected ORGANISATION/NAME, such as org/medreason")
    for option, name in (("--tag", tag), ("--branch", branch)):
        if name is not None and (not REFERENCE.fullmatch(name) or re.fullmatch("[0-9a-f]{7,40}", name)):
            raise PushError(f"{option} {name!r}: expected a name such as v1.0 that cannot be a commit hash")
    if tag == branch:
        raise PushError(
            f"--tag {tag!r} is also the name of the branch, and would mean two revisions; choose another --tag"
        )


def pushable(folder: Path, *, allow_dirty: bool = False, allow_unchecked: bool = False) -> dict[str, Any]:
    """The manifest of a folder that may be pushed. Raises PushError with every reason why it must not be."""
    manifest = read_manifest(folder)
    if missing := [name for name in ("card", "flags") if name not in manifest]:
        raise FolderError(
            f"{folder} was built by an earlier version, whose manifest has no {' and no '.join(missing)}; build it again"
        )
    if reasons := list(reasons_against(manifest, allow_dirty, allow_unchecked)):
        raise PushError(f"{folder} must not be pushed:\n" + "\n".join(f"- {reason}" for reason in reasons))
    if wrong := wrong_in(folder, manifest):
        raise PushError(told(folder, wrong))
    return manifest


def wrong_in(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """What does not match the manifest: files, or else rows."""
    return wrong_files(folder, manifest) or _wrong_rows(folder, manifest)


def _wrong_rows(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """The errors in the rows. Their files match the manifest, so an earlier result is still valid."""
    if is_remembered(folder):
        return []
    if not (wrong := wrong_rows(folder, manifest) or wrong_content(folder, manifest)):
        remember(folder)
    return wrong


def reasons_against(manifest: Mapping[str, Any], allow_dirty: bool, allow_unchecked: bool = False) -> Iterator[str]:
    """Why a folder with this manifest must not be pushed; nothing where it may."""
    if shard := manifest.get("shard"):
        yield f"it is part {shard['part']} of {shard['of']} of a build: merge all parts (make merge), and push the merged folder"
    if manifest["trial"]:
        splits = ", ".join(
            f"{origin['source']}: {origin['split']}" for origin in manifest["origins"] if origin["trial"]
        )
        yield f"it is a trial: it contains rows of an evaluation split ({splits}), which must never be training data"
    for origin in manifest["origins"]:
        name = origin["source"]
        if not origin["may_be_pushed"] or (name in SOURCES and not SOURCES[name].may_be_pushed):
            yield f"rows of {name} must not be republished ({origin['terms'] or 'its record says so'}); build without this source"
        if not origin.get("pinned", True):
            yield (
                f"the source {name} is {UNPINNED}: a rebuild would read other rows. Add revision={origin['revision']!r} to "
                "its record in dataset_builder/sources/table.py, and build again"
            )
    if manifest["inputs"].get("embedder", {}).get("revision") == UNPINNED:
        embedder = manifest["inputs"]["embedder"]
        yield f"the embedder {embedder['model']} is {UNPINNED}; give it as {embedder['model']}@REVISION, and build again"
    if not allow_unchecked and (names := unchecked(manifest)):
        yield (
            f"it was not checked against {', '.join(names)}, which are public: build again with access to them (--data-dir, or the "
            "Hub), or push with --allow-unchecked"
        )
    if not (manifest["rows"].get("train")):
        yield "it has no published row"
    yield from _unclean(manifest["run"].get("git", {"commit": None}), allow_dirty)


def _unclean(git: Mapping[str, Any], allow_dirty: bool) -> Iterator[str]:
    if allow_dirty:
        return
    if git["commit"] is None:
        yield "it was built outside of a git checkout, so its code cannot be found; --allow-dirty pushes it anyway"
    elif not git["clean"]:
        yield (
            f"it was built from a tree with uncommitted changes (on top of {git['commit'][:12]}): commit them and "
            "build again, or push it anyway with --allow-dirty"
        )
