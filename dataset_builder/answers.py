"""The first half of a stage that asks a model: bring every answer that its rows need into the answer store."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datasets import Dataset
from tqdm import tqdm

from dataset_builder.answer_store import AnswerStore
from dataset_builder.asking import advance, answer_of, replayed
from dataset_builder.conversation import Answer, Request, Talk
from dataset_builder.tally import Tally

if TYPE_CHECKING:
    from dataset_builder.dispatch import Dispatcher
    from dataset_builder.stage import Stage

BATCH = 256  # rows whose conversations are begun together
TICK_S = 0.3  # of the progress bar


@dataclass(frozen=True)
class Answers:
    """Where answers are, and how a missing one is got: with ``calls``, the arguments of a Dispatcher; None: it is an error."""

    store: AnswerStore
    calls: Mapping[str, Any] | None = None

    def bring_in(self, stage: "Stage", rows: Dataset) -> tuple[str, Tally]:
        """The digest of all answers that these rows of a stage are given, and what was done to have them.

        Raises MissingAnswer, or ModelError where the run cannot go on.
        """
        rows = rows.select_columns(["id", "rejected_because", *stage.needs])
        if self.calls is None:
            return self._replay(stage, rows)
        return asyncio.run(self._ask(stage, rows))

    def _replay(self, stage: "Stage", rows: Dataset) -> tuple[str, Tally]:
        digests, tally = {}, Tally()
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            talks = begin(stage, batch, start)
            replayed(stage, talks, self.store, dict(enumerate(batch["id"], start)))
            digests |= {talk.row: talk.digest for talk in talks}
            tally.hits += sum(talk.heard for talk in talks)
        return digest_of(digests), tally

    async def _ask(self, stage: "Stage", rows: Dataset) -> tuple[str, Tally]:
        from dataset_builder.dispatch import Dispatcher  # imports the SDK, which takes a second

        async with Dispatcher(self.store, **(self.calls or {})) as dispatcher:
            asking = _Asking(stage, self.store, dispatcher)
            return await asking.ask(rows)


class _Asking:
    """One stage's rows on their way through a dispatcher."""

    def __init__(self, stage: "Stage", store: AnswerStore, dispatcher: "Dispatcher") -> None:
        self.stage, self.store, self.dispatcher = stage, store, dispatcher
        self.tally = dispatcher.tally
        self.digests: dict[int, bytes] = {}
        self._bad: dict[bytes, int] = {}
        self._charged: set[bytes] = set()
        self._open = asyncio.Semaphore(2 * dispatcher.in_flight)  # rows under way; some of them wait to ask again

    async def ask(self, rows: Dataset) -> tuple[str, Tally]:
        """Begin batch by batch, as many rows as can be under way. Raises ModelError once what is in flight has come in."""
        tasks: set[asyncio.Task[None]] = set()
        with tqdm(total=len(rows), desc=self.stage.name, unit="row", disable=None) as bar:
            ticker = asyncio.create_task(self._tick(bar))
            try:
                for start in range(0, len(rows), BATCH):
                    for talk in await asyncio.to_thread(self._begin, rows[start : start + BATCH], start):
                        await self._open.acquire()
                        task = asyncio.create_task(self._finish(talk))
                        tasks.add(task)
                        task.add_done_callback(tasks.discard)
                    if self.dispatcher.stopped:
                        break
            finally:
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
                ticker.cancel()
            self._show(bar)
        if why := self.dispatcher.stopped or next((why for why in outcomes if why is not None), None):
            raise why
        return digest_of(self.digests), self.tally

    def _begin(self, batch: Mapping[str, list[Any]], start: int) -> list[Talk]:
        """Begin these rows' conversations, and lead them as far as the store goes. Returns those that must ask."""
        talks = begin(self.stage, batch, start)
        waiting = advance(talks, self._recall)
        self.tally.done += len(batch["id"]) - len(waiting)
        self.digests |= {talk.row: talk.digest for talk in talks if talk.columns is not None}
        return waiting

    def _recall(self, requests: Sequence[Request]) -> dict[bytes, Answer]:
        known = self.store.find([request.key for request in requests])
        found = {}
        for request in requests:
            if (about := known.get(request.key)) is None:
                continue
            if request.key not in self._charged:
                self._charged.add(request.key)
                self.dispatcher.budget.spent += about.usd
            if about.entry and about.entry.status in ("good", "final"):
                found[request.key] = answer_of(request, about.entry)
                self.tally.hits += 1
            elif about.bad:
                self._bad[request.key] = about.bad
        return found

    async def _finish(self, talk: Talk) -> None:
        """Ask what a row still has to ask, round after round."""
        try:
            while talk.columns is None:
                known = self._recall(talk.requests)
                missing = [request for request in talk.requests if request.key not in known]
                entries = await asyncio.gather(*(self._answer(request) for request in missing))
                known |= {r.key: answer_of(r, entry) for r, entry in zip(missing, entries, strict=True)}
                talk.hear([known[request.key] for request in talk.requests])
            self.digests[talk.row] = talk.digest
            self.tally.done += 1
        finally:
            self._open.release()

    def _answer(self, request: Request):
        self._charged.add(request.key)
        return self.dispatcher.answer(request, self.stage.name, self._bad.get(request.key, 0))

    async def _tick(self, bar: tqdm) -> None:
        while True:
            self._show(bar)
            await asyncio.sleep(TICK_S)

    def _show(self, bar: tqdm) -> None:
        bar.set_postfix_str(self.tally.line(), refresh=False)
        bar.n = self.tally.done
        bar.refresh()


def begin(stage: "Stage", batch: Mapping[str, list[Any]], start: int = 0) -> list[Talk]:
    """The conversations of a batch's living rows, each with its row's number."""
    live = [i for i, why in enumerate(batch["rejected_because"]) if why is None]
    conversations = stage({column: [batch[column][i] for i in live] for column in stage.needs}) if live else []
    return [Talk(start + i, conversation) for i, conversation in zip(live, conversations, strict=True)]


def digest_of(digests: Mapping[int, bytes]) -> str:
    """One digest for those of all rows, in the rows' order."""
    return hashlib.blake2b(b"".join(digests[row] for row in sorted(digests)), digest_size=16).hexdigest()
