"""Bring answers in: one call after another at the endpoint's pace, with bounded retries, under a cap, into the store.

A request ends in one entry that counts: ``good``; ``final`` (the same request would fail again) or ``failed`` (it may pass in
a later run). Faults and refusals (429) are counted apart, since a refusal says nothing of the request. Every answer that was
paid is stored, the bad ones too.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx
import openai

from dataset_builder import faults
from dataset_builder.answer_store import AnswerStore, Entry
from dataset_builder.budget import Budget
from dataset_builder.commits import Commits
from dataset_builder.conversation import Request
from dataset_builder.endpoint import connect, secrets
from dataset_builder.faults import Fault, Then
from dataset_builder.llm import LLM, ModelError
from dataset_builder.pace import Pacer
from dataset_builder.prices import Price, price_of
from dataset_builder.tally import Tally

FAULTS = 8  # calls of one request that may fail
REFUSALS = 20  # 429s to one request
BAD = 4  # paid answers to one request that cannot be used
DEADLINE_S = 1800.0  # for one request, from its first call
BACK_OFF = {Then.TRY_AGAIN: (0.25, 8.0), Then.SLOW_DOWN: (0.05, 8.0)}  # first wait and longest, seconds; doubling
DOWN = 20  # requests given up in a row without an answer: the endpoint is gone


@dataclass
class Line:
    """The line to one model: its client, its pace, its price, and what its endpoint turned out not to take."""

    llm: LLM
    client: openai.AsyncOpenAI
    pacer: Pacer
    price: Price | None
    answered: int = 0
    given_up: int = 0  # in a row
    no_schema: bool = False
    new_max_tokens: bool = False

    def body(self, request: Request) -> dict[str, Any]:
        """The request's body, as this endpoint takes it."""
        body = dict(request.body)
        if self.no_schema:
            body.pop("response_format", None)
        if self.new_max_tokens:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return body

    def adapt(self, request: Request, fault: Fault) -> bool:
        """True, once, where an endpoint refuses a field that can be left out or called otherwise."""
        if fault.kind not in ("400", "422"):
            return False
        if "response_format" in fault.detail and request.schema and not self.no_schema:
            self.no_schema = True
        elif "max_completion_tokens" in fault.detail and not self.new_max_tokens:
            self.new_max_tokens = True
        else:
            return False
        return True

    def most(self, request: Request) -> float:
        """The most that a call can cost: a token has at least one byte."""
        return self.price.usd(request.size, request.llm.max_tokens) if self.price else 0.0


@dataclass
class Tries:
    """How often one request has been tried."""

    bad: int = 0
    faults: int = 0
    refusals: int = 0
    deadline: float = field(default_factory=lambda: time.monotonic() + DEADLINE_S)

    def over(self, then: Then, wait: float) -> bool:
        """Nothing is left to try."""
        used_up = self.faults >= FAULTS or self.refusals >= REFUSALS or self.bad >= BAD
        return then == Then.GIVE_UP or used_up or time.monotonic() + wait > self.deadline

    def wait(self, fault: Fault) -> float:
        """Seconds until the next try: what the endpoint asks for, or ever longer, never at the same time as others."""
        first, longest = BACK_OFF[fault.then]
        count = self.refusals if fault.then == Then.SLOW_DOWN else self.faults + self.bad
        return max(fault.retry_after, min(longest, first * 2**count) * random.uniform(0.5, 1.0))


