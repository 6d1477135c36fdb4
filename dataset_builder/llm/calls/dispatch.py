"""Get answers into the store: calls at the rate of the endpoint, with bounded retries, under a cap on the cost.

Each request ends in one entry that counts: ``good``, ``final`` (the same request would fail again) or ``failed`` (it may
succeed in a later run). Errors and refusals (429) are counted separately, since a refusal says nothing about the request.
Every answer that was paid is stored, also an unusable one. What fails for a reason that stays is asked again only with a change: less
room for the answer where the window is too small, a seed where an answer at temperature 0 is empty.
"""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import NoReturn

from dataset_builder.answer_store.builds import Build
from dataset_builder.answer_store.store import AnswerStore, Entry, StoreError
from dataset_builder.answer_store.write_queue import WriteQueue
from dataset_builder.llm.calls.attempts import DEADLINE_S, DOWN, FORBIDDEN, HINTS, LASTING, Attempts
from dataset_builder.llm.calls.budget import Budget
from dataset_builder.llm.calls.connection import ArrivedCompletion, Connection, open_connections
from dataset_builder.llm.calls.endpoint import AZURE, AZURE_VARIABLES
from dataset_builder.llm.calls.errors import CONTEXT, FILTER, TIME_OUT, UNSENT, CallError, ErrorAction
from dataset_builder.llm.calls.servers import Servers
from dataset_builder.llm.calls.turns import Turns
from dataset_builder.llm.completion import TRUNCATED_AT
from dataset_builder.llm.model import LLM, ModelError, Request, variables
from dataset_builder.llm.prices import Price
from dataset_builder.llm.usage import Usage


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
        timeout_s: float | None = None,
        sampling: bool = True,
        build: Build | None = None,
    ) -> None:
        self.prices, self.in_flight, self.per_minute, self.timeout_s = prices, in_flight, per_minute, timeout_s
        self.sampling = sampling
        self.build = build or Build(store, later=True)
        self.write_queue = WriteQueue(store, self.build.owner)
        self.budget = Budget(self.build, self.write_queue, max_usd)
        self.turns = Turns(self.build, self.write_queue)
        self.usage, self.stopped = Usage(), None
        self._slots = asyncio.Semaphore(in_flight)
        self._servers: dict[LLM, Servers] = {}
        self._pending: dict[bytes, asyncio.Future[Entry]] = {}
        self._ended = asyncio.Event()

    stopped: ModelError | None

    async def close(self) -> None:
        """Write the remaining entries and close all connections."""
        await self.write_queue.flush()
        for servers in self._servers.values():
            for connection in servers.connections:
                await connection.client.close()
        with contextlib.suppress(StoreError):  # a full disk: others see that the process is gone
            await asyncio.to_thread(self.build.end)

    async def answer(self, request: Request, stage: str, counts: Callable[[Entry], bool]) -> Entry:
        """The entry that counts, already on disk. ``counts``: whether an entry that another build has got meanwhile is an answer.

        Raises ModelError where no request to this endpoint can succeed: the run ends, and all paid answers are kept.
        """
        if (asked := self._pending.get(request.key)) is not None:
            return await asked  # the same request of another row is in flight
        future = self._pending[request.key] = asyncio.get_running_loop().create_future()
        try:
            entry = await self._in_one_build(request, stage, counts)
        except BaseException as why:
            future.set_exception(why)
            future.exception()  # marks it as retrieved, also where no other row waits for it
            raise
        finally:
            del self._pending[request.key]
        future.set_result(entry)
        return entry

    async def _in_one_build(self, request: Request, stage: str, counts: Callable[[Entry], bool]) -> Entry:
        """Ask when no other build on the store has the request under way, unless it has been answered there."""
        known = await self.turns.take(request.key)
        entry = known.entry
        if entry is not None and counts(entry):
            self.turns.release(request.key)
            self.usage.hits += 1
            self.usage.before.add(entry.prompt_tokens, entry.completion_tokens, entry.usd)
            return entry
        no_answer = entry is not None and entry.status == "good"  # taken for good by an earlier version
        try:
            return await self._ask(request, stage, Attempts(bad=known.bad + no_answer))
        except BaseException:
            self.turns.release(request.key)
            raise

    async def _ask(self, request: Request, stage: str, attempts: Attempts) -> Entry:
        servers = self.servers(request.llm)
        while True:
            server, outcome, noted = await self._in_turn(request, stage, servers, attempts)
            wait: float | None = None
            if isinstance(outcome, Entry) and outcome.status == "bad":
                self.write_queue.put(outcome)
                outcome = self._after_bad(request, server, outcome, attempts)
            elif isinstance(outcome, Entry):
                await self.write_queue.put(outcome)
                return outcome
            elif outcome is None:  # withdrawn from this server
                continue
            elif noted is not None:
                who = "one of its servers" if servers.several else "the endpoint"
                self.usage.note(noted and f"{request.llm}: {noted}, because {who} refuses it")
                continue
            elif outcome.action == ErrorAction.END_RUN or outcome.retry_after > DEADLINE_S:
                if (found := self._may_end(servers, server, outcome, attempts)) is None:
                    continue
                outcome = found
            elif outcome.kind in (CONTEXT, "400"):
                if attempts.asks_for_less(request, outcome):
                    self.usage.note(
                        f"{request.llm}: fewer tokens than max_tokens are asked for where the model's window is too small"
                    )
                    continue
            elif attempts.failed(servers, server, outcome):
                wait = 0.0
            if wait is None:
                wait = 0.0 if outcome.action == ErrorAction.GIVE_UP else attempts.wait(outcome)
            if attempts.over(outcome.action, wait):
                return await self._give_up(request, stage, servers, outcome, attempts)
            await self._rest(wait)

    def _after_bad(self, request: Request, server: Connection, entry: Entry, attempts: Attempts) -> CallError:
        """What to do after an answer that cannot be used. At temperature 0 the same request would give it again."""
        attempts.bad += 1
        attempts.truncated += (entry.detail or "").startswith(TRUNCATED_AT)
        filtered = entry.reason == "content_filter"
        fixed = request.llm.temperature == 0 and "temperature" not in server.left_out
        action = ErrorAction.GIVE_UP if filtered else ErrorAction.TRY_AGAIN
        if fixed and entry.reason == "lasting":
            may_seed = (entry.detail or "").startswith("empty") and request.llm.seed is None
            action = ErrorAction.TRY_AGAIN if may_seed and "seed" not in server.left_out else ErrorAction.GIVE_UP
            attempts.change = attempts.change._replace(seed=attempts.bad)
        return CallError(FILTER if filtered else "bad answer", action, f"the answer is {entry.detail}")

    def _may_end(self, servers: Servers, server: Connection, error: CallError, attempts: Attempts) -> CallError | None:
        """End the run, or None: another server is asked. A 403 of a server that answers others may concern this request alone."""
        server.forbidden += error.kind == "403"
        if error.kind != "403" or (not server.answered and server.forbidden >= FORBIDDEN):
            was_asked = server in servers.asked
            if not servers.leave_out(server):
                before = f"none of its {len(servers.connections)} servers can be asked; the last one, {server.name}: "
                self._end(servers, error, before if servers.several else "")
            if was_asked:  # calls in flight may say it again, each in its words
                self.usage.left_out(servers.title(server), error.detail, lasting=True)
            return None
        attempts.tried.add(server)
        if servers.another(attempts.tried):
            return None
        return CallError(error.kind, ErrorAction.GIVE_UP, error.detail, said=error.said)

    async def _rest(self, seconds: float) -> None:
        """Wait, but only until the run is stopped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    async def _in_turn(
        self, request: Request, stage: str, servers: Servers, attempts: Attempts
    ) -> tuple[Connection, Entry | CallError | None, str | None]:
        """Make one call when a server has room for another. Returns the server, the outcome and what was adapted after it."""
        server = await servers.enter(attempts.tried)
        try:
            adapted = server.adapted
            outcome = await self._call(request, stage, servers, server, attempts)
            noted = server.adapt(request, outcome, adapted) if isinstance(outcome, CallError) else None
            if outcome is not None and noted is None and servers.heard(server, outcome):
                assert isinstance(outcome, CallError)
                self.usage.left_out(servers.title(server), outcome.kind)
            return server, outcome, noted
        finally:
            servers.leave(server)

    async def _call(
        self, request: Request, stage: str, servers: Servers, server: Connection, attempts: Attempts
    ) -> Entry | CallError | None:
        """Make one call: wait for its turn, reserve its cost, send it, and record the outcome. None: it goes to another server."""
        upper_bound = server.upper_bound(request)
        withdrawn = functools.partial(servers.withdrawn, server) if servers.several else None
        async with self._slots:
            if self.stopped:
                raise self.stopped
            # on disk before it is sent: what is in flight at a kill counts as spent
            if not await self.budget.reserve(self._entry(request, stage, "sent", usd=upper_bound)):
                return self._entry(request, stage, "failed", "over_budget", self.budget.reached())
            tokens = request.size // 4 + request.llm.max_tokens
            sent_at = await server.rate_limiter.slot(tokens, self._ended, withdrawn)
            if self.stopped or sent_at is None:  # while it waited; it was not sent
                self._clear(request, stage)
                if self.stopped:
                    raise self.stopped
                return None
            self.usage.sent += 1
            self.usage.in_flight += 1
            try:
                arrived = await server.call(request, sent_at, attempts.change, attempts.patience)
                outcome = arrived if isinstance(arrived, CallError) else self._paid(request, stage, server, arrived)
            finally:
                self.usage.in_flight -= 1
        if isinstance(outcome, CallError):
            self.usage.errors[outcome.kind] += 1
            if outcome.maybe_paid and server.price:
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

    def _paid(self, request: Request, stage: str, server: Connection, arrived: ArrivedCompletion) -> Entry:
        """The entry of an answer, good or bad."""
        read = arrived.completion
        usd = server.usd(request, read)
        self.usage.now.add(read.prompt_tokens, read.completion_tokens, usd)
        self.usage.bad += read.bad is not None
        self.usage.good += read.bad is None
        if usd and (read.prompt_tokens is None or read.completion_tokens is None):
            self.usage.note(
                f"{request.llm}: the endpoint gives no number of tokens for some answers; each counts as the most that it can cost"
            )
        if read.bad:
            self.usage.errors[read.bad.partition(":")[0][:60]] += 1
        return Entry(
            request.key, "good" if read.bad is None else "bad", read.reason, read.bad, arrived.response, str(request.llm), stage,
            read.prompt_tokens, read.completion_tokens, usd, arrived.seconds,
        )  # fmt: skip

    async def _give_up(
        self, request: Request, stage: str, servers: Servers, error: CallError, attempts: Attempts
    ) -> Entry:
        given_up, answered = servers.gave_up(), servers.answered
        gone = error.kind in (UNSENT, TIME_OUT, "no completion")
        if (gone and not answered) or (given_up >= DOWN and (gone or not answered)):
            self._end(servers, error, f"{given_up} requests were given up and none was answered; the last error: ")
        same_again = error.kind == "bad answer" and not attempts.change.max_tokens
        lasting = error.kind in LASTING or (same_again and (error.action == ErrorAction.GIVE_UP or attempts.all_bad))
        entry = self._entry(request, stage, "final" if lasting else "failed", "llm_failed", error.detail)
        await self.write_queue.put(entry)
        return entry

    def _end(self, servers: Servers, error: CallError, before: str = "") -> NoReturn:
        """End the run with an error, its likely cause, and the variable to set."""
        llm = servers.llm
        names = AZURE_VARIABLES[:2] if llm.endpoint == AZURE else variables(llm.endpoint)
        hint = HINTS.get(error.kind, "").format(url=names[0], key=names[1])
        raise self.stop(
            f"model {llm.model!r} at endpoint {llm.endpoint!r}: {before}{error.detail}{f' ({hint})' if hint else ''}"
        )

    def stop(self, why: str) -> ModelError:
        """Send no more calls; those in flight still finish. Every call of `answer` that waits raises ModelError."""
        self.stopped = self.stopped or ModelError(
            f"the run was stopped: {why}. Every answer that arrived is in the store; fix the cause and run the same command again"
        )
        self._ended.set()
        self.turns.stop(self.stopped)
        self.budget.stop(self.stopped)
        return self.stopped

    def _entry(
        self, request: Request, stage: str, status: str, reason: str = "", detail: str = "", usd: float | None = None
    ) -> Entry:
        return Entry(request.key, status, reason or None, detail or None, None, str(request.llm), stage, usd=usd)

    def servers(self, llm: LLM) -> Servers:
        """The servers of this model and endpoint, whatever the sampling settings. Raises ModelError."""
        name = LLM(llm.model, llm.endpoint)
        if name not in self._servers:
            options = {"in_flight": self.in_flight, "timeout_s": self.timeout_s, "sampling": self.sampling}
            servers = Servers(name, open_connections(name, self.prices, self.per_minute, **options))
            if servers.price is None and self.budget.cap is not None:
                raise ModelError(
                    f"--max-usd needs the price of {llm.model!r}, which is not in prices.tsv; "
                    f"add --price {llm.model}=IN/OUT, in dollars per million tokens (0/0 for a server of your own)"
                )
            self._servers[name] = servers
        return self._servers[name]
