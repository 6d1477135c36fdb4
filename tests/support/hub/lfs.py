"""Large files beside a git repository, in the layout of git-lfs, and the signed URLs to which a client uploads them."""

import hashlib
import hmac
import json
import os
import re
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio

from tests.support.hub.errors import HubError

_SUFFIXES = (
    "7z arrow bin bz2 ckpt ftz gz h5 joblib model msgpack npy npz onnx ot parquet pb pickle pkl pt pth rar safetensors tar tflite "
    "tgz wasm xz zip zst"
)
SUFFIXES = tuple(_SUFFIXES.split())
GIT_ATTRIBUTES = "".join(f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in SUFFIXES).encode()
LARGE = 10_000_000  # bytes: from here on a file goes by git-lfs whatever its name, as on the real Hub
ADDRESS_LASTS = 86_400  # seconds
_POINTER = re.compile(rb"version https://git-lfs.github.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n")


def is_large(path: str, size: int) -> bool:
    """Whether a file goes by git-lfs."""
    return size > LARGE or path.rsplit(".", 1)[-1].lower() in SUFFIXES


def pointer(oid: str, size: int) -> bytes:
    """What git holds in place of the file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()


def pointed_at(content: bytes) -> tuple[str, int] | None:
    """sha256 and size of the file for which this content stands; None where it stands for itself."""
    found = _POINTER.fullmatch(content) if len(content) < 200 else None
    return (found[1].decode(), int(found[2])) if found else None


class LargeFiles:
    """The large files of one repository. A file appears under its sha256 when it is whole and has that sha256."""

    def __init__(self, repository: Path) -> None:
        self.folder = repository / "lfs" / "objects"
        self.drafts = repository / "lfs" / "tmp"

    def path(self, oid: str) -> Path:
        """Where the file of this sha256 lies, or would."""
        if not re.fullmatch("[0-9a-f]{64}", oid):
            raise HubError(400, f"{oid!r} is no sha256")
        return self.folder / oid[:2] / oid[2:4] / oid

    def has(self, oid: str, size: int | None) -> bool:
        """Whether the whole file is here."""
        path = self.path(oid)
        return path.is_file() and size in (None, path.stat().st_size)

    async def receive(self, oid: str, size: int, chunks: AsyncIterator[bytes]) -> None:
        """Write what comes in to a draft while hashing it, and give it its name. Raises HubError where it is another file."""
        self.drafts.mkdir(parents=True, exist_ok=True)
        draft, digest = self.drafts / f"{oid}.{uuid.uuid4().hex}", hashlib.sha256()
        try:
            with draft.open("wb") as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                await anyio.to_thread.run_sync(os.fsync, file.fileno())
            self._put_in_place(draft, oid, digest.hexdigest(), size)
        finally:
            draft.unlink(missing_ok=True)

    async def receive_part(self, oid: str, start: int, chunks: AsyncIterator[bytes]) -> int:
        """Write one part of a file into its place in the draft of all parts; returns where it ends."""
        self.drafts.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.drafts / f"{oid}.parts", os.O_CREAT | os.O_WRONLY)
        try:
            async for chunk in chunks:
                start += os.pwrite(descriptor, chunk, start)
        finally:
            os.close(descriptor)
        return start

    def join_parts(self, oid: str, size: int) -> None:
        """All parts are there: check the whole. Raises HubError where it is another file."""
        draft = self.drafts / f"{oid}.parts"
        if not draft.is_file():
            raise HubError(400, f"no part of {oid} was uploaded")
        with draft.open("rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        self._put_in_place(draft, oid, digest, size)

    def _put_in_place(self, draft: Path, oid: str, digest: str, size: int) -> None:
        if (digest, draft.stat().st_size) != (oid, size):
            found = f"sha256 {digest} and {draft.stat().st_size} bytes"
            raise HubError(400, f"the uploaded file has {found}, expected {oid} and {size}")
        place = self.path(oid)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(place)


class Signatures:
    """Signs addresses: an upload carries no token, the address itself is the permission."""

    def __init__(self, root: Path) -> None:
        file = root / ".secret"
        if not file.exists():
            file.touch(0o600)
            file.write_bytes(secrets.token_bytes(32))
        self._secret = file.read_bytes()

    def sign(self, repository: str, oid: str, **facts: Any) -> dict[str, str]:
        """The query of an address: these facts, when it ends, and the signature of all."""
        query = {name: str(value) for name, value in {"ends": int(time.time()) + ADDRESS_LASTS, **facts}.items()}
        message = json.dumps([repository, oid, sorted(query.items())]).encode()
        return query | {"signature": hmac.new(self._secret, message, "sha256").hexdigest()}

    def check(self, repository: str, oid: str, query: dict[str, str]) -> dict[str, str]:
        """The facts. Raises HubError where the address is another's or too old."""
        facts = {name: value for name, value in query.items() if name != "signature"}
        right = self.sign(repository, oid, **facts)["signature"]
        if not hmac.compare_digest(query.get("signature", ""), right) or int(facts["ends"]) < time.time():
            raise HubError(403, "the address of this upload is not signed by this server, or too old")
        return facts
