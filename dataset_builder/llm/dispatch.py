"""Get answers into the store: calls at the rate of the endpoint, with bounded retries, under a cap on the cost.

Each request ends in one entry that counts: ``good``, ``final`` (the same request would fail again) or ``failed`` (it may
succeed in a later run). Errors and refusals (429) are counted separately, since a refusal says nothing about the request.
Every answer that was paid is stored, also an unusable one.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from dataset_builder.answer_store.store import AnswerStore, Entry
from dataset_builder.answer_store.write_queue import WriteQueue
from dataset_builder.llm.budget import Budget
from dataset_builder.llm.connection import ArrivedCompletion, Connection, open_connection
from dataset_builder.llm.errors import CallError, ErrorAction
from dataset_builder.llm.model import LLM, ModelError, Request
from dataset_builder.llm.prices import Price
from dataset_builder.llm.usage import Usage

MAX_ERRORS = 8  # failed calls of one request
MAX_REFUSALS = 20  # 429 answers to one request
MAX_BAD_ANSWERS = 4  # paid but unusable answers to one request
DEADLINE_S = 1800.0  # for one request, from its first call
BACK_OFF = {
    ErrorAction.TRY_AGAIN: (0.25, 8.0),
    ErrorAction.SLOW_DOWN: (0.05, 8.0),
}  # first and longest wait in seconds; each wait is twice the last
LASTING = ("context length", "content filter")  # kinds of errors after which no later run sends the request again
DOWN = 20  # requests given up in a row, without an answer: the endpoint counts as down


@dataclass
class Attempts:
    """How often one request has been tried."""

    bad: int = 0
    errors: int = 0
    refusals: int = 0
    deadline: float = field(default_factory=lambda: time.monotonic() + DEADLINE_S)

    def over(self, action: ErrorAction, wait: float) -> bool:
        """Whether the request must be given up."""
        used_up = self.errors >= MAX_ERRORS or self.refusals >= MAX_REFUSALS or self.bad >= MAX_BAD_ANSWERS
        return action == ErrorAction.GIVE_UP or used_up or time.monotonic() + wait > self.deadline

    def wait(self, error: CallError) -> float:
        """Seconds until the next try: the endpoint's retry-after, or an ever longer wait with random jitter."""
        first, longest = BACK_OFF[error.action]
        count = self.refusals if error.action == ErrorAction.SLOW_DOWN else self.errors + self.bad
        return max(error.retry_after, min(longest, first * 2**count) * random.uniform(0.5, 1.0))


