"""Replies as real endpoints have sent them."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Canned(NamedTuple):
    """A reply as some real endpoint has sent it: status, headers, and the bytes of the body."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    paid: bool = False

    @classmethod
    def of(cls, status: int, body: Any, headers: Mapping[str, str] | None = None, *, paid: bool = False) -> "Canned":
        """``body``: text, or what is written as JSON."""
        data = (
            body
            if isinstance(body, bytes)
            else (body if isinstance(body, str) else json.dumps(body)).encode("utf-8", "surrogatepass")
        )
        return cls(status, data, tuple((headers or {}).items()), paid)

    @property
    def answer(self) -> bytes:
        """The whole HTTP answer."""
        given = {name.lower() for name, _ in self.headers}
        head = "" if "content-type" in given else "content-type: application/json\r\n"
        head += "".join(
            f"{name}: {value}\r\n"
            for name, value in self.headers
            if name.lower() not in ("content-length", "transfer-encoding")
        )
        return f"HTTP/1.1 {self.status} Said\r\n{head}content-length: {len(self.body)}\r\n\r\n".encode() + self.body
