"""The first half of a stage that calls a model: get every answer that its rows need into the answer store."""

import asyncio
import contextlib
import hashlib
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from dataset_builder.answer_store.store import AnswerStore, Entry
from dataset_builder.llm.conversation import ConversationState
from dataset_builder.llm.model import Request
from dataset_builder.llm.replay import AnswerLookup, advance, answer_of, replay, start_conversations
from dataset_builder.llm.usage import Usage, say

if TYPE_CHECKING:
    from datasets import Dataset

    from dataset_builder.llm.batches.batches import Batches
    from dataset_builder.llm.batches.rounds import BatchOptions
    from dataset_builder.llm.calls.dispatch import Dispatcher
    from dataset_builder.stage import Stage

BATCH = 256  # rows whose conversations are started together
TICK_S = 0.3  # seconds between updates of the progress bar
LINE_S = 30.0  # seconds between lines of progress where there is no terminal
GRACE_S = 60.0  # seconds for which an interrupted run waits for the answers to the calls in flight
SIGNALS = (signal.SIGINT, signal.SIGTERM)
Collected = tuple[str, Usage]


class Runner:
    """Gets answers from the store.

    Missing ones come from a Dispatcher with the arguments ``calls`` (None: they are an error). A context manager,
    since all stages of a run share the dispatcher's connections, rate limits and budget.
    """

    def __init__(
        self, store: AnswerStore, calls: Mapping[str, Any] | None = None, batches: "BatchOptions | None" = None
    ) -> None:
        self.store, self.calls, self.batches = store, calls, batches
        self.used: set[bytes] = set()  # keys of all requests so far
        self.asked: dict[int, bytes] = {}  # the same by number of the row, one after the other: KEY_BYTES each
        self._runner = asyncio.Runner()
        self._dispatcher: Dispatcher | None = None
        self._batches: Batches | None = None

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, why: object, *_: object) -> None:
        if self._batches and why is None:
            self._batches.journal.forget_tries()
        if self._dispatcher:
            self._runner.run(self._dispatcher.close())
        self._runner.close()

    def fetch_answers(self, stage: "Stage", rows: "Dataset") -> Collected:
        """Get all answers for these rows of a stage. Returns their digest and the usage.

        Raises MissingAnswer, or ModelError where the run cannot continue.
        """
        rows = rows.select_columns(["id", "rejected_because", *stage.needs])
        if self.calls is None:
            return self._replay(stage, rows)
        return self._runner.run(self._ask(stage, rows))

    def _replay(self, stage: "Stage", rows: "Dataset") -> Collected:
        digests: dict[int, bytes] = {}
        usage = Usage()
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            states = start_conversations(stage, batch, start)
            replay(stage, states, self.store, dict(enumerate(batch["id"], start)), usage, self.used)
            digests |= {state.row: state.digest for state in states}
            self._note({state.row: state.keys for state in states})
        return digest_of(digests), usage

    async def _ask(self, stage: "Stage", rows: "Dataset") -> Collected:
        from dataset_builder.llm.calls.dispatch import Dispatcher  # imports the SDK, which takes a second

        if self._dispatcher is None:
            self._dispatcher = Dispatcher(self.store, **(self.calls or {}))
        self._dispatcher.usage = Usage()
        if self.batches:
            return await self._ask_in_batches(stage, rows, self._dispatcher, self.batches)
        calls_of_stage = _StageCalls(stage, self.store, self._dispatcher)
        try:
            return await calls_of_stage.ask(rows)
        finally:
            self.used |= calls_of_stage.lookup.seen
            self._note(calls_of_stage.keys)

    async def _ask_in_batches(
        self, stage: "Stage", rows: "Dataset", dispatcher: "Dispatcher", options: "BatchOptions"
    ) -> Collected:
        from dataset_builder.llm.batches.batches import Batches
        from dataset_builder.llm.batches.rounds import BatchRounds

        if self._batches is None:
            self._batches = Batches(self.store, dispatcher.build.owner, dispatcher.prices)
        rounds = BatchRounds(stage, self.store, dispatcher, self._batches, options)
        try:
            await rounds.ask(rows)
        finally:
            self.used |= rounds.lookup.seen
            self._note(rounds.keys)
        return digest_of(rounds.digests), rounds.usage

    def _note(self, keys: Mapping[int, bytes]) -> None:
        self.asked |= {row: self.asked.get(row, b"") + asked for row, asked in keys.items() if asked}