class Dispatcher:
    """Calls models for one run; it belongs to one event loop. ``usage`` may be replaced by a new one at any time."""

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
        self.budget, self.write_queue = Budget(max_usd), WriteQueue(store)
        self.usage, self.stopped = Usage(), None
        self._slots = asyncio.Semaphore(in_flight)
        self._connections: dict[LLM, Connection] = {}
        self._pending: dict[bytes, asyncio.Future[Entry]] = {}
        self._ended = asyncio.Event()

    stopped: ModelError | None

    async def close(self) -> None:
        """Write the remaining entries and close all connections."""
        await self.write_queue.flush()
        for connection in self._connections.values():
            await connection.client.close()

    async def answer(self, request: Request, stage: str, bad: int = 0) -> Entry:
        """The entry that counts, already on disk. ``bad``: number of paid but unusable answers of earlier runs.

        Raises ModelError where no request to this endpoint can succeed: the run ends, and all paid answers are kept.
        """
        if (asked := self._pending.get(request.key)) is not None:
            return await asked  # the same request of another row is in flight
        future = self._pending[request.key] = asyncio.get_running_loop().create_future()
        try:
            entry = await self._ask(request, stage, Attempts(bad=bad))
        except BaseException as why:
            future.set_exception(why)
            future.exception()  # marks it as retrieved, also where no other row waits for it
            raise
        finally:
            del self._pending[request.key]
        future.set_result(entry)
        return entry

    async def _ask(self, request: Request, stage: str, attempts: Attempts) -> Entry:
        connection = self._connection(request.llm)
        while True:
            left_out, outcome = connection.left_out, await self._call(request, stage, connection)
            if isinstance(outcome, Entry) and outcome.status == "bad":
                self.write_queue.put(outcome)
                attempts.bad += 1
                filtered = outcome.reason == "content_filter"
                kind, action = (
                    ("content filter", ErrorAction.GIVE_UP) if filtered else ("bad answer", ErrorAction.TRY_AGAIN)
                )
                outcome = CallError(kind, action, f"the answer is {outcome.detail}")
            elif isinstance(outcome, Entry):
                await self.write_queue.put(outcome)
                return outcome
            elif outcome.action == ErrorAction.END_RUN or outcome.retry_after > DEADLINE_S:
                self._end(connection, outcome.detail)
            elif connection.adapt(request, outcome, left_out):
                continue
            else:
                attempts.errors += outcome.action == ErrorAction.TRY_AGAIN
                attempts.refusals += outcome.action == ErrorAction.SLOW_DOWN
            wait = 0.0 if outcome.action == ErrorAction.GIVE_UP else attempts.wait(outcome)
            if attempts.over(outcome.action, wait):
                return await self._give_up(request, stage, connection, outcome, attempts)
            await self._rest(wait)

    async def _rest(self, seconds: float) -> None:
        """Wait, but only until the run is stopped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    async def _call(self, request: Request, stage: str, connection: Connection) -> Entry | CallError:
        """Make one call: wait for its turn, reserve its cost, send it, and record the outcome."""
        upper_bound = connection.upper_bound(request)
        async with self._slots:
            if self.stopped:
                raise self.stopped
            if not await self.budget.reserve(upper_bound):
                return self._entry(request, stage, "failed", "over_budget", f"--max-usd {self.budget.cap} is reached")
            if self.budget.cap is not None:  # on disk before it is sent: what is in flight at a kill counts as spent
                await self.write_queue.put(self._entry(request, stage, "sent", usd=upper_bound))
            sent_at = await connection.rate_limiter.slot(request.size // 4 + request.llm.max_tokens)
            if self.stopped:  # stopped while it waited; it was not sent
                self.budget.settle(upper_bound, 0.0)
                self._clear(request, stage)
                raise self.stopped
            self.usage.sent += 1
            self.usage.in_flight += 1
            usd = upper_bound  # the cost, unless the outcome is known; also where this task is cancelled
            try:
                arrived = await connection.call(request, self.timeout_s, sent_at)
                outcome = (
                    arrived if isinstance(arrived, CallError) else self._paid(request, stage, connection, arrived)
                )
                usd = self._cost(outcome, upper_bound)
            finally:
                self.usage.in_flight -= 1
                self.budget.settle(upper_bound, usd)
        if isinstance(outcome, CallError):
            self.usage.errors[outcome.kind] += 1
            if outcome.maybe_paid and connection.price:
                self.usage.lost_usd += upper_bound
                self.write_queue.put(
                    self._entry(request, stage, "lost", outcome.kind, outcome.detail, usd=upper_bound)
                )
            else:
                self._clear(request, stage)
        return outcome

    def _clear(self, request: Request, stage: str) -> None:
        """With a cap: record that the call reserved on disk has cost nothing."""
        if self.budget.cap is not None:
            self.write_queue.put(self._entry(request, stage, "lost", usd=0.0))

    @staticmethod
    def _cost(outcome: Entry | CallError, upper_bound: float) -> float:
        if isinstance(outcome, CallError):
            return upper_bound if outcome.maybe_paid else 0.0
        return outcome.usd or 0.0

    def _paid(self, request: Request, stage: str, connection: Connection, arrived: ArrivedCompletion) -> Entry:
        """The entry of an answer, good or bad."""
        bad, action, prompt_tokens, completion_tokens = arrived.completion
        usd = connection.usd(request, prompt_tokens, completion_tokens)
        self.usage.now.add(prompt_tokens, completion_tokens, usd)
        self.usage.bad += bad is not None
        self.usage.good += bad is None
        reason = None if bad is None else "content_filter" if action == ErrorAction.GIVE_UP else "unusable"
        if bad:
            self.usage.errors[bad] += 1
        status = "good" if bad is None else "bad"
        return Entry(
            request.key, status, reason, bad, arrived.response, str(request.llm), stage,
            prompt_tokens, completion_tokens, usd, arrived.seconds,
        )  # fmt: skip

    async def _give_up(
        self, request: Request, stage: str, connection: Connection, error: CallError, attempts: Attempts
    ) -> Entry:
        connection.given_up += 1
        gone = error.kind in ("no connection", "time-out")
        if (gone and not connection.answered) or (connection.given_up >= DOWN and (gone or not connection.answered)):
            self._end(
                connection,
                f"{connection.given_up} requests were given up and none was answered; the last error: {error.detail}",
            )
        lasting = error.kind in LASTING or attempts.bad >= MAX_BAD_ANSWERS
        entry = self._entry(request, stage, "final" if lasting else "failed", "llm_failed", error.detail)
        await self.write_queue.put(entry)
        return entry

    def _end(self, connection: Connection, why: str) -> NoReturn:
        raise self.stop(f"model {connection.llm.model!r} at endpoint {connection.llm.endpoint!r}: {why}")

    def stop(self, why: str) -> ModelError:
        """Send no more calls; those in flight still finish. Every call of `answer` that waits raises ModelError."""
        self.stopped = self.stopped or ModelError(
            f"the run was stopped: {why}. Every answer that arrived is in the store; fix the cause and run the same command again"
        )
        self._ended.set()
        return self.stopped

    def _entry(
        self, request: Request, stage: str, status: str, reason: str = "", detail: str = "", usd: float | None = None
    ) -> Entry:
        return Entry(request.key, status, reason or None, detail or None, None, str(request.llm), stage, usd=usd)

    def _connection(self, llm: LLM) -> Connection:
        """The connection of this model and endpoint, whatever the sampling settings. Raises ModelError."""
        name = LLM(llm.model, llm.endpoint)
        if name not in self._connections:
            connection = open_connection(name, self.prices, self.per_minute)
            if connection.price is None and self.budget.cap is not None:
                raise ModelError(
                    f"--max-usd needs the price of {llm.model!r}, which is not in prices.tsv; "
                    f"add --price {llm.model}=IN/OUT, in dollars per million tokens (0/0 for a server of your own)"
                )
            self._connections[name] = connection
        return self._connections[name]
