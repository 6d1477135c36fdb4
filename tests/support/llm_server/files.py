"""Files of the scripted server, in a folder: uploads on their way to the disk, contents, and a record of each.

A file is its content in `<id>.bin` and then its record in `<id>.json`, which is replaced atomically: what has no record was being
written when the server ended, and is no file. Nothing holds a whole content in memory: an upload goes to the disk as it comes in and
its parts are looked up there, a download is the kernel's `sendfile`.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
import time
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from tests.support.llm_server.server import Connection

COPY = 1 << 20  # bytes of a step


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a file: a process that is killed leaves the old or the new one."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(value), "utf-8")
    beside.replace(path)


def public(record: dict[str, Any]) -> dict[str, Any]:
    """What a client sees of a record: names with a leading underscore are ours."""
    return {name: value for name, value in record.items() if not name.startswith("_")}


def new_id(prefix: str, number: int) -> str:
    """Never the same, also after a reset; in the order of time."""
    return f"{prefix}{time.time_ns():016x}{number:06x}"


def read_records(folder: Path) -> dict[str, dict[str, Any]]:
    """By id, the records that a folder holds, oldest first."""
    found = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")]
    return {record["id"]: record for record in sorted(found, key=lambda record: record["_number"])}


class Files:
    """The files in ``folder``. A deleted one keeps its record, so that its number is not given again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.records = read_records(folder)

    def add(self, content: Path, filename: str, purpose: str, file_id: str = "") -> dict[str, Any]:
        """Take a file over from ``content``. With an id that is there already: the same file again, after a restart."""
        number = max((record["_number"] for record in self.records.values()), default=0) + 1
        now = time.time()
        seen_from = 0.0 if file_id else now  # results are there when their batch names them
        file_id = file_id or new_id("file-", number)
        content.replace(self.folder / f"{file_id}.bin")
        record = {
            "id": file_id,
            "object": "file",
            "bytes": (self.folder / f"{file_id}.bin").stat().st_size,
            "created_at": int(now),
            "expires_at": None,
            "filename": filename,
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
            "_number": number,
            "_since": seen_from,
        }
        write_json(self.folder / f"{file_id}.json", record)
        self.records[file_id] = record
        return record

    def find(self, file_id: str, wait_ms: float = 0.0) -> tuple[dict[str, Any], Path] | None:
        """A file's record and content; None for one that is deleted, or that was uploaded less than ``wait_ms`` ago."""
        record = self.records.get(file_id)
        if record is None or record.get("_deleted") or time.time() < record["_since"] + wait_ms / 1000:
            return None
        return record, self.folder / f"{file_id}.bin"

    def listed(self, wait_ms: float) -> list[dict[str, Any]]:
        """The records, newest first."""
        found = [self.find(file_id, wait_ms) for file_id in reversed(self.records)]
        return [one[0] for one in found if one]

    def delete(self, file_id: str) -> None:
        """Forget a file that is there."""
        record = self.records[file_id]
        record["_deleted"] = True
        write_json(self.folder / f"{file_id}.json", record)
        (self.folder / f"{file_id}.bin").unlink(missing_ok=True)


def is_upload(head: bytes) -> bool:
    """Whether a request is the upload of a file."""
    return head.startswith((b"POST /v1/files ", b"POST /v1/files?", b"POST /openai/files?"))


class Upload:
    """A POST /v1/files: its body goes to the disk as it arrives, and is answered when all of it is there."""

    def __init__(self, connection: Connection, head: bytes, length: int) -> None:
        self.connection, self.left = connection, length
        self.headers = BytesHeaderParser().parsebytes(head.partition(b"\r\n")[2])
        self.refusal = connection.stranger(head) or self._unreadable(length)
        folder = connection.state.batch_store().folder / "incoming"
        folder.mkdir(exist_ok=True)
        self.path = folder / new_id("upload-", id(self) & 0xFFFFFF)
        self.file = self.path.open("w+b")

    def _unreadable(self, length: int) -> tuple[int, str, str | None] | None:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            return 411, "an upload needs a content-length: this server reads no chunked bodies", None
        if self.headers.get_content_type() != "multipart/form-data" or not self.headers.get_boundary() or not length:
            return 400, f"expected multipart/form-data with a boundary, got {self.headers.get('content-type')}", None
        return None

    def feed(self, data: bytes) -> bytes | None:
        """Take what came; None while more must come, else what came behind the body."""
        self.file.write(data[: self.left] if len(data) > self.left else data)
        rest, self.left = data[self.left :], max(0, self.left - len(data))
        if self.left:
            return None
        try:
            self.finish()
        finally:
            self.lost()
        return rest

    def lost(self) -> None:
        """The client is gone, or all is done."""
        self.file.close()
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".part").unlink(missing_ok=True)  # of a refused one

    def finish(self) -> None:
        """Make the file and answer."""
        if self.refusal:
            self.connection.closing = (
                self.connection.closing or self.refusal[0] == 411
            )  # what comes next is no request
            return self.connection.error(*self.refusal)
        store, settings = self.connection.state.batch_store(), self.connection.state.settings
        self.file.flush()
        fields: dict[str, str] = {}
        content, name = None, ""
        for head, start, end in parts(self.file, str(self.headers.get_boundary()).encode()):
            field = str(head.get_param("name", "", "content-disposition"))
            if field == "file":
                name, content = str(head.get_filename() or "upload"), self.path.with_suffix(".part")
                _copy(self.file, start, end, content)
            else:
                fields[field] = os.pread(self.file.fileno(), end - start, start).decode()
        if content is None or "purpose" not in fields:
            return self.connection.error(400, f"an upload has a file and a purpose; this one has: {sorted(fields)}")
        if fields["purpose"] == "batch" and (size := content.stat().st_size) > settings.batch_max_bytes:
            said = f"a file for a batch has at most {settings.batch_max_bytes:,} bytes, this one has {size:,}"
            return self.connection.error(400, said, "file_too_large")
        self.connection.send(200, public(store.files.add(content, name, fields["purpose"])))


def parts(file: BinaryIO, boundary: bytes) -> Iterator[tuple[Message, int, int]]:
    """The parts of a multipart body: header, and where the content begins and ends in the file."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
        start = 0 if body[: len(boundary) + 2] == b"--" + boundary else -1
        while start >= 0:
            start += len(boundary) + 4 if start else len(boundary) + 2
            if body[start : start + 2] == b"--":
                return
            content = body.find(b"\r\n\r\n", start) + 4
            end = body.find(b"\r\n--" + boundary, content)
            if content < 4 or end < 0:
                return
            yield BytesHeaderParser().parsebytes(body[start + 2 : content]), content, end
            start = end


def _copy(file: BinaryIO, start: int, end: int, to: Path) -> None:
    """Write a piece of a file to another, step by step."""
    file.seek(start)
    with to.open("wb") as out:
        while piece := file.read(min(COPY, end - file.tell())):
            out.write(piece)


def forget_files(folder: Path) -> None:
    """Delete what a server has left in its folder, and nothing else that may lie there."""
    for name in ("files", "batches", "work", "incoming"):
        shutil.rmtree(folder / name, ignore_errors=True)
