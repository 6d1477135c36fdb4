"""The connection to one model at one server: client, rate limiter, price, what the server was found not to accept, and the outcome of one call."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import httpx
import openai

from dataset_builder.llm.calls.endpoint import connect, is_openai, server_names
from dataset_builder.llm.calls.errors import TIME_OUT, CallError, ErrorAction, classify, error_under_200, seconds_of
from dataset_builder.llm.calls.in_flight import InFlight
from dataset_builder.llm.calls.outage import Outage
from dataset_builder.llm.calls.patience import USUAL_S, Patience
from dataset_builder.llm.calls.rate_limit import RateLimiter
from dataset_builder.llm.calls.transport import TooLong, limit_of_reply
from dataset_builder.llm.completion import Completion, NoCompletion, read_completion
from dataset_builder.llm.model import LLM, Request
from dataset_builder.llm.prices import Price, price_of
from dataset_builder.llm.secrets import redacted, secrets

LOOK = 50  # the rate limits in an endpoint's headers are read once in this many answers
SAMPLING = ("temperature", "top_p", "seed")
MAY_REFUSE = ("400", "403", "404", "422", "500", "501")  # statuses with which endpoints refuse a parameter
_FORMAT = r"response[_ ]?format|json[_ ]?schema|json[_ ]?mode|json[_ ]?object|x?grammar|outlines|guided|structured[_ ]outputs?|regex|max_?(?:length|items)"
_REFUSED = (
    r"unsupported|n[o']t (?:currently |yet )?(?:support|allow|permit|implement|compat|available|enabled|recognized|convert)|unavailable|invalid|unknown|unrecognized|unexpected|extra|deprecated|only|must"
    r"|range|forbidden|fail|cannot|could not|disabled|supports?\b|error|unimplemented|not a valid|incompatible|should be"
)


class ArrivedCompletion(NamedTuple):
    """A reply that arrived, its raw text without secrets, and the seconds that it took."""

    completion: Completion
    response: str
    seconds: float


class Change(NamedTuple):
    """What one request is asked with besides its own fields: a smaller limit on its answer, a seed. Not in its key."""

    max_tokens: int | None = None
    seed: int | None = None


class Adapted(NamedTuple):
    """What a connection leaves out or renames, because its endpoint refuses it."""

    left_out: frozenset[str]
    new_max_tokens: bool
    bounded: bool


@dataclass(eq=False)
class Connection:
    """Client, rate limiter and price of a model at one server, and the request fields that the server was found not to accept."""

    llm: LLM
    client: openai.AsyncOpenAI
    rate_limiter: RateLimiter
    in_flight: InFlight
    patience: Patience
    price: Price | None
    limit_is_given: bool  # the rate limit is given on the command line, so the headers are not read
    name: str = ""  # of the server, for messages: host and port
    outage: Outage = field(default_factory=Outage)
    answered: int = 0
    forbidden: int = 0  # calls refused with 403
    left_out: frozenset[str] = frozenset()
    new_max_tokens: bool = False
    bounded: bool = True  # schemas are sent with their bounds
    keys: tuple[str, ...] = field(default_factory=lambda: tuple(secrets().values()), repr=False)

    def body(self, request: Request, change: Change) -> dict[str, Any]:
        """The request's body, with the fields that this endpoint accepts."""
        body = dict(request.body)
        if change.max_tokens:
            body["max_tokens"] = change.max_tokens
        if change.seed is not None:
            body["seed"] = change.seed
        if self.bounded and (bounded := request.bounded_format):
            body["response_format"] = bounded
        body = {name: value for name, value in body.items() if name not in self.left_out}
        if self.new_max_tokens and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return body

    @property
    def paused(self) -> bool:
        """Whether the server wants no call for a while: a long Retry-After."""
        return self.rate_limiter.controller.paused_until > time.monotonic()

    @property
    def adapted(self) -> Adapted:
        """What was adapted so far."""
        return Adapted(self.left_out, self.new_max_tokens, self.bounded)

    def adapt(self, request: Request, error: CallError, before: Adapted) -> str | None:
        """Note a refused field that can be left out or renamed. ``before``: `adapted` when the call began.

        Returns what was noted, in words, or "" where another call has noted it since; then the request can be sent again. None: the
        error is of another kind.
        """
        if error.kind not in MAY_REFUSE or error.action == ErrorAction.SLOW_DOWN:
            return None
        sent = [name for name in request.body if name not in ("model", "messages")]
        if "max_completion_tokens" in error.said and "max_tokens" in sent and not self.new_max_tokens:
            self.new_max_tokens = True
            return "max_tokens is sent as max_completion_tokens"
        for name in sent:
            if name != "max_tokens" and name not in self.left_out and _is_refused(name, error):
                if name == "response_format" and request.bounds and before.bounded:
                    self.bounded = False
                    return "response_format is sent without bounds on lists and texts"
                self.left_out |= {name}
                return f"{name} is left out"
        return "" if self.adapted != before else None

    def upper_bound(self, request: Request) -> float:
        """The maximum cost of a call in dollars, since a token has at least one byte; 0 without a price."""
        return self.price.usd(request.size, request.llm.max_tokens) if self.price else 0.0

    def usd(self, request: Request, read: Completion) -> float | None:
        """The cost of an answer in dollars; the upper bound where the endpoint gives no two numbers of tokens.

        None without a price.
        """
        if self.price is None:
            return None
        if read.prompt_tokens is None or read.completion_tokens is None:
            return self.upper_bound(request)
        return self.price.usd(read.prompt_tokens, read.completion_tokens, read.cached_tokens)

    async def call(
        self, request: Request, sent_at: float, change: Change, patience: float = 1.0
    ) -> ArrivedCompletion | CallError:
        """Make one call; the SDK does not retry. ``sent_at``: from the rate limiter, which is told the outcome.

        ``patience``: how many time-outs long it may take.
        """
        begun = self.in_flight.begin()
        try:
            outcome = await self._call(request, sent_at, change, patience)
        finally:
            self.in_flight.end()
        if isinstance(outcome, ArrivedCompletion):
            read = outcome.completion
            tokens = len(read.text) // 4 if read.completion_tokens is None else read.completion_tokens
            self.in_flight.answered(begun, tokens, sent_at)
            self.patience.answered(tokens, outcome.seconds)
        elif outcome.kind == TIME_OUT:
            self.in_flight.timed_out(sent_at)
        return outcome

    async def _call(
        self, request: Request, sent_at: float, change: Change, patience: float
    ) -> ArrivedCompletion | CallError:
        seconds, cpu = patience * self.patience.seconds(request.llm.max_tokens), time.process_time()
        try:
            with limit_of_reply(request.llm.max_tokens):
                async with self.patience.wait(seconds):  # for the whole call; the SDK's own time-out is per read
                    response = await self.client.post(
                        "/chat/completions", cast_to=httpx.Response, body=self.body(request, change)
                    )
        except (openai.APIError, TimeoutError) as why:
            return self._failed(why, sent_at, seconds)
        text = response.content.decode("utf-8", "replace")
        self.rate_limiter.ok(sent_at, time.process_time() - cpu)
        if self.answered % LOOK == 0:
            self._read_limits(response.headers)
        read = read_completion(text)
        if isinstance(read, NoCompletion):
            if read.error is not None:
                return self._redacted(error_under_200(read.error))
            if read.whole:  # a page, a proxy: no model has answered
                return self._redacted(CallError("no completion", ErrorAction.TRY_AGAIN, f"status 200, but {read.why}"))
            read = Completion("", f"no completion: {read.why}", False, False, None, None)
        self.answered += 1
        return ArrivedCompletion(read, redacted(text, self.keys), round(time.monotonic() - sent_at, 3))

    def _failed(
        self, why: openai.APIError | TimeoutError, sent_at: float, seconds: float
    ) -> ArrivedCompletion | CallError:
        if (too_long := _too_long(why)) is not None:
            self.rate_limiter.ok(sent_at)
            read = Completion(
                "", f"larger than {too_long.limit:,} bytes, more than max_tokens allows", True, False, None, None
            )
            return ArrivedCompletion(read, redacted(too_long.begin, self.keys), round(time.monotonic() - sent_at, 3))
        error = classify(why)
        if error.kind == TIME_OUT:
            error = replace(error, detail=f"{error.detail} of {seconds:.0f} s; seen: {self.in_flight.seen()}")
        if error.action == ErrorAction.SLOW_DOWN:
            if isinstance(why, openai.APIStatusError):
                self._read_limits(why.response.headers)
            self.rate_limiter.refuse(sent_at, error.retry_after)
        return self._redacted(error)

    def _redacted(self, error: CallError) -> CallError:
        detail, said = (redacted(text, self.keys) for text in (error.detail, error.said))
        return CallError(error.kind, error.action, detail, error.retry_after, error.maybe_paid, said)

    def _read_limits(self, headers: Mapping[str, str]) -> None:
        requests, tokens = (seconds_of(headers.get(f"x-ratelimit-limit-{what}")) for what in ("requests", "tokens"))
        if (requests or tokens) and not self.limit_is_given:
            self.rate_limiter.limit(*(number / 60 if number else None for number in (requests, tokens)))


