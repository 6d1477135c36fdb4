"""The HTTP client of all calls: it follows no redirect, and decodes no more of a reply than its request allows."""

import contextlib
import zlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import httpx
from openai import DefaultAioHttpClient

BASE_BYTES, BYTES_PER_TOKEN = 256 * 1024, 64  # of a reply: fields around the text; escapes, and thoughts beside it
SHOWN = 20_000  # bytes that are kept of a reply that is too long
_limit: ContextVar[int] = ContextVar("limit of a reply", default=BASE_BYTES)


class TooLong(Exception):
    """A reply that is larger than its request allows, such as one that expands without end. ``begin``: its first characters."""

    def __init__(self, limit: int, begin: bytes) -> None:
        super().__init__(f"more than {limit:,} bytes")
        self.limit, self.begin = limit, begin.decode("utf-8", "replace")


@contextlib.contextmanager
def limit_of_reply(max_tokens: int) -> Iterator[None]:
    """Within it, replies may have as many bytes as an answer of ``max_tokens`` tokens can take."""
    token = _limit.set(BASE_BYTES + BYTES_PER_TOKEN * max_tokens)
    try:
        yield
    finally:
        _limit.reset(token)


class _Cookies(httpx.Cookies):
    """Cookies as httpx keeps them, without the work where a response sets none: a sixth of the CPU time of a call."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Keep the cookies that a response sets."""
        if "set-cookie" in response.headers:
            super().extract_cookies(response)


_OF_THE_BODY = (
    b"content-encoding",
    b"content-length",
    b"transfer-encoding",
)  # headers that are not true of a decoded body


class Client(DefaultAioHttpClient):
    """The SDK's client over aiohttp, with these two bounds. A redirect would carry the key and the prompts to another place."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=0)  # no limit for aiohttp; None would be its default, 100
        super().__init__(limits=limits, follow_redirects=False, headers={"accept-encoding": "gzip"})

        self._own_cookies = _Cookies()

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies of all responses."""
        return self._own_cookies

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        self._own_cookies = _Cookies(cookies)

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """The whole response, decoded. Raises TooLong."""
        options |= {"stream": True, "follow_redirects": False}
        response = await super().send(request, **options)
        try:
            content = await _content(response, _limit.get())
        finally:
            await response.aclose()
        headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_THE_BODY]
        return httpx.Response(
            response.status_code, headers=headers, content=content, request=request, extensions=response.extensions
        )


async def _content(response: httpx.Response, limit: int) -> bytes:
    coded = response.headers.get("content-encoding", "identity").strip().lower() in ("gzip", "x-gzip", "deflate")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32) if coded else None
    parts, size = [], 0
    async for chunk in response.aiter_raw():
        part = decoder.decompress(chunk, limit + 1 - size) if decoder else chunk
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLong(limit, b"".join(parts)[:SHOWN])
    return b"".join(parts)
