"""What all connections of the scripted server share: settings, limits, counters, and how an answer is made."""

import asyncio
import heapq
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from tests.support.llm_server.batches import Batches
from tests.support.llm_server.canned import Canned
from tests.support.llm_server.settings import PAID, Limits, Settings

Reply = Callable[[dict[str, Any], Settings], str]


class State:
    """Settings, limits and counters, shared by all connections. ``reply``: the content of a good answer; None: an echo."""

    def __init__(self, settings: Settings, reply: Reply | None = None) -> None:
        self.reply, self.log = reply, None
        self.batches: Batches | None = None  # made at the first use: most tests have none
        self.canned: Sequence[Canned] = ()
        self.refuse: Callable[[bytes], Canned | None] | None = None  # a reply made from the request, for a test
        self.set(settings)
        self.reset()

    log: TextIO | None

    def set(self, settings: Settings) -> None:
        """New settings; the buckets begin anew. Raises ValueError for another batch_dir while batches are in one."""
        if self.batches and settings.batch_dir != self.settings.batch_dir:
            raise ValueError(f"batch_dir is {self.settings.batch_dir!r} and holds batches: reset before you change it")
        self.settings, self.limits = settings, Limits(settings)
        self.free: list[float] = []  # when the slots that were used are free
        text = "the finding is explained by the mechanism described above; " * (settings.answer_tokens // 12 + 1)
        self.text = text[: settings.answer_tokens * 4]
        if self.log:
            self.log.close()
        self.log = Path(settings.log).open("a", buffering=1, encoding="utf-8") if settings.log else None  # noqa: SIM115  open while it serves

    def in_queue(self, work: float, now: float) -> float:
        """The seconds until so much work is done in the slot that is free first."""
        free = heapq.heappop(self.free) if len(self.free) >= self.settings.slots else 0.0
        done = max(now, free) + work
        heapq.heappush(self.free, done)
        return done - now

    def batch_store(self) -> Batches:
        """The files and batches, with what their folder holds of an earlier server; called in the loop."""
        if self.batches is None:
            self.batches = Batches(self)
        return self.batches

    def close(self) -> None:
        """The server has ended: a temporary folder of batches goes, one that was given stays."""
        if self.batches:
            self.batches.close()
            self.batches = None

    def reset(self) -> None:
        """Forget what was counted, and every batch and file."""
        if self.batches:
            self.batches.forget()
            self.batches = None
        self.batch_answers = 0
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
        """The counters. ``paid``: online and in batches; ``paid_again``: answers paid beyond the first of each request.

        ``batch_answers``: how many of the paid ones; their tokens are in ``batch_prompt_tokens`` and ``batch_completion_tokens`` only.
        """
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
            "batch_answers": self.batch_answers,
            "batch_prompt_tokens": self.tokens["batch_prompt"],
            "batch_completion_tokens": self.tokens["batch_completion"],
            "batches": self.batches.counts() if self.batches else {},
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

    def note_batch(self, paid: Sequence[tuple[str, int, int]]) -> None:
        """Count answers of a batch: key, prompt tokens and completion tokens of each."""
        for key, prompt, completion in paid:
            self.paid[key] += 1
            self.tokens.update(batch_prompt=prompt, batch_completion=completion)
        self.batch_answers += len(paid)

    def completion(self, outcome: str, key: str, prompt_tokens: int, request: dict[str, Any]) -> dict[str, Any]:
        """The body of the answer of an outcome that has one."""
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
        return {
            "id": f"chatcmpl-{key}",
            "object": "chat.completion",
            "created": 1700000000,
            "model": request["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": usage,
        }

    def unfit(self, tokens: int, body: bytes) -> tuple[int, str, str | None] | None:
        """Why the model takes no such request, online or in a batch: status, message, code."""
        if self.settings.context and tokens > self.settings.context:
            said = f"This model's maximum context length is {self.settings.context} tokens"
            return 400, said, "context_length_exceeded"
        if not self.settings.schema and b'"response_format"' in body:
            return 400, "Unknown parameter: response_format", "unknown_parameter"
        return None

    def answer(self, status: int, body: dict[str, Any], head: str = "") -> bytes:
        """An HTTP answer with a JSON body."""
        data = json.dumps(body).encode()
        for limit, name in ((self.settings.header_rpm, "requests"), (self.settings.header_tpm, "tokens")):
            head += f"x-ratelimit-limit-{name}: {limit}\r\n" if limit else ""
        first = f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\ncontent-type: application/json\r\n"
        return f"{first}content-length: {len(data)}\r\n{head}\r\n".encode() + data
