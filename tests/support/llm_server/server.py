"""The scripted server: one asyncio.Protocol, fast enough that a benchmark never measures it."""

import asyncio
import hashlib
import heapq
import json
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tests.support.llm_server.settings import PAID, Limits, Settings

Reply = Callable[[dict[str, Any], Settings], str]


def request_hash(body: bytes) -> str:
    """16 hex digits that name a request by its bytes, so that a client can prove that an answer is its own."""
    return hashlib.blake2b(body, digest_size=8).hexdigest()


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


class State:
    """Settings, limits and counters, shared by all connections. ``reply``: the content of a good answer; None: an echo."""

    def __init__(self, settings: Settings, reply: Reply | None = None) -> None:
        self.reply, self.log = reply, None
        self.canned: Sequence[Canned] = ()
        self.refuse: Callable[[bytes], Canned | None] | None = None  # a reply made from the request, for a test
        self.set(settings)
        self.reset()

    log: TextIO | None

    def set(self, settings: Settings) -> None:
        """New settings; the buckets begin anew."""
        self.settings, self.limits = settings, Limits(settings)
        self.free: list[float] = []  # when the slots that were used are free
        text = "the finding is explained by the mechanism described above; " * (settings.answer_tokens // 12 + 1)
        self.text = text[: settings.answer_tokens * 4]
        if self.log:
            self.log.close()
        self.log = Path(settings.log).open("a", encoding="utf-8") if settings.log else None  # noqa: SIM115  open while it serves

    def in_queue(self, work: float, now: float) -> float:
        """The seconds until so much work is done in the slot that is free first."""
        free = heapq.heappop(self.free) if len(self.free) >= self.settings.slots else 0.0
        done = max(now, free) + work
        heapq.heappush(self.free, done)
        return done - now

    def reset(self) -> None:
        """Forget what was counted."""
        self.outcomes, self.attempts, self.paid = Counter[str](), Counter[str](), Counter[str]()
        self.tokens = Counter[str]()
        self.keys: set[str] = set()
        self.in_flight = self.peak = 0

    def note(self, key: str, attempt: int, outcome: str, prompt: int = 0, completion: int = 0) -> None:
        """Count an outcome."""
        self.outcomes[outcome] += 1
        if outcome.removesuffix("_abandoned") in PAID:
            self.paid[key] += 1
            self.tokens.update(prompt=prompt, completion=completion)
        if self.log:
            self.log.write(f"{asyncio.get_running_loop().time():.4f}\t{key}\t{attempt}\t{outcome}\n")

    def stats(self) -> dict[str, Any]:
        """The counters. ``paid_again``: answers paid beyond the first of each request."""
        if self.log:
            self.log.flush()
        requests, paid = sum(self.attempts.values()), sum(self.paid.values())
        refused = sum(n for outcome, n in self.outcomes.items() if outcome.startswith(("429", "over")))
        return {
            "requests": requests,
            "distinct": len(self.attempts),
            "outcomes": dict(self.outcomes),
            "paid": paid,
            "paid_distinct": len(self.paid),
            "paid_again": paid - len(self.paid),
            "prompt_tokens": self.tokens["prompt"],
            "completion_tokens": self.tokens["completion"],
            "peak_in_flight": self.peak,
            "refused_share": refused / max(requests, 1),
            "keys": sorted(self.keys),
        }

    def canned_for(self, key: str, attempt: int) -> Canned | None:
        """One of the canned replies for a share `canned` of the attempts (of the requests, where it is `permanent`), by seed."""
        share = self.settings.canned
        if not self.canned or not share:
            return None
        number = 1 if self.settings.permanent else attempt
        if self.settings.uniform("canned", key, number) >= share:
            return None
        return self.canned[int(self.settings.uniform("which", key, number) * len(self.canned))]

    def completion(self, outcome: str, key: str, prompt_tokens: int, request: dict[str, Any]) -> bytes:
        """The whole HTTP answer of an outcome that has one."""
        content = (
            self.reply(request, self.settings) if self.reply else json.dumps({"request": key, "answer": self.text})
        )
        if outcome == "empty":
            content = ""
        elif outcome == "badjson":
            content = "Sure! Here is the JSON: {" + content[:200].replace("}", "")
        elif outcome == "length":
            content = content[: len(content) // 2]
        tokens = len(content) // 4 if self.reply else self.settings.answer_tokens
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": tokens, "total_tokens": prompt_tokens + tokens}
        message = {"role": "assistant", "content": content}
        finish = "length" if outcome == "length" else "stop"
        body = {
            "id": f"chatcmpl-{key}",
            "object": "chat.completion",
            "created": 1700000000,
            "model": request["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": usage,
        }
        return self.answer(200, body)

    def answer(self, status: int, body: dict[str, Any], head: str = "") -> bytes:
        """An HTTP answer with a JSON body."""
        data = json.dumps(body).encode()
        for limit, name in ((self.settings.header_rpm, "requests"), (self.settings.header_tpm, "tokens")):
            head += f"x-ratelimit-limit-{name}: {limit}\r\n" if limit else ""
        first = f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\ncontent-type: application/json\r\n"
        return f"{first}content-length: {len(data)}\r\n{head}\r\n".encode() + data


class Connection(asyncio.Protocol):
    """One client's connection: requests one after another."""

    def __init__(self, state: State, loop: asyncio.AbstractEventLoop) -> None:
        self.state, self.loop, self.buffer, self.closing = state, loop, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end]
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(data) < end + 4 + length:
                break
            body, data = data[end + 4 : end + 4 + length], data[end + 4 + length :]
            path, self.closing = head.split(b" ", 2)[1], b"connection: close" in lower
            if path.split(b"?")[0].endswith(b"/chat/completions"):
                self.chat(head, body)
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
        settings = self.state.settings
        if settings.key:
            came = head.partition(b"uthorization: Bearer ")[2].split(b"\r\n", 1)[0].decode()
            if came != settings.key:
                return 401, f"Incorrect API key provided: {came}", "invalid_api_key"
        if settings.context and tokens > settings.context:
            return 400, f"This model's maximum context length is {settings.context} tokens", "context_length_exceeded"
        if not settings.schema and b'"response_format"' in body:
            return 400, "Unknown parameter: response_format", "unknown_parameter"
        return None

    def finish(self, key: str, attempt: int, outcome: str, tokens: int, body: bytes) -> None:
        """The outcome of a request, after the latency."""
        state, transport = self.state, self.transport
        state.in_flight -= 1
        gone = transport.is_closing()
        answer = b""
        if outcome in (*PAID, "drip"):
            request = json.loads(body) if state.reply else {"model": "scripted"}
            answer = state.completion(outcome, key, tokens, request)
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
            linger_off = b"\1\0\0\0\0\0\0\0"
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_off)
            transport.abort()
        elif outcome == "hang":
            self.loop.call_later(state.settings.hang_s, transport.close)
        elif outcome == "drip":
            self.drip(answer, 0, self.loop.time() + state.settings.hang_s)
        else:
            self.write(answer[: len(answer) // 2 if outcome == "cut" else None], self.closing or outcome == "cut")

    def drip(self, answer: bytes, at: int, until: float) -> None:
        """A byte a second."""
        if self.transport.is_closing() or at >= len(answer) or self.loop.time() > until:
            return self.transport.close()
        self.transport.write(answer[at : at + 1])
        self.loop.call_later(1.0, self.drip, answer, at + 1, until)


async def serve(state: State, port: int = 0) -> asyncio.Server:
    """A server on 127.0.0.1 at this port, or at any that is free."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(state, loop), "127.0.0.1", port, backlog=4096)
