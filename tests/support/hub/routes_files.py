"""Routes for the files of a repository: list, describe, download, change by a commit."""

import contextlib
import json
import re
from urllib.parse import parse_qs

from starlette.responses import FileResponse, JSONResponse, Response

from tests.support.hub.call import Call
from tests.support.hub.errors import HubError
from tests.support.hub.lfs import is_large
from tests.support.hub.objects import FILE_BIT, content_of, no_entry, size_of


class LargeFile(FileResponse):
    """A file from disk, with ranges, in large chunks."""

    chunk_size = 1 << 20


def tree(call: Call) -> Response:
    """What lies in a folder, with all folders below where that is asked for."""
    repository = call.repository()
    with repository.git() as git:
        commit = repository.commit_of(git, call.names["revision"])
        return JSONResponse(repository.tree(git, commit, call.names.get("path", ""), call.asks_for("recursive")))


def paths_info(call: Call) -> Response:
    """These files and folders; what is not there is left out."""
    repository, found = call.repository(), []
    is_json = call.request.headers.get("content-type", "").startswith("application/json")
    paths = call.json()["paths"] if is_json else parse_qs(call.body.decode()).get("paths", [])
    with repository.git() as git:
        commit = repository.commit_of(git, call.names["revision"])
        for path in paths:
            with contextlib.suppress(HubError):
                found.append(repository.describe(path.strip("/"), *repository.entry(git, commit, path.strip("/"))))
    return JSONResponse(found)


def preupload(call: Call) -> Response:
    """Which way each file goes, and what is there under its name: the client leaves out what has not changed."""
    repository, found = call.writable(), []
    with repository.git() as git:
        commit = repository.commit_of(git, call.names["revision"])
        for file in call.json()["files"]:
            path, mode = file["path"], "lfs" if is_large(file["path"], file["size"]) else "regular"
            about = {"path": path, "uploadMode": mode, "shouldIgnore": False}
            with contextlib.suppress(HubError):
                there = repository.describe(path, *repository.entry(git, commit, path))
                about["oid"] = there["lfs"]["oid"] if "lfs" in there else there["oid"]
            found.append(about)
    return JSONResponse({"files": found})


def commit(call: Call) -> Response:
    """One commit of many changes."""
    repository, user = call.writable(), call.known_user
    if call.asks_for("create_pr"):
        raise HubError(501, "this local Hub has no pull requests")
    try:
        lines = [json.loads(line) for line in call.body.splitlines() if line.strip()]
    except ValueError as why:
        raise HubError(400, f"the commit has a line that is no JSON ({why})") from why
    oid = repository.commit(call.names["revision"], lines, user.name)
    page = f"{call.page(repository)}/commit/{oid}"
    return JSONResponse({"success": True, "commitOid": oid, "commitUrl": page, "hookOutput": ""})


def download(call: Call) -> Response:
    """A file at a revision, or a range of it."""
    repository, path = call.repository(), call.names["path"]
    with repository.git() as git:
        commit = repository.commit_of(git, call.names["revision"])
        mode, oid = repository.entry(git, commit, path)
        if not mode & FILE_BIT:
            raise no_entry(f"{path} is a folder", commit)
        size, large = size_of(str(repository.path), oid)
        content = b"" if large else content_of(git, oid)
    headers = {"X-Repo-Commit": commit.decode(), "ETag": f'"{large or oid.decode()}"', "Accept-Ranges": "bytes"}
    headers |= {"Content-Disposition": "inline"}
    if large:
        headers |= {"X-Linked-Etag": f'"{large}"', "X-Linked-Size": str(size)}
        return LargeFile(repository.large.path(large), headers=headers, media_type="application/octet-stream")
    return _part(call, content, headers)


def _part(call: Call, content: bytes, headers: dict[str, str]) -> Response:
    """The range of a small file that the request asks for: fsspec reads all files so."""
    size, status = len(content), 200
    if asked := re.fullmatch(r"bytes=(\d*)-(\d*)", call.request.headers.get("range", "")):
        first, last = asked.groups()
        start, end = (int(first), min(int(last or size), size - 1) + 1) if first else (max(size - int(last), 0), size)
        if start >= size:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        content, status = content[start:end], 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(len(content))
    shown = content if call.request.method == "GET" else b""
    return Response(shown, status, headers, media_type="text/plain; charset=utf-8")
