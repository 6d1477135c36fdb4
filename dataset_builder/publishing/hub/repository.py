"""A dataset repository on the Hub: its content, one commit, one tag."""

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import (
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from dataset_builder.publishing.hub.errors import FAILURES, HubError, explain, is_passing, is_status, tag_taken
from dataset_builder.publishing.layout import CARD, MANIFEST
from dataset_builder.publishing.schema.json_text import parse_json

T = TypeVar("T")
TYPE = "dataset"
ATTEMPTS = 10  # to make a commit; up to 8 s between two
HUB_FILES = (".gitattributes",)  # the Hub writes this one itself


@dataclass(frozen=True)
class Change:
    """The result of a push: the commit, and how many files it wrote and deleted (0 and 0: nothing was new)."""

    commit: str
    written: int
    deleted: int


class Repository:
    """A dataset repository and one of its branches. Every method raises HubError where the Hub refuses."""

    def __init__(self, name: str, branch: str = "main") -> None:
        self.name, self.branch, self.api = name, branch, HfApi()

    @property
    def page(self) -> str:
        """The URL of its page."""
        return f"{self.api.endpoint}/datasets/{self.name}"

    def prepare(self, private: bool) -> None:
        """Create the repository and the branch where they do not exist."""
        if get_token() is None:
            raise HubError(
                f"no token for {self.api.endpoint}: expected one with write access, in HF_TOKEN or by `hf auth login`"
            )
        try:
            found = self._ask(lambda: self.api.repo_info(self.name, repo_type=TYPE), missing=True)
        except RepositoryNotFoundError:
            self._ask(lambda: self.api.create_repo(self.name, repo_type=TYPE, private=private, exist_ok=True))
        else:
            if private and not found.private:
                raise HubError(
                    f"{self.name} exists and is public, which contradicts --private; make it private at {self.page}/settings first"
                )
        if self.branch != "main":
            self._ask(lambda: self.api.create_branch(self.name, branch=self.branch, repo_type=TYPE, exist_ok=True))

    def commit_of(self, revision: str) -> str | None:
        """The commit of a branch, tag or commit; None where there is none with this name."""
        try:
            found = self._ask(lambda: self.api.repo_info(self.name, revision=revision, repo_type=TYPE), missing=True)
        except RepositoryNotFoundError as why:
            raise HubError(explain(why, self.name)) from why
        except RevisionNotFoundError:
            return None
        return found.sha

    def tags(self) -> dict[str, str]:
        """Every tag, and the commit or annotation to which it points."""
        found = self._ask(lambda: self.api.list_repo_refs(self.name, repo_type=TYPE))
        return {tag.name: tag.target_commit for tag in found.tags}

    def files(self, commit: str) -> dict[str, str]:
        """The files of a revision, except the Hub's own: ``sha256:…`` of a large one, ``git:…`` of others."""
        items = self._ask(
            lambda: list(self.api.list_repo_tree(self.name, recursive=True, revision=commit, repo_type=TYPE))
        )
        return {
            item.path: f"sha256:{item.lfs.sha256}" if item.lfs else f"git:{item.blob_id}"
            for item in items
            if isinstance(item, RepoFile) and item.path not in HUB_FILES
        }

    def read(self, path: str, commit: str) -> bytes:
        """The content of a file."""
        found = self._ask(lambda: self.api.hf_hub_download(self.name, path, revision=commit, repo_type=TYPE))
        return Path(found).read_bytes()

    def download(self, commit: str) -> Path:
        """All files of a revision, in the client's cache."""
        return Path(self._ask(lambda: self.api.snapshot_download(self.name, revision=commit, repo_type=TYPE)))

    def replace(self, files: Mapping[str, Path], sums: Mapping[str, str], message: str) -> Change:
        """Make the branch contain exactly these files, by one commit on top of its head.

        No commit where it already does. Where another commit was made first, or no answer came, the branch is read
        again before the next attempt: without an answer the commit may still have been made, and is then found.
        ``sums``: the sha256 of files, where known.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self._replace_once(files, sums, message)
            except (*FAILURES, RuntimeError) as why:
                if not is_passing(why) or attempt == ATTEMPTS - 1:
                    raise HubError(explain(why, self.name)) from why
                time.sleep(random.uniform(0.1, 1) * min(8, 0.3 * 2**attempt))
        raise AssertionError("unreachable")

    def _replace_once(self, files: Mapping[str, Path], sums: Mapping[str, str], message: str) -> Change:
        head = self.api.repo_info(self.name, revision=self.branch, repo_type=TYPE).sha
        assert head is not None
        there = self.files(head)
        self._expect_ours(there, head)
        written = [name for name, path in files.items() if not is_same(path, there.get(name), sums.get(name))]
        deleted = sorted(there.keys() - files.keys())
        if not written and not deleted:
            return Change(head, 0, 0)
        operations = [CommitOperationAdd(name, files[name]) for name in written]
        operations += [CommitOperationDelete(name, is_folder=False) for name in deleted]
        made = self.api.create_commit(
            self.name, operations, commit_message=message, revision=self.branch, repo_type=TYPE, parent_commit=head
        )
        return Change(made.oid, len(written), len(deleted))

    def _expect_ours(self, there: Mapping[str, str], commit: str) -> None:
        """Raise HubError where a push would overwrite or delete files that no push of this project has made."""
        if not there:
            return
        listed = _listed(self.read(MANIFEST, commit)) if MANIFEST in there else None
        if listed is None:
            raise HubError(
                f"{self.name} already contains {CARD if CARD in there else 'files'}, which this project has not pushed (it has no {MANIFEST} of a "
                f"build): {_some(there)}. Nothing was changed; choose another --repo or --branch, or delete them at {self.page}"
            )
        if strays := sorted(there.keys() - listed.keys() - {MANIFEST}):
            raise HubError(
                f"{self.name} already contains files that this project has not pushed: {_some(strays)}. Nothing was changed; delete them at "
                f"{self.page}, or choose another --repo or --branch"
            )
        if CARD in there and hashlib.sha256(self.read(CARD, commit)).hexdigest() != listed.get(CARD):
            raise HubError(
                f"{CARD} of {self.name} was edited on the Hub after it was pushed. Nothing was changed; save the edit, then "
                f"restore the card at {self.page}/commits/{self.branch} or delete it, and push again"
            )

    def tag(self, tag: str, commit: str) -> None:
        """Tag a commit. Raises HubError where the tag already belongs to another commit."""
        for attempt in range(ATTEMPTS):
            try:
                self.api.create_tag(self.name, tag=tag, revision=commit, repo_type=TYPE)
                return
            except FAILURES as why:
                if is_status(why, (409,)):
                    if self.commit_of(tag) == commit:  # by an earlier attempt, whose answer was lost
                        return
                    raise HubError(tag_taken(self.name, tag, self.commit_of(tag))) from why
                if not is_passing(why) or attempt == ATTEMPTS - 1:
                    raise HubError(explain(why, self.name)) from why
                time.sleep(random.uniform(0.1, 1) * min(8, 0.3 * 2**attempt))

    def _ask(self, question: Callable[[], T], *, missing: bool = False) -> T:
        """The Hub's answer. ``missing``: for a missing repository or revision the client's own exception is raised."""
        try:
            return question()
        except FAILURES as why:
            if missing and isinstance(why, RepositoryNotFoundError | RevisionNotFoundError):
                raise
            raise HubError(explain(why, self.name)) from why


def _listed(manifest: bytes) -> dict[str, str] | None:
    """The files in a manifest of this project; None for any other manifest."""
    try:
        found = parse_json(manifest)
    except ValueError:
        return None
    files = found.get("files") if isinstance(found, dict) and "content_hash" in found else None
    return files if isinstance(files, dict) else None


def _some(names: Iterable[str]) -> str:
    names = sorted(names)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def is_same(path: Path, there: str | None, sum_: str | None) -> bool:
    """Whether a file is what the Hub has: ``sha256:…`` or ``git:…``, as Repository.files gives it."""
    kind, _, digest = (there or "").partition(":")
    if kind == "sha256":
        if sum_ is None:
            with path.open("rb") as file:
                sum_ = hashlib.file_digest(file, "sha256").hexdigest()
        return digest == sum_
    return kind == "git" and digest == git_name(path.read_bytes())


def git_name(content: bytes) -> str:
    """git's object name of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
