"""Wait for what another build may have: questions to the store, asked in batches until each has its outcome."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

BATCH_S = 0.01  # questions that arrive within it are asked together
POLL_S = 0.1  # what another build has is asked for again after it


class Waiting(Generic[T, R]):
    """Questions of one event loop.

    ``ask``: gives each question's outcome, or None where it is to be asked again; called in a thread. ``undo``: is called with the questions
    whose outcome nobody waits for any more.
    """

    def __init__(self, ask: Callable[[Sequence[T]], Sequence[R | None]], undo: Callable[[T], object]) -> None:
        self.ask, self.undo = ask, undo
        self._new: list[tuple[T, asyncio.Future[R]]] = []
        self._again: list[tuple[T, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None
        self._stopped: Exception | None = None
        self._woken = asyncio.Event()

    async def outcome(self, question: T) -> R:
        """Wait for the outcome of a question. Raises what `ask` raises, and what `stop` was called with."""
        if self._stopped:
            raise self._stopped
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._new.append((question, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await future

    def wake(self) -> None:
        """Ask at once again: this build has changed what the outcome depends on."""
        self._woken.set()

    def stop(self, why: Exception) -> None:
        """Every question that waits, and every later one, ends with this exception."""
        self._stopped = why
        for _, future in (*self._new, *self._again):
            if not future.done():
                future.set_exception(why)

    async def _work(self) -> None:
        asked_again = 0.0
        while self._new or self._again:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BATCH_S if self._new else POLL_S):
                    await self._woken.wait()
            woken = self._woken.is_set()
            self._woken.clear()
            batch, self._new = self._new, []
            if woken or time.monotonic() - asked_again >= POLL_S:
                batch, self._again, asked_again = self._again + batch, [], time.monotonic()
            batch = [(question, future) for question, future in batch if not future.done()]
            if not batch:
                continue
            try:
                outcomes = await asyncio.to_thread(self.ask, [question for question, _ in batch])
            except Exception as why:  # passed on to all that wait for it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(why)
                continue
            for (question, future), outcome in zip(batch, outcomes, strict=True):
                self._settle(question, future, outcome)

    def _settle(self, question: T, future: asyncio.Future[R], outcome: R | None) -> None:
        if future.done():  # cancelled or stopped meanwhile
            if outcome is not None:
                self.undo(question)
        elif outcome is not None:
            future.set_result(outcome)
        elif self._stopped:
            future.set_exception(self._stopped)
        else:
            self._again.append((question, future))