def _is_refused(name: str, error: CallError) -> bool:
    """Whether an error refuses this field of the request: by its own `param`, or by the field's name near a word of refusal."""
    words = _FORMAT if name == "response_format" else re.escape(name).replace("_", "[_ ]?")
    if error.kind in ("500", "501") and name != "response_format":
        words = rf"['\"`]{words}['\"`]"  # a text in an error may speak of temperature too
    return bool(
        re.search(rf"\bparam: (?:{words})", error.said, re.IGNORECASE)
        or re.search(
            rf"\b(?:{words})\b[^\n]{{0,100}}?(?:{_REFUSED})|(?:{_REFUSED})[^\n]{{0,80}}?(?:{words})",
            error.said,
            re.IGNORECASE,
        )
    )


def _too_long(why: BaseException) -> TooLong | None:
    """The reason of a failed call, where its reply was too long."""
    cause: BaseException | None = why
    while cause is not None and not isinstance(cause, TooLong):
        cause = cause.__cause__
    return cause


def open_connections(
    llm: LLM,
    prices: Mapping[str, Price],
    per_minute: float | None,
    *,
    in_flight: int = 256,
    timeout_s: float | None = None,
    sampling: bool = True,
) -> list[Connection]:
    """A new connection to each server of the endpoint.

    ``per_minute``: requests that each server allows, ``in_flight``: the most calls at each; None or ``timeout_s`` None: found by measuring.
    ``sampling``: False leaves all sampling fields out. Raises ModelError where the environment lacks the URL or key.
    """
    hosted, clients = is_openai(llm.endpoint), connect(llm.endpoint)
    return [
        Connection(
            llm,
            client,
            RateLimiter(per_minute / 60) if per_minute else RateLimiter(),
            InFlight(in_flight),
            Patience(USUAL_S if timeout_s is None and hosted else timeout_s),
            price_of(llm.model, prices),
            limit_is_given=per_minute is not None,
            name=name,
            left_out=frozenset() if sampling else frozenset(SAMPLING),
            bounded=not hosted,
        )
        for client, name in zip(clients, server_names(clients), strict=True)
    ]
