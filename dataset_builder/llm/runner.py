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

from dataset_builder.answer_store.builds import Build
from dataset_builder.answer_store.store import AnswerStore, Entry, StoreError
from dataset_builder.llm.conversation import ConversationState
from dataset_builder.llm.heard import Heard, HeardRow
from dataset_builder.llm.model import Answer, Request
from dataset_builder.llm.remaining import Remaining
from dataset_builder.llm.replay import AnswerLookup, advance, replay, said_of, start_conversations
from dataset_builder.llm.usage import Usage, say

if TYPE_CHECKING:
    from datasets import Dataset

    from dataset_builder.llm.batches.batches import Batches
    from dataset_builder.llm.batches.rounds import BatchOptions
    from dataset_builder.llm.calls.dispatch import Dispatcher
    from dataset_builder.stage import Stage

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
        self._build: Build | None = None
        self._dispatcher: Dispatcher | None = None
        self._batches: Batches | None = None
        self._before = 0.0  # dollars that were spent before this build, and that no dispatcher has been told of

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, why: object, *_: object) -> None:
        if self._batches:
            self._batches.close()
            if why is None:
                self._batches.journal.forget_tries()
        if self._dispatcher:
            self._runner.run(self._dispatcher.close())
        elif self._build:
            with contextlib.suppress(StoreError):  # a full disk: others see that the process is gone
                self._build.end()
        self._runner.close()

    def fetch_answers(self, stage: "Stage", rows: "Dataset", heard: Heard | None = None) -> Collected:
        """Get all answers for these rows of a stage. Returns their digest and the usage.

        ``heard``: where what was heard is kept; its name must change with all that a conversation of the stage depends on. Of a row whose
        answers are still the same, the conversation is not run. Raises MissingAnswer, or ModelError where the run cannot continue.
        """
        rows = rows.select_columns(["id", "rejected_because", *stage.needs])
        lookup = self._lookup()
        known = heard.unchanged(lookup) if heard else {}
        ended = dict(known)
        remaining = Remaining(rows, known)
        try:
            if remaining.number and self.calls is None:
                self._replay(stage, remaining, lookup, ended)
            elif remaining.number:
                self._runner.run(self._ask(stage, remaining, lookup, ended))
        finally:
            if heard and remaining.number:
                heard.keep(ended)
            self.used |= lookup.seen
            self.asked |= {row: self.asked.get(row, b"") + one.keys for row, one in ended.items() if one.keys}
        return digest_of({row: one.digest for row, one in ended.items()}), lookup.usage

    def _lookup(self) -> AnswerLookup:
        """The lookup of a stage: for a run that may call, a failed answer is none."""
        if self.calls is None:
            return AnswerLookup(self.store, usage=Usage())
        build = self._build = self._build or Build(self.store, later=True)
        return AnswerLookup(self.store, ("good", "final"), Usage(), self._charge, since=lambda: build.since)

    def _charge(self, usd: float) -> None:
        if self._dispatcher:
            self._dispatcher.budget.charge(usd)
        else:
            self._before += usd

    def _replay(self, stage: "Stage", rows: "Remaining", lookup: AnswerLookup, ended: dict[int, HeardRow]) -> None:
        for start, batch in rows.batches():
            states = start_conversations(stage, batch, start)
            replay(stage, states, lookup, dict(enumerate(batch["id"], start)))
            ended |= {state.row: HeardRow(state.digest, state.keys) for state in states}

    async def _ask(self, stage: "Stage", rows: "Remaining", lookup: AnswerLookup, ended: dict[int, HeardRow]) -> None:
        from dataset_builder.llm.calls.dispatch import Dispatcher  # imports the SDK, which takes a second

        if self._dispatcher is None:
            self._dispatcher = Dispatcher(self.store, build=self._build, **(self.calls or {}))
            self._dispatcher.budget.charge(self._before)
        self._dispatcher.usage = lookup.usage
        if self.batches is None:
            await _StageCalls(stage, self._dispatcher, lookup, ended).ask(rows)
            return
        from dataset_builder.llm.batches.batches import Batches
        from dataset_builder.llm.batches.rounds import BatchRounds

        self._batches = self._batches or Batches(self.store, self._dispatcher.build.owner, self._dispatcher.prices)
        await BatchRounds(stage, self._dispatcher, self._batches, self.batches, lookup, ended).ask(rows)


class _StageCalls:
    """The rows of one stage while a dispatcher gets their answers. What they heard is added to ``ended``."""

    def __init__(
        self, stage: "Stage", dispatcher: "Dispatcher", lookup: AnswerLookup, ended: dict[int, HeardRow]
    ) -> None:
        self.stage, self.dispatcher, self.ended = stage, dispatcher, ended
        self.lookup, self.usage = lookup, lookup.usage
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._interrupted = 0  # signals
        self._open = asyncio.Semaphore(
            dispatcher.in_flight * 5 // 4 + 16
        )  # rows in progress; some of them wait before their next call

    async def ask(self, rows: Remaining) -> None:
        """Start the rows batch by batch, as many as may be in progress.

        Raises the exception that ended it (ModelError; a programming error), but only after all calls in flight have finished. After SIGINT or SIGTERM nothing new is sent, and what is in
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

    async def _begin_all(self, rows: Remaining) -> None:
        self.usage.done = len(rows) - rows.number
        for start, batch in rows.batches():
            for state in await asyncio.to_thread(self._begin, batch, start):
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
        self.usage.done += len(states) - len(waiting)
        for state in states:
            if state.columns is not None:
                self._end(state)
        return waiting

    def _end(self, state: ConversationState) -> None:
        self.ended[state.row] = HeardRow(state.digest, state.keys)

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
                answers = {r.key: Answer(r, *said_of(entry)) for r, entry in zip(missing, entries, strict=True)}
                state.receive([known.get(r.key) or answers[r.key] for r in state.requests])
                known = self.lookup(state.requests)
            self._end(state)
            self.usage.done += 1
        finally:
            self._open.release()

    async def _answer(self, request: Request) -> Entry:
        self.lookup.seen.add(request.key)
        return await self.dispatcher.answer(
            request, self.stage.name, counts=lambda entry: self.lookup.said(entry) is not None
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
