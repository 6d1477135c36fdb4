"""Git objects and references in the Hub's JSON form."""

import functools
from collections.abc import Mapping

from dulwich.objects import Blob, Commit, ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from tests.support.hub.errors import HubError
from tests.support.hub.lfs import pointed_at

FOLDER_BIT, FILE_BIT = 0o040000, 0o100000  # of a mode


@functools.lru_cache(100_000)
def size_of(repository: str, oid: ObjectID) -> tuple[int, str | None]:
    """Size in bytes, and where the file is a large one its sha256. An object never changes, so it is read once."""
    with Repo(repository) as git:
        content = content_of(git, oid)
    large = pointed_at(content)
    return (large[1], large[0]) if large else (len(content), None)


def commit_object(git: Repo, oid: ObjectID) -> Commit:
    """The commit of this hash."""
    found = git.object_store[oid]
    assert isinstance(found, Commit)
    return found


def content_of(git: Repo, oid: ObjectID) -> bytes:
    """The content of a file's object."""
    found = git.object_store[oid]
    assert isinstance(found, Blob)
    return found.data


def no_entry(what: str, commit: ObjectID) -> HubError:
    """A path that is not there; the client remembers it under the commit."""
    return HubError(404, f"Entry not found: {what}", "EntryNotFound", {"X-Repo-Commit": commit.decode()})


def all_references(git: Repo, kind: str) -> Mapping[str, str]:
    """Names and commits of all ``heads`` or ``tags``."""
    names = sorted(name.decode() for name in git.refs.subkeys(Ref(f"refs/{kind}/".encode())))
    return {name: git.refs[Ref(f"refs/{kind}/{name}".encode())].decode() for name in names}
