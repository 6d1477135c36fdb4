"""The connection to one model: client, rate limiter, price, and the outcome of one call."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
import openai

from dataset_builder.llm.endpoint import connect
from dataset_builder.llm.errors import CallError, Completion, ErrorAction, classify, read_completion
from dataset_builder.llm.model import LLM, Request
from dataset_builder.llm.prices import Price, price_of
from dataset_builder.llm.rate_limit import RateLimiter
from dataset_builder.llm.secrets import redacted, secrets

LOOK = 50  # the rate limits in an endpoint's headers are read once in this many answers


class ArrivedCompletion(NamedTuple):
    """A completion that arrived completely, its raw text, and the seconds that it took."""

    completion: Completion
    response: str
    seconds: float


@dataclass
class Connection:
    """Client, rate limiter and price of a model, and the request fields that its endpoint was found not to accept."""

    llm: LLM
    client: openai.AsyncOpenAI
    rate_limiter: RateLimiter
    price: Price | None
    limit_is_given: bool  # the rate limit is given on the command line, so the headers are not read
    answered: int = 0
    given_up: int = 0  # requests in a row
    no_schema: bool = False
    new_max_tokens: bool = False
    keys: tuple[str, ...] = field(default_factory=lambda: tuple(secrets().values()), repr=False)

    def body(self, request: Request) -> dict[str, Any]:
        """The request's body, with the fields that this endpoint accepts."""
        body = dict(request.body)
        if self.no_schema:
            body.pop("response_format", None)
        if self.new_max_tokens:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return body

    @property
    def left_out(self) -> tuple[bool, bool]:
        """Which fields this endpoint was found not to accept: response_format, max_tokens."""
        return self.no_schema, self.new_max_tokens

    def adapt(self, request: Request, error: CallError, left_out: tuple[bool, bool]) -> bool:
        """Note a refused field that can be left out or renamed.

        True where this is new since the call began: call again.
        """
        if error.kind not in ("400", "422"):
            return False
        if "response_format" in error.detail and request.schema:
            self.no_schema = True
        elif "max_completion_tokens" in error.detail:
            self.new_max_tokens = True
        return self.left_out != left_out

    def upper_bound(self, request: Request) -> float:
        """The maximum cost of a call in dollars, since a token has at least one byte; 0 without a price."""
        return self.price.usd(request.size, request.llm.max_tokens) if self.price else 0.0

    def usd(self, request: Request, prompt_tokens: int | None, completion_tokens: int | None) -> float | None:
        """The cost of an answer in dollars; the upper bound where the endpoint counts no tokens.

        None without a price.
        """
        if self.price is None:
            return None
        if prompt_tokens is None:
            return self.upper_bound(request)
        return self.price.usd(prompt_tokens, completion_tokens or 0)

    async def call(self, request: Request, timeout_s: float, sent_at: float) -> ArrivedCompletion | CallError:
        """Make one call; the SDK does not retry. ``sent_at``: from the rate limiter, which is told the outcome."""
        try:
            async with asyncio.timeout(timeout_s):  # for the whole call; the SDK's own time-out is per read
                response = await self.client.post("/chat/completions", cast_to=httpx.Response, body=self.body(request))
            text = response.content.decode("utf-8", "replace")
            completion = read_completion(text)
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
        return ArrivedCompletion(completion, redacted(text, self.keys), round(time.monotonic() - sent_at, 3))

    def _read_limits(self, headers: httpx.Headers) -> None:
        requests, tokens = (headers.get(f"x-ratelimit-limit-{what}") for what in ("requests", "tokens"))
        if (requests or tokens) and not self.limit_is_given:
            self.rate_limiter.limit(*(float(n) / 60 if n and n.isdigit() else None for n in (requests, tokens)))


def open_connection(llm: LLM, prices: Mapping[str, Price], per_minute: float | None) -> Connection:
    """A new connection. Raises ModelError where the environment lacks the endpoint's URL or key."""
    rate_limiter = RateLimiter(per_minute / 60) if per_minute else RateLimiter()
    return Connection(
        llm, connect(llm.endpoint), rate_limiter, price_of(llm.model, prices), limit_is_given=per_minute is not None
    )
