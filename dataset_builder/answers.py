"""The first half of a stage that asks a model: bring every answer that its rows need into the answer store."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datasets import Dataset
from tqdm import tqdm

from dataset_builder.answer_store import AnswerStore, Entry
from dataset_builder.asking import Recall, advance, answer_of, begin, replayed
from dataset_builder.conversation import Request, Talk
from dataset_builder.tally import Tally

if TYPE_CHECKING:
    from dataset_builder.dispatch import Dispatcher
    from dataset_builder.stage import Stage

BATCH = 256  # rows whose conversations are begun together
TICK_S = 0.3  # of the progress bar
Asked = tuple[str, Tally]


class Answers:
    """Where answers are, and how a missing one is got: by a Dispatcher with the arguments ``calls``; None: it is an error.

    A context manager, since the dispatcher's connections, pace and budget last over all stages of a run.
    """

    def __init__(self, store: AnswerStore, calls: Mapping[str, Any] | None = None) -> None:
        self.store, self.calls = store, calls
        self.used: set[bytes] = set()  # keys of all requests so far
        self._runner = asyncio.Runner()
        self._dispatcher: Dispatcher | None = None

    def __enter__(self) -> "Answers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._dispatcher:
            self._runner.run(self._dispatcher.close())
        self._runner.close()

    def bring_in(self, stage: "Stage", rows: Dataset) -> Asked:
        """The digest of all answers that these rows of a stage are given, and what was done to have them.

        Raises MissingAnswer, or ModelError where the run cannot go on.
        """
        rows = rows.select_columns(["id", "rejected_because", *stage.needs])
        if self.calls is None:
            return self._replay(stage, rows)
        return self._runner.run(self._ask(stage, rows))

    def _replay(self, stage: "Stage", rows: Dataset) -> Asked:
        digests: dict[int, bytes] = {}
        tally = Tally()
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            talks = begin(stage, batch, start)
            replayed(stage, talks, self.store, dict(enumerate(batch["id"], start)), tally, self.used)
            digests |= {talk.row: talk.digest for talk in talks}
        return digest_of(digests), tally

    async def _ask(self, stage: "Stage", rows: Dataset) -> Asked:
        from dataset_builder.dispatch import Dispatcher  # imports the SDK, which takes a second

        if self._dispatcher is None:
            self._dispatcher = Dispatcher(self.store, **(self.calls or {}))
        self._dispatcher.tally = Tally()
        asking = _Asking(stage, self.store, self._dispatcher)
        try:
            return await asking.ask(rows)
        finally:
            self.used |= asking.recall.seen


class _Asking:
    """One stage's rows on their way through a dispatcher."""

    def __init__(self, stage: "Stage", store: AnswerStore, dispatcher: "Dispatcher") -> None:
        self.stage, self.dispatcher, self.tally = stage, dispatcher, dispatcher.tally
        self.recall = Recall(store, ("good", "final"), self.tally, dispatcher.budget.charge)
        self.digests: dict[int, bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._open = asyncio.Semaphore(
            dispatcher.in_flight * 5 // 4 + 16
        )  # rows under way; some of them wait to ask again

    async def ask(self, rows: Dataset) -> Asked:
        """Begin batch by batch, as many rows as can be under way.

        Raises what ended it (ModelError; a programmer's error) only when all that was in flight has come in.
        """
        with tqdm(total=len(rows), desc=self.stage.name, unit="row", disable=None) as bar:
            ticker = asyncio.create_task(self._tick(bar))
            try:
                await self._begin_all(rows)
            except asyncio.CancelledError:  # Ctrl-C
                self.dispatcher.stop("it was interrupted")
                raise
            finally:
                await asyncio.gather(*self._tasks, return_exceptions=True)
                ticker.cancel()
                await self.dispatcher.commits.flush()
            self._show(bar)
        if self._failures:
            raise self._failures[0]
        return digest_of(self.digests), self.tally

    async def _begin_all(self, rows: Dataset) -> None:
        for start in range(0, len(rows), BATCH):
            for talk in await asyncio.to_thread(self._begin, rows[start : start + BATCH], start):
                await self._open.acquire()
                if self._failures:
                    return
                task = asyncio.create_task(self._finish(talk))
                self._tasks.add(task)
                task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if (why := task.exception()) is not None:
            self._failures.append(why)

    def _begin(self, batch: Mapping[str, list[Any]], start: int) -> list[Talk]:
        """Begin these rows' conversations, and lead them as far as the store goes. Returns those that must ask."""
        talks = begin(self.stage, batch, start)
        waiting = advance(talks, self.recall)
        self.tally.done += len(batch["id"]) - len(waiting)
        self.digests |= {talk.row: talk.digest for talk in talks if talk.columns is not None}
        return waiting

    async def _finish(self, talk: Talk) -> None:
        """Ask what a row still has to ask, round after round."""
        try:
            known = self.recall(talk.requests) if len(talk.requests) > 1 else {}
            while talk.columns is None:
                missing = [request for request in talk.requests if request.key not in known]
                entries = (
                    [await self._answer(r) for r in missing]
                    if len(missing) == 1
                    else await asyncio.gather(*map(self._answer, missing))
                )
                answers = {r.key: answer_of(r, entry) for r, entry in zip(missing, entries, strict=True)}
                talk.hear([known.get(r.key) or answers[r.key] for r in talk.requests])
                known = self.recall(talk.requests)
            self.digests[talk.row] = talk.digest
            self.tally.done += 1
        finally:
            self._open.release()

    async def _answer(self, request: Request) -> Entry:
        self.recall.seen.add(request.key)
        return await self.dispatcher.answer(request, self.stage.name, self.recall.bad.get(request.key, 0))

    async def _tick(self, bar: tqdm) -> None:
        while True:
            self._show(bar)
            await asyncio.sleep(TICK_S)

    def _show(self, bar: tqdm) -> None:
        bar.set_postfix_str(self.tally.line(), refresh=False)
        bar.n = self.tally.done
        bar.refresh()


def digest_of(digests: Mapping[int, bytes]) -> str:
    """One digest for those of all rows, in the rows' order."""
    return hashlib.blake2b(b"".join(digests[row] for row in sorted(digests)), digest_size=16).hexdigest()
