"""Write entries to the answer store in batches: one disk sync for all that arrive within BATCH_S."""

import asyncio
from collections.abc import Callable

from dataset_builder.answer_store.store import AnswerStore, Entry

BATCH_S = 0.03


class WriteQueue:
    """A queue in front of the store; it belongs to one event loop."""

    def __init__(self, store: AnswerStore, owner: str | None = None) -> None:
        self.store, self.owner = store, owner  # the build that pays for the entries
        self.written: Callable[[], object] = lambda: None  # is called whenever entries are on disk
        self._entries: list[Entry] = []
        self._released: list[bytes] = []
        self._done: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, *entries: Entry) -> "asyncio.Future[None]":
        """Queue entries.

        The future is done when they are on disk; it fails with the exception where writing failed.
        """
        self._entries += entries
        return self._soon()

    def release(self, key: bytes) -> None:
        """Queue that the build has this request no longer under way, though it has no answer."""
        self._released.append(key)
        self._soon()

    def _soon(self) -> "asyncio.Future[None]":
        if self._done is None:
            self._done = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._write(self._done))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return self._done

    async def flush(self) -> None:
        """Wait until everything is on disk."""
        await asyncio.gather(*self._tasks)

    async def _write(self, done: "asyncio.Future[None]") -> None:
        await asyncio.sleep(BATCH_S)
        entries, self._entries, self._done = self._entries, [], None
        released, self._released = self._released, []
        try:
            await asyncio.to_thread(self.store.add, entries, self.owner, released)
        except Exception as why:  # passed on to all that wait for it: the entries are not on disk
            done.set_exception(why)
        else:
            done.set_result(None)
            self.written()