class _StageCalls:
    """The rows of one stage while a dispatcher gets their answers."""

    def __init__(self, stage: "Stage", store: AnswerStore, dispatcher: "Dispatcher") -> None:
        self.stage, self.dispatcher, self.usage = stage, dispatcher, dispatcher.usage
        charge = dispatcher.budget.charge
        self.lookup = AnswerLookup(store, ("good", "final"), self.usage, charge, since=lambda: dispatcher.build.since)
        self.digests: dict[int, bytes] = {}
        self.keys: dict[int, bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._interrupted = 0  # signals
        self._open = asyncio.Semaphore(
            dispatcher.in_flight * 5 // 4 + 16
        )  # rows in progress; some of them wait before their next call

    async def ask(self, rows: "Dataset") -> Collected:
        """Start the rows batch by batch, as many as may be in progress.

        Returns the digest of their answers and the usage. Raises the exception that ended it (ModelError; a programming
        error), but only after all calls in flight have finished. After SIGINT or SIGTERM nothing new is sent, and what is in
        flight is taken in, for at most GRACE_S; after a second one it is given up. Then it raises KeyboardInterrupt.
        """
        with self._on_signals(), tqdm(total=len(rows), desc=self.stage.name, unit="row", disable=None) as bar:
            ticker = asyncio.create_task(self._tick(bar))
            try:
                await self._begin_all(rows)
            except asyncio.CancelledError:  # Ctrl-C
                self.dispatcher.stop("it was interrupted")
                raise
            finally:
                await asyncio.gather(*self._tasks, return_exceptions=True)
                ticker.cancel()
                await self.dispatcher.write_queue.flush()
            self._show(bar)
        if self._interrupted:
            raise KeyboardInterrupt
        if self._failures:
            raise self._failures[0]
        return digest_of(self.digests), self.usage

    async def _begin_all(self, rows: "Dataset") -> None:
        for start in range(0, len(rows), BATCH):
            for state in await asyncio.to_thread(self._begin, rows[start : start + BATCH], start):
                await self._open.acquire()
                if self._failures or self._interrupted:
                    return
                task = asyncio.create_task(self._finish(state))
                self._tasks.add(task)
                task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (why := task.exception()) is not None:
            self._failures.append(why)

    @contextlib.contextmanager
    def _on_signals(self) -> Iterator[None]:
        """Within it, signals call `_interrupt`. Only in the main thread, since Python handles them there."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in SIGNALS}
        for number in SIGNALS:
            loop.add_signal_handler(number, self._interrupt)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])

    def _interrupt(self) -> None:
        self._interrupted += 1
        if self._interrupted > 1:
            self._give_up()
            return
        self.dispatcher.stop("it was interrupted")
        if waiting := self.usage.in_flight:
            say(
                f"interrupted: nothing more is sent. Waiting up to {GRACE_S:.0f} s for the answers to {waiting} calls in flight, which are "
                "paid; interrupt again to stop at once"
            )
        asyncio.get_running_loop().call_later(GRACE_S, self._give_up)

    def _give_up(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    def _begin(self, batch: Mapping[str, list[Any]], start: int) -> list[ConversationState]:
        """Start these rows' conversations, and run them on the stored answers. Returns those that need a call."""
        states = start_conversations(self.stage, batch, start)
        waiting = advance(states, self.lookup)
        self.usage.done += len(batch["id"]) - len(waiting)
        for state in states:
            if state.columns is not None:
                self._end(state)
        return waiting

    def _end(self, state: ConversationState) -> None:
        self.digests[state.row], self.keys[state.row] = state.digest, state.keys

    async def _finish(self, state: ConversationState) -> None:
        """Get the answers that a row still needs, round after round."""
        try:
            known = self.lookup(state.requests) if len(state.requests) > 1 else {}
            while state.columns is None:
                missing = [request for request in state.requests if request.key not in known]
                entries = (
                    [await self._answer(r) for r in missing]
                    if len(missing) == 1
                    else await asyncio.gather(*map(self._answer, missing))
                )
                answers = {r.key: answer_of(r, entry) for r, entry in zip(missing, entries, strict=True)}
                state.receive([known.get(r.key) or answers[r.key] for r in state.requests])
                known = self.lookup(state.requests)
            self._end(state)
            self.usage.done += 1
        finally:
            self._open.release()

    async def _answer(self, request: Request) -> Entry:
        self.lookup.seen.add(request.key)
        return await self.dispatcher.answer(
            request, self.stage.name, counts=lambda entry: self.lookup.answer(request, entry) is not None
        )

    async def _tick(self, bar: tqdm) -> None:
        said = time.monotonic()
        while True:
            self._show(bar)
            if bar.disable and time.monotonic() - said >= LINE_S:
                said = time.monotonic()
                say(f"{self.stage.name}: {self.usage.done:,} of {bar.total:,} rows, {self.usage.line()}")
            await asyncio.sleep(TICK_S)

    def _show(self, bar: tqdm) -> None:
        bar.set_postfix_str(self.usage.line(), refresh=False)
        bar.n = self.usage.done
        bar.refresh()


def digest_of(digests: Mapping[int, bytes]) -> str:
    """One digest over the digests of all rows, in the rows' order."""
    return hashlib.blake2b(b"".join(digests[row] for row in sorted(digests)), digest_size=16).hexdigest()
