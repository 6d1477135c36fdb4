"""The scripted server: one asyncio.Protocol, fast enough that a benchmark never measures it."""

import asyncio
import json
import socket
from typing import Any

from tests.support.llm_server.batch_paths import answer_path
from tests.support.llm_server.files import Upload, is_upload
from tests.support.llm_server.settings import PAID, request_hash
from tests.support.llm_server.state import State


class Connection(asyncio.Protocol):
    """One client's connection: requests one after another."""

    def __init__(self, state: State, loop: asyncio.AbstractEventLoop) -> None:
        self.state, self.loop, self.buffer, self.closing = state, loop, b"", False
        self.upload: Upload | None = None
        self.download: asyncio.Task[None] | None = None  # held: the loop holds its tasks only weakly

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.upload:
            self.upload.lost()

    def data_received(self, data: bytes) -> None:
        if self.upload:  # never kept: 200 MB
            if (rest := self.upload.feed(data)) is None:
                return
            self.upload, data = None, rest
        data = self.buffer + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end]
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(data) < end + 4 + length:
                if is_upload(head):
                    self.closing = b"connection: close" in lower
                    self.upload = Upload(self, head, length)
                    self.upload.feed(data[end + 4 :])
                    data = b""
                break
            body, data = data[end + 4 : end + 4 + length], data[end + 4 + length :]
            path, self.closing = head.split(b" ", 2)[1], b"connection: close" in lower
            if path.split(b"?")[0].endswith(b"/chat/completions"):
                self.chat(head, body)
            elif path.startswith((b"/v1/files", b"/v1/batches", b"/openai/files", b"/openai/batches")):
                answer_path(self, head, body)
                if self.closing:
                    data = b""
            else:
                self.admin(path, body)
        self.buffer = data

    def send(self, status: int, body: dict[str, Any], head: str = "") -> None:
        self.write(self.state.answer(status, body, head), self.closing)

    def write(self, data: bytes, close: bool) -> None:
        self.transport.write(data)
        if close:
            self.transport.close()

    def error(self, status: int, message: str, code: str | None = None, head: str = "") -> None:
        self.send(status, {"error": {"message": message, "type": "scripted", "code": code}}, head)

    def admin(self, path: bytes, body: bytes) -> None:
        """GET /v1/models, GET /stats, POST /control."""
        if path.endswith(b"/models"):
            return self.send(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        try:
            if path == b"/control":
                given = json.loads(body)
                if given.pop("reset", False):
                    self.state.reset()
                if given:
                    self.state.set(self.state.settings.changed(given))
        except (KeyError, ValueError, TypeError) as why:
            return self.error(400, f"bad setting: {why}")
        self.send(200, self.state.stats())

    def chat(self, head: bytes, body: bytes) -> None:
        """Take a request in: refuse it now, or answer after the latency."""
        state, settings = self.state, self.state.settings
        key, tokens = request_hash(body), len(body) // 4
        attempt = state.attempts[key] = state.attempts[key] + 1
        if canned := (state.refuse(body) if state.refuse else None) or state.canned_for(key, attempt):
            state.note(key, attempt, "canned")
            if canned.paid:
                state.paid[key] += 1
            return self.write(canned.answer, self.closing)
        if refusal := self.refusal(head, tokens, body):
            state.note(key, attempt, refusal[1] or str(refusal[0]))
            return self.error(*refusal)
        if over := state.limits.over(tokens + settings.answer_tokens, state.in_flight):
            state.note(key, attempt, over)
            return self.error(429, "Rate limit reached", "rate_limit_exceeded")
        state.in_flight += 1
        state.peak = max(state.peak, state.in_flight)
        wait = settings.latency_ms / 1000 * (max(1.0, state.in_flight / settings.knee) if settings.knee else 1.0)
        if settings.slots:
            wait += settings.answer_tokens / settings.tokens_per_second
        if settings.jitter:
            wait *= 1 + settings.jitter * (2 * settings.uniform("jitter", key, attempt) - 1)
        if settings.slots:
            wait = state.in_queue(wait, self.loop.time())
        self.loop.call_later(wait, self.finish, key, attempt, settings.draw(key, attempt), tokens, body)

    def refusal(self, head: bytes, tokens: int, body: bytes) -> tuple[int, str, str | None] | None:
        """Why a request can never be answered: status, message, code."""
        return self.stranger(head) or self.state.unfit(tokens, body)

    def stranger(self, head: bytes) -> tuple[int, str, str | None] | None:
        """Status, message and code for a request with a wrong key."""
        if self.state.settings.key:
            came = head.partition(b"uthorization: Bearer ")[2].split(b"\r\n", 1)[0].decode()
            if came != self.state.settings.key:
                return 401, f"Incorrect API key provided: {came}", "invalid_api_key"
        return None

    def finish(self, key: str, attempt: int, outcome: str, tokens: int, body: bytes) -> None:
        """The outcome of a request, after the latency."""
        state, transport = self.state, self.transport
        state.in_flight -= 1
        gone = transport.is_closing()
        answer = b""
        if outcome in (*PAID, "drip"):
            request = json.loads(body) if state.reply else {"model": "scripted"}
            answer = state.answer(200, state.completion(outcome, key, tokens, request))
        completion = int(answer.rpartition(b'"completion_tokens": ')[2].split(b",")[0]) if answer else 0
        state.note(key, attempt, outcome + "_abandoned" * gone, tokens, completion)
        if gone:
            return
        if outcome.startswith("429"):
            head = f"retry-after: {state.settings.retry_after_s:g}\r\n" if outcome == "429ra" else ""
            self.error(429, "Rate limit reached", "rate_limit_exceeded", head)
        elif outcome == "500":
            self.error(500, "The server had an error")
        elif outcome == "reset":
            self.cut()
        elif outcome == "hang":
            self.loop.call_later(state.settings.hang_s, transport.close)
        elif outcome == "drip":
            self.drip(answer, 0, self.loop.time() + state.settings.hang_s)
        else:
            self.write(answer[: len(answer) // 2 if outcome == "cut" else None], self.closing or outcome == "cut")

    def cut(self) -> None:
        """End the connection as a reset does, without an answer."""
        linger_off = b"\1\0\0\0\0\0\0\0"
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_off)
        self.transport.abort()

    def drip(self, answer: bytes, at: int, until: float) -> None:
        """A byte a second."""
        if self.transport.is_closing() or at >= len(answer) or self.loop.time() > until:
            return self.transport.close()
        self.transport.write(answer[at : at + 1])
        self.loop.call_later(1.0, self.drip, answer, at + 1, until)


async def serve(state: State, port: int = 0) -> asyncio.Server:
    """A server on 127.0.0.1 at this port, or at any that is free."""
    loop = asyncio.get_running_loop()
    if state.settings.batch_dir:
        state.batch_store()  # batches of before go on
    return await loop.create_server(lambda: Connection(state, loop), "127.0.0.1", port, backlog=4096)
