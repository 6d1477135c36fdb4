"""The server: finds the route of a request, runs it, and turns errors into answers that the client understands."""

import contextlib
import errno
import fcntl
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.support.hub.call import Call
from tests.support.hub.errors import HubError
from tests.support.hub.lfs import Signatures
from tests.support.hub.routes import ROUTES, STREAMED
from tests.support.hub.tokens import User

FULL = {
    errno.ENOSPC: "no space is left",
    errno.EFBIG: "no file may become so large",
    errno.EDQUOT: "the quota is full",
}


class RootInUse(RuntimeError):
    """Another server serves this folder."""


@dataclass
class Hub:
    """An ASGI application over a folder. One server per folder: the kernel's lock says so, and falls with the process.

    ``parts_above``: files from this size on, in bytes, are asked for in parts of it, as the real Hub does above 5 GB.
    """

    root: Path
    users: Sequence[User]
    parts_above: int | None = None

    def __post_init__(self) -> None:
        for folder in ("tmp", "models", "datasets", "spaces"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self._lock = (self.root / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise RootInUse(f"{self.root} is served by another process; stop it, or choose another --root") from None
        self.signatures = Signatures(self.root)
        self._sweep()

    def close(self) -> None:
        """Let another server have the folder."""
        self._lock.close()

    def _sweep(self) -> None:
        """What a killed server has left half-done: nobody else writes here, so drafts and git's lock files are garbage."""
        for path in (self.root / "tmp").iterdir():
            shutil.rmtree(path)
        for pattern in (
            "*/*/*.git/lfs/tmp/*",
            "*/*/*.git/**/*.lock",
            "*/*/*.git/hub.????????????????????????????????",
        ):
            for path in self.root.glob(pattern):
                path.unlink()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:  # killed in the middle of its upload; nobody hears an answer
            return
        except HubError as why:
            response = JSONResponse(why.body, why.status, _latin(why.headers))
        except OSError as why:
            if why.errno not in FULL:
                raise
            message = f"The server cannot store this: {FULL[why.errno]} ({why.strerror})"
            response = JSONResponse({"error": message}, 507, {"X-Error-Message": message})
        if scope["method"] in ("POST", "PUT"):
            await _drain(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """Routes are found by the raw path: revisions and folders come percent-encoded (refs%2Fpr%2F1, data%2Fx)."""
        path, method = request.scope["raw_path"].decode().split("?")[0], request.method
        for methods, pattern, handle in ROUTES:
            if method in methods and (found := re.fullmatch(pattern, path)):
                names = {name: unquote(value or "") for name, value in found.groupdict().items()}
                if handle in STREAMED:
                    return await handle(Call(self, request, b"", names))
                body = await request.body() if method in ("POST", "PUT", "DELETE") else b""
                return await anyio.to_thread.run_sync(handle, Call(self, request, body, names))
        raise HubError(404, f"this local Hub does not serve {method} {path}")


async def _lifespan(receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _drain(request: Request) -> None:
    """Read what the client still sends; it reads the answer only then, and otherwise sees a broken connection."""
    with contextlib.suppress(ClientDisconnect):
        if not request._stream_consumed:
            async for _ in request.stream():
                pass


def _latin(headers: Mapping[str, Any]) -> dict[str, str]:
    """Header values as HTTP can carry them."""
    return {name: re.sub(r"[^\x20-\x7e]+", "?", str(value)) for name, value in headers.items()}