class Dispatcher:
    """Calls models for one run; it belongs to one event loop. ``tally`` may be exchanged for a new one at any time."""

    def __init__(
        self,
        store: AnswerStore,
        *,
        prices: Mapping[str, Price],
        in_flight: int = 256,
        per_minute: float | None = None,
        max_usd: float | None = None,
        timeout_s: float = 300.0,
    ) -> None:
        self.prices, self.in_flight, self.per_minute, self.timeout_s = prices, in_flight, per_minute, timeout_s
        self.budget, self.commits = Budget(max_usd), Commits(store)
        self.tally, self.stopped = Tally(), None
        self._slots = asyncio.Semaphore(in_flight)
        self._lines: dict[LLM, Line] = {}
        self._asked: dict[bytes, asyncio.Future[Entry]] = {}
        self._secrets = secrets()
        self._ended = asyncio.Event()

    stopped: ModelError | None

    async def close(self) -> None:
        """Commit what is left and close all connections."""
        await self.commits.flush()
        for line in self._lines.values():
            await line.client.close()

    async def answer(self, request: Request, stage: str, bad: int = 0) -> Entry:
        """The entry that counts, on disk already. ``bad``: paid answers of earlier runs that could not be used.

        Raises ModelError where no request to this endpoint can succeed: the run ends, and what was paid is kept.
        """
        if (asked := self._asked.get(request.key)) is not None:
            return await asked  # the same request of another row is on its way
        future = self._asked[request.key] = asyncio.get_running_loop().create_future()
        try:
            entry = await self._ask(request, stage, Tries(bad=bad))
        except BaseException as why:
            future.set_exception(why)
            future.exception()  # seen, also where nobody else waits for it
            raise
        finally:
            del self._asked[request.key]
        future.set_result(entry)
        return entry

    async def _ask(self, request: Request, stage: str, tries: Tries) -> Entry:
        line = self._line(request.llm)
        while True:
            outcome = await self._call(request, stage, line)
            if isinstance(outcome, Entry) and outcome.status == "bad":
                self.commits.put(outcome)
                tries.bad += 1
                final = outcome.reason == "content_filter"
                outcome = Fault(
                    "bad answer", Then.GIVE_UP if final else Then.TRY_AGAIN, f"the answer is {outcome.detail}"
                )
            elif isinstance(outcome, Entry):
                await self.commits.put(outcome)
                return outcome
            elif outcome.then == Then.END_RUN or outcome.retry_after > DEADLINE_S:
                self._end(line, outcome.detail)
            elif line.adapt(request, outcome):
                continue
            else:
                tries.faults += outcome.then == Then.TRY_AGAIN
                tries.refusals += outcome.then == Then.SLOW_DOWN
            wait = 0.0 if outcome.then == Then.GIVE_UP else tries.wait(outcome)
            if tries.over(outcome.then, wait):
                return await self._give_up(request, stage, line, outcome, tries)
            await self._rest(wait)

    async def _rest(self, seconds: float) -> None:
        """Wait, but no longer than the run lasts."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    async def _call(self, request: Request, stage: str, line: Line) -> Entry | Fault:
        """One call, from its place in the queue to its outcome."""
        most = line.most(request)
        async with self._slots:
            if self.stopped:
                raise self.stopped
            if not await self.budget.reserve(most):
                return self._entry(request, stage, "failed", "over_budget", f"--max-usd {self.budget.cap} is reached")
            if self.budget.cap is not None:  # on disk before it is sent: what is in flight at a kill counts as spent
                await self.commits.put(self._entry(request, stage, "sent", usd=most))
            sent_at = await line.pacer.slot(request.size // 4 + request.llm.max_tokens)
            if self.stopped:  # while it waited; it was not sent
                self.budget.settle(most, 0.0)
                self._clear(request, stage)
                raise self.stopped
            self.tally.sent += 1
            self.tally.in_flight += 1
            usd = most  # unless the outcome says better, also where this task is cancelled
            try:
                outcome = await self._outcome(request, stage, line, sent_at)
                usd = self._cost(outcome, most)
            finally:
                self.tally.in_flight -= 1
                self.budget.settle(most, usd)
        if isinstance(outcome, Fault):
            self.tally.faults[outcome.kind] += 1
            if outcome.maybe_paid and line.price:
                self.tally.lost_usd += most
                self.commits.put(self._entry(request, stage, "lost", outcome.kind, outcome.detail, usd=most))
            else:
                self._clear(request, stage)
        return outcome

    def _clear(self, request: Request, stage: str) -> None:
        """Where there is a cap: what was reserved on disk has cost nothing."""
        if self.budget.cap is not None:
            self.commits.put(self._entry(request, stage, "lost", usd=0.0))

    @staticmethod
    def _cost(outcome: Entry | Fault, most: float) -> float:
        if isinstance(outcome, Fault):
            return most if outcome.maybe_paid else 0.0
        return outcome.usd or 0.0

    async def _outcome(self, request: Request, stage: str, line: Line, sent_at: float) -> Entry | Fault:
        try:
            async with asyncio.timeout(self.timeout_s):  # in all; the SDK's own time-out is per read
                response = await line.client.post("/chat/completions", cast_to=httpx.Response, body=line.body(request))
            text = response.content.decode("utf-8", "replace")
            completion = faults.read(text)
        except (openai.APIError, TimeoutError) as why:
            fault = faults.fault_of(why)
            if fault.then == Then.SLOW_DOWN:
                if isinstance(why, openai.APIStatusError):
                    self._read_limits(line, why.response.headers)
                line.pacer.refuse(sent_at, fault.retry_after)
            return Fault(fault.kind, fault.then, self._clean(fault.detail), fault.retry_after, fault.maybe_paid)
        except ValueError as why:
            return Fault("no completion", Then.TRY_AGAIN, str(why), maybe_paid=True)
        line.pacer.ok(sent_at)
        if line.answered % 50 == 0:
            self._read_limits(line, response.headers)
        return self._paid(request, stage, line, completion, self._clean(text), time.monotonic() - sent_at)

    def _paid(
        self, request: Request, stage: str, line: Line, completion: faults.Completion, response: str, seconds: float
    ) -> Entry:
        """The entry of an answer, good or bad."""
        bad, then, prompt_tokens, completion_tokens = completion
        line.answered, line.given_up = line.answered + 1, 0
        usd = None
        if line.price:
            usd = (
                line.most(request) if prompt_tokens is None else line.price.usd(prompt_tokens, completion_tokens or 0)
            )
        self.tally.now.add(prompt_tokens, completion_tokens, usd)
        self.tally.bad += bad is not None
        self.tally.good += bad is None
        reason = None if bad is None else "content_filter" if then == Then.GIVE_UP else "unusable"
        if bad:
            self.tally.faults[bad] += 1
        status = "good" if bad is None else "bad"
        return Entry(
            request.key, status, reason, bad, response, str(request.llm), stage,
            prompt_tokens, completion_tokens, usd, round(seconds, 3),
        )  # fmt: skip

    async def _give_up(self, request: Request, stage: str, line: Line, fault: Fault, tries: Tries) -> Entry:
        line.given_up += 1
        if fault.kind in ("no connection", "time-out") and (line.given_up >= DOWN or not line.answered):
            self._end(line, f"{line.given_up} requests were given up in a row, the last after {fault.detail}")
        if fault.kind in ("400", "422") and not line.answered and line.given_up >= DOWN:
            self._end(line, f"it refused the first {line.given_up} requests: {fault.detail}")
        lasting = fault.then == Then.GIVE_UP or tries.bad >= BAD
        entry = self._entry(request, stage, "final" if lasting else "failed", "llm_failed", fault.detail)
        await self.commits.put(entry)
        return entry

    def _end(self, line: Line, why: str) -> NoReturn:
        raise self.stop(f"model {line.llm.model!r} at endpoint {line.llm.endpoint!r}: {why}")

    def stop(self, why: str) -> ModelError:
        """Send nothing more; what is in flight comes in. Every call of `answer` that waits raises ModelError."""
        self.stopped = self.stopped or ModelError(
            f"the run was stopped: {why}. Every answer that came is in the store; mend the cause and run the same command again"
        )
        self._ended.set()
        return self.stopped

    def _entry(
        self, request: Request, stage: str, status: str, reason: str = "", detail: str = "", usd: float | None = None
    ) -> Entry:
        return Entry(request.key, status, reason or None, detail or None, None, str(request.llm), stage, usd=usd)

    def _line(self, llm: LLM) -> Line:
        """One line per model and endpoint, however it is sampled."""
        name = LLM(llm.model, llm.endpoint)
        if name not in self._lines:
            price = price_of(llm.model, self.prices)
            if price is None and self.budget.cap is not None:
                raise ModelError(
                    f"--max-usd needs the price of {llm.model!r}, which is not in prices.tsv; "
                    f"add --price {llm.model}=IN/OUT, in dollars per million tokens (0/0 for a server of your own)"
                )
            per_second = self.per_minute / 60 if self.per_minute else float("inf")
            self._lines[name] = Line(name, connect(llm.endpoint), Pacer(per_second), price)
        return self._lines[name]

    def _read_limits(self, line: Line, headers: httpx.Headers) -> None:
        requests, tokens = (headers.get(f"x-ratelimit-limit-{what}") for what in ("requests", "tokens"))
        if (requests or tokens) and self.per_minute is None:
            line.pacer.limit(*(float(n) / 60 if n and n.isdigit() else None for n in (requests, tokens)))

    def _clean(self, text: str) -> str:
        """A key that an endpoint sends back goes no further."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, "[key]")
        return text
