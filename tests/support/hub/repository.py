"""One repository of the Hub: a bare git repository that `git log`, `git fsck` and `git clone` can read."""

import contextlib
import json
import re
import shutil
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dulwich.errors import NotTreeError
from dulwich.index import commit_tree
from dulwich.object_store import iter_tree_contents, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from tests.support.hub.changes import Files, apply
from tests.support.hub.errors import HubError
from tests.support.hub.lfs import GIT_ATTRIBUTES, LargeFiles
from tests.support.hub.objects import FILE_BIT, FOLDER_BIT, commit_object, no_entry, size_of

PLAIN_FILE = 0o100644
_LOCKS: dict[str, threading.Lock] = defaultdict(threading.Lock)


class Repository:
    """``root/<kind>s/<namespace>/<name>.git``. Readers see the commit that they ask for; writers come one after the other."""

    def __init__(self, root: Path, kind: str, namespace: str, name: str) -> None:
        self.root, self.kind, self.namespace, self.id = root, kind, namespace, f"{namespace}/{name}"
        self.path = root / f"{kind}s" / namespace / f"{name}.git"
        self.large = LargeFiles(self.path)

    @property
    def lock(self) -> threading.Lock:
        """Held by whoever writes; there is one server process, which holds the lock of the whole root."""
        return _LOCKS[str(self.path)]

    @property
    def is_there(self) -> bool:
        """Whether it was created."""
        return self.path.is_dir()

    @property
    def private(self) -> bool:
        """Whether only its namespace sees it."""
        return json.loads((self.path / "hub.json").read_text())["private"]

    def set_private(self, private: bool, folder: Path | None = None) -> None:
        """Write down whether it is private."""
        folder = folder or self.path
        draft = folder / f"hub.{uuid.uuid4().hex}"
        draft.write_text(json.dumps({"private": private}))
        draft.replace(folder / "hub.json")

    def create(self, user: str, private: bool) -> None:
        """With one commit, as on the real Hub. It appears whole or not at all. Raises HubError where it is there."""
        draft = self.root / "tmp" / uuid.uuid4().hex
        with Repo.init_bare(str(draft), mkdir=True, default_branch=b"main") as git:
            blob = Blob.from_string(GIT_ATTRIBUTES)
            git.object_store.add_object(blob)
            self._add_commit(git, None, {b".gitattributes": (PLAIN_FILE, blob.id)}, user, "initial commit")
        self.set_private(private, draft)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.rename(self.path)
        except OSError:
            shutil.rmtree(draft)
            raise HubError(409, f"You already created this {self.kind} repo") from None

    def delete(self) -> None:
        """All of it; away under its name at once."""
        trash = self.root / "tmp" / uuid.uuid4().hex
        with self.lock:
            self.path.rename(trash)
        shutil.rmtree(trash)

    @contextlib.contextmanager
    def git(self) -> Iterator[Repo]:
        """The git repository, open."""
        with Repo(str(self.path)) as git:
            yield git

    def commit(self, branch: str, lines: list[dict[str, Any]], user: str) -> str:
        """One commit from the lines of a request; returns its hash. Nothing is seen of it before the branch points to it.

        Raises HubError where the parent is another one, or a line cannot be done.
        """
        header = next((line["value"] for line in lines if line["key"] == "header"), None)
        if header is None:
            raise HubError(400, "the request has no line with the key 'header'")
        with self.lock, self.git() as git:
            head = self.commit_of(git, branch, branches_only=True)
            expected = header.get("parentCommit")
            if expected and not head.decode().startswith(expected):
                raise _moved_on()
            files = self.files(git, head)
            apply([line for line in lines if line["key"] != "header"], files, git, self.large)
            message = "\n\n".join(
                part for part in (header.get("summary") or "commit", header.get("description")) if part
            )
            return self._add_commit(git, head, files, user, message, branch)

    def _add_commit(
        self, git: Repo, parent: ObjectID | None, files: Files, user: str, message: str, branch: str = "main"
    ) -> str:
        commit = Commit()
        commit.tree = commit_tree(git.object_store, [(path, oid, mode) for path, (mode, oid) in files.items()])
        commit.parents = [parent] if parent else []
        commit.author = commit.committer = f"{user} <{user}@users.noreply.hub>".encode()
        commit.author_time = commit.commit_time = int(time.time())
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        git.object_store.add_object(commit)
        ref = Ref(b"refs/heads/" + branch.encode())  # compare and swap: the only step that publishes anything
        if not (git.refs.set_if_equals(ref, parent, commit.id) if parent else git.refs.add_if_new(ref, commit.id)):
            raise _moved_on()
        return commit.id.decode()

    def commit_of(self, git: Repo, revision: str, *, branches_only: bool = False) -> ObjectID:
        """The commit of a branch, a tag, a full reference, or a hash of at least 7 digits. Raises HubError (RevisionNotFound)."""
        name = revision.encode()
        refs = [b"refs/heads/" + name]
        if not branches_only:
            refs += [b"refs/tags/" + name, *([name] if name.startswith(b"refs/") else [])]
        for ref in refs:
            with contextlib.suppress(KeyError, ValueError):  # ValueError: no name that a reference could have
                found = git.object_store[git.refs[Ref(ref)]]
                return found.object[1] if isinstance(found, Tag) else found.id
        if not branches_only and re.fullmatch(rb"[0-9a-f]{7,40}", name):
            for oid in git.object_store.iter_prefix(name):
                if isinstance(git.object_store[oid], Commit):
                    return oid
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def files(self, git: Repo, commit: ObjectID) -> Files:
        """Mode and object of every file of a commit, by path."""
        entries = iter_tree_contents(git.object_store, commit_object(git, commit).tree)
        return {entry.path: (entry.mode, entry.sha) for entry in entries}

    def entry(self, git: Repo, commit: ObjectID, path: str) -> tuple[int, ObjectID]:
        """Mode and object of a file or folder. Raises HubError (EntryNotFound)."""
        try:
            return tree_lookup_path(git.object_store.__getitem__, commit_object(git, commit).tree, path.encode())
        except (KeyError, NotTreeError):
            raise no_entry(path, commit) from None

    def describe(self, path: str, mode: int, oid: ObjectID, oid_key: str = "oid") -> dict[str, Any]:
        """A file or a folder, as the client wants to read it."""
        if mode & FOLDER_BIT and not mode & FILE_BIT:
            return {"type": "directory", "oid": oid.decode(), "size": 0, "path": path}
        size, large = size_of(str(self.path), oid)
        described = {"type": "file", "oid": oid.decode(), "size": size, "path": path}
        if large:
            described["lfs"] = {oid_key: large, "size": size, "pointerSize": 124 + len(str(size))}
        return described

    def tree(self, git: Repo, commit: ObjectID, path: str, recursive: bool) -> list[dict[str, Any]]:
        """What lies in a folder. Raises HubError (EntryNotFound)."""
        root = commit_object(git, commit).tree
        if path:
            mode, root = self.entry(git, commit, path)
            if mode & FILE_BIT:
                raise no_entry(f"{path} is no folder", commit)
        if recursive:
            found = iter_tree_contents(git.object_store, root, include_trees=True)
            items = [(entry.path, entry.mode, entry.sha) for entry in found if entry.path]
        else:
            folder = git.object_store[root]
            assert isinstance(folder, Tree)
            items = [(entry.path, entry.mode, entry.sha) for entry in folder.items()]
        before = f"{path}/" if path else ""
        return [self.describe(before + name.decode(), mode, oid) for name, mode, oid in items]


def _moved_on() -> HubError:
    return HubError(412, "A commit has happened since. Please refresh and try again.")
