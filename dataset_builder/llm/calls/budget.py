"""A cap on the cost of a dataset. Each call is reserved before it is sent, so that no answer can exceed the cap."""

from collections.abc import Sequence

from dataset_builder.answer_store.builds import Build
from dataset_builder.answer_store.entry import Entry
from dataset_builder.answer_store.write_queue import WriteQueue
from dataset_builder.llm.calls.waiting import Waiting


class Budget:
    """A cap in dollars for all answers of a dataset, including those paid in earlier runs; None: no cap.

    What other builds on the store spend at the same time counts too. The maximum cost of a call is reserved in the store before it is sent.
    While reserved calls are in flight, of any of the builds, a call that would not fit waits until their actual cost is known.
    """

    def __init__(self, build: Build, queue: WriteQueue, cap: float | None = None) -> None:
        self.build, self.cap = build, cap
        self.before = 0.0  # paid before this build and those beside it
        self.others = 0  # builds that share the cap
        self._calls: Waiting[Entry, bool] = Waiting(
            self._reserve, lambda sent: queue.put(sent._replace(status="lost", usd=0.0))
        )
        queue.written = self._calls.wake  # what a call has cost may leave room for one that waits

    def charge(self, usd: float) -> None:
        """Count what was paid in an earlier run."""
        self.before += usd

    async def reserve(self, sent: Entry) -> bool:
        """True: the call may be made; its entry is on disk. False: it could exceed the cap. Raises StoreError; ModelError after `stop`."""
        return self.cap is None or await self._calls.outcome(sent)

    def reached(self) -> str:
        """Why a call is not made, in words."""
        beside = f", with what {self.others} other builds on this store spend at the same time" if self.others else ""
        return f"--max-usd {self.cap} is reached{beside}"

    def stop(self, why: Exception) -> None:
        """Every call that waits for its turn raises this exception."""
        self._calls.stop(why)

    def _reserve(self, sent: Sequence[Entry]) -> list[bool | None]:
        assert self.cap is not None
        fits, spending = self.build.reserve(sent, self.cap - self.before)
        self.others = spending.others
        # one that does not fit may do so when those in flight have ended
        return [True if fit else None if spending.reserved > 0 else False for fit in fits]
