"""The line to one model: its client, its pace, its price, and what one call over it comes to."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
import openai

from dataset_builder.llm.endpoint import connect
from dataset_builder.llm.errors import CallError, Completion, ErrorAction, classify, read
from dataset_builder.llm.model import LLM, Request
from dataset_builder.llm.prices import Price, price_of
from dataset_builder.llm.rate_limit import RateLimiter
from dataset_builder.llm.secrets import redacted, secrets

LOOK = 50  # answers between two looks at the limits that an endpoint names in its headers


class Arrived(NamedTuple):
    """A completion that arrived whole, its raw text, and how long it took."""

    completion: Completion
    response: str
    seconds: float


@dataclass
class Connection:
    """A client, a pace, a price, and what the endpoint turned out not to take."""

    llm: LLM
    client: openai.AsyncOpenAI
    rate_limiter: RateLimiter
    price: Price | None
    told: bool  # its limit is known from the command line, and its headers are not asked
    answered: int = 0
    given_up: int = 0  # requests, in a row
    no_schema: bool = False
    new_max_tokens: bool = False
    keys: tuple[str, ...] = field(default_factory=lambda: tuple(secrets().values()), repr=False)

    def body(self, request: Request) -> dict[str, Any]:
        """The request's body, as this endpoint takes it."""
        body = dict(request.body)
        if self.no_schema:
            body.pop("response_format", None)
        if self.new_max_tokens:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return body

    @property
    def left_out(self) -> tuple[bool, bool]:
        """What this endpoint was found not to take."""
        return self.no_schema, self.new_max_tokens

    def adapt(self, request: Request, error: CallError, left_out: tuple[bool, bool]) -> bool:
        """True where the endpoint refuses a field that can be left out or called otherwise, and was not when the call began."""
        if error.kind not in ("400", "422"):
            return False
        if "response_format" in error.detail and request.schema:
            self.no_schema = True
        elif "max_completion_tokens" in error.detail:
            self.new_max_tokens = True
        return self.left_out != left_out

    def upper_bound(self, request: Request) -> float:
        """The most that a call can cost: a token has at least one byte."""
        return self.price.usd(request.size, request.llm.max_tokens) if self.price else 0.0

    def usd(self, request: Request, prompt_tokens: int | None, completion_tokens: int | None) -> float | None:
        """What an answer cost; the most that it can have, where the endpoint does not count; None without a price."""
        if self.price is None:
            return None
        if prompt_tokens is None:
            return self.upper_bound(request)
        return self.price.usd(prompt_tokens, completion_tokens or 0)

    async def call(self, request: Request, timeout_s: float, sent_at: float) -> Arrived | CallError:
        """One call, and nothing but it: the SDK does not retry. ``sent_at``: from the pacer, which hears of the outcome."""
        try:
            async with asyncio.timeout(timeout_s):  # in all; the SDK's own time-out is per read
                response = await self.client.post("/chat/completions", cast_to=httpx.Response, body=self.body(request))
            text = response.content.decode("utf-8", "replace")
            completion = read(text)
        except (openai.APIError, TimeoutError) as why:
            error = classify(why)
            if error.action == ErrorAction.SLOW_DOWN:
                if isinstance(why, openai.APIStatusError):
                    self._read_limits(why.response.headers)
                self.rate_limiter.refuse(sent_at, error.retry_after)
            return CallError(
                error.kind, error.action, redacted(error.detail, self.keys), error.retry_after, error.maybe_paid
            )
        except ValueError as why:
            return CallError("no completion", ErrorAction.TRY_AGAIN, str(why), maybe_paid=True)
        self.rate_limiter.ok(sent_at)
        if self.answered % LOOK == 0:
            self._read_limits(response.headers)
        self.answered, self.given_up = self.answered + 1, 0
        return Arrived(completion, redacted(text, self.keys), round(time.monotonic() - sent_at, 3))

    def _read_limits(self, headers: httpx.Headers) -> None:
        requests, tokens = (headers.get(f"x-ratelimit-limit-{what}") for what in ("requests", "tokens"))
        if (requests or tokens) and not self.told:
            self.rate_limiter.limit(*(float(n) / 60 if n and n.isdigit() else None for n in (requests, tokens)))


def open_connection(llm: LLM, prices: Mapping[str, Price], per_minute: float | None) -> Connection:
    """A new line. Raises ModelError where the environment does not name the endpoint's URL and key."""
    rate_limiter = RateLimiter(per_minute / 60) if per_minute else RateLimiter()
    return Connection(
        llm, connect(llm.endpoint), rate_limiter, price_of(llm.model, prices), told=per_minute is not None
    )
