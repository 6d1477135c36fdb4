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
from typing import NoReturn

from dataset_builder.answer_store import AnswerStore, Entry
from dataset_builder.budget import Budget
from dataset_builder.commits import Commits
from dataset_builder.conversation import Request
from dataset_builder.faults import Fault, Then
from dataset_builder.line import Arrived, Line, line_to
from dataset_builder.llm import LLM, ModelError
from dataset_builder.prices import Price
from dataset_builder.tally import Tally

FAULTS = 8  # calls of one request that may fail
REFUSALS = 20  # 429s to one request
BAD = 4  # paid answers to one request that cannot be used
DEADLINE_S = 1800.0  # for one request, from its first call
BACK_OFF = {Then.TRY_AGAIN: (0.25, 8.0), Then.SLOW_DOWN: (0.05, 8.0)}  # first wait and longest, seconds; doubling
LASTING = ("context length", "content filter")  # kinds of faults that no later run asks about again
DOWN = 20  # requests given up in a row without an answer: the endpoint is gone


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
            left_out, outcome = line.left_out, await self._call(request, stage, line)
            if isinstance(outcome, Entry) and outcome.status == "bad":
                self.commits.put(outcome)
                tries.bad += 1
                filtered = outcome.reason == "content_filter"
                kind, then = ("content filter", Then.GIVE_UP) if filtered else ("bad answer", Then.TRY_AGAIN)
                outcome = Fault(kind, then, f"the answer is {outcome.detail}")
            elif isinstance(outcome, Entry):
                await self.commits.put(outcome)
                return outcome
            elif outcome.then == Then.END_RUN or outcome.retry_after > DEADLINE_S:
                self._end(line, outcome.detail)
            elif line.adapt(request, outcome, left_out):
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
                came = await line.call(request, self.timeout_s, sent_at)
                outcome = came if isinstance(came, Fault) else self._paid(request, stage, line, came)
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

    def _paid(self, request: Request, stage: str, line: Line, came: Arrived) -> Entry:
        """The entry of an answer, good or bad."""
        bad, then, prompt_tokens, completion_tokens = came.completion
        usd = line.usd(request, prompt_tokens, completion_tokens)
        self.tally.now.add(prompt_tokens, completion_tokens, usd)
        self.tally.bad += bad is not None
        self.tally.good += bad is None
        reason = None if bad is None else "content_filter" if then == Then.GIVE_UP else "unusable"
        if bad:
            self.tally.faults[bad] += 1
        status = "good" if bad is None else "bad"
        return Entry(
            request.key, status, reason, bad, came.response, str(request.llm), stage,
            prompt_tokens, completion_tokens, usd, came.seconds,
        )  # fmt: skip

    async def _give_up(self, request: Request, stage: str, line: Line, fault: Fault, tries: Tries) -> Entry:
        line.given_up += 1
        gone = fault.kind in ("no connection", "time-out")
        if (gone and not line.answered) or (line.given_up >= DOWN and (gone or not line.answered)):
            self._end(
                line, f"{line.given_up} requests were given up and none was answered, the last after: {fault.detail}"
            )
        lasting = fault.kind in LASTING or tries.bad >= BAD
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
            line = line_to(name, self.prices, self.per_minute)
            if line.price is None and self.budget.cap is not None:
                raise ModelError(
                    f"--max-usd needs the price of {llm.model!r}, which is not in prices.tsv; "
                    f"add --price {llm.model}=IN/OUT, in dollars per million tokens (0/0 for a server of your own)"
                )
            self._lines[name] = line
        return self._lines[name]
