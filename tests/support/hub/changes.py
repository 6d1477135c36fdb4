"""The changes of a commit: the lines of its request, applied to the files of its parent."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from dulwich.objects import Blob, ObjectID
from dulwich.repo import Repo

from tests.support.hub.errors import HubError
from tests.support.hub.lfs import LargeFiles, pointer

Files = dict[bytes, tuple[int, ObjectID]]  # path: mode, object
_PLAIN_FILE = 0o100644


def apply(lines: Iterable[Mapping[str, Any]], files: Files, git: Repo, large: LargeFiles) -> None:
    """Change ``files`` in place, and add the new objects. Raises HubError, and then the commit is not made."""
    for line in lines:
        key, value = line["key"], line["value"]
        path = _checked(value["path"])
        if key == "file":
            encoded = value.get("encoding") == "base64"
            _add(path, base64.b64decode(value["content"]) if encoded else value["content"].encode(), files, git)
        elif key == "lfsFile":
            _add(path, _pointer(path, value, large), files, git)
        elif key == "deletedFile":
            _delete([path] if path in files else [], "file", path, files)
        elif key == "deletedFolder":
            _delete([name for name in files if name.startswith(path + b"/")], "folder", path, files)
        else:
            raise HubError(400, f"unknown operation {key!r}")
    folders = {name.rsplit(b"/", depth)[0] for name in files for depth in range(1, name.count(b"/") + 1)}
    if both := sorted(folders & files.keys()):
        raise HubError(400, f"{both[0].decode()} would be a file and a folder")


def _checked(path: str) -> bytes:
    clean = path.strip("/")
    if not clean or any(part in ("", ".", "..", ".git") for part in clean.split("/")):
        raise HubError(400, f"{path!r} is no path in a repository")
    return clean.encode()


def _add(path: bytes, content: bytes, files: Files, git: Repo) -> None:
    blob = Blob.from_string(content)
    git.object_store.add_object(blob)
    files[path] = (_PLAIN_FILE, blob.id)


def _pointer(path: bytes, value: Mapping[str, Any], large: LargeFiles) -> bytes:
    if not large.has(value["oid"], value.get("size")):
        raise HubError(400, f"the large file {value['oid']} of {path.decode()} was not uploaded")
    return pointer(value["oid"], large.path(value["oid"]).stat().st_size)


def _delete(names: list[bytes], what: str, path: bytes, files: Files) -> None:
    if not names:
        raise HubError(404, f"A {what} with this name doesn't exist: {path.decode()}", "EntryNotFound")
    for name in names:
        del files[name]
