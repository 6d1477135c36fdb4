"""Which requests this build may ask now: those that no other build on the store has under way."""

from collections.abc import Sequence

from dataset_builder.answer_store.batches import Journal
from dataset_builder.answer_store.builds import Build
from dataset_builder.answer_store.entry import NOTHING, KnownRequest
from dataset_builder.answer_store.write_queue import WriteQueue
from dataset_builder.llm.calls.waiting import Waiting
from dataset_builder.llm.model import ModelError


class Turns:
    """Lets a request pass when no other build has it under way, with all that is known of it by then."""

    def __init__(self, build: Build, queue: WriteQueue) -> None:
        self.build, self.queue = build, queue
        self._requests: Waiting[bytes, KnownRequest] = Waiting(self._take, queue.release)

    async def take(self, key: bytes) -> KnownRequest:
        """Wait until this build has the request under way; it has until its entry is stored or it is released.

        Raises StoreError, and ModelError after `stop`.
        """
        return await self._requests.outcome(key)

    def release(self, key: bytes) -> None:
        """This build has the request no longer under way."""
        self.queue.release(key)

    def stop(self, why: Exception) -> None:
        """Every request that waits for its turn raises this exception."""
        self._requests.stop(why)

    def _take(self, keys: Sequence[bytes]) -> list[KnownRequest | None]:
        """Raises ModelError where a batch has one of them: its answer may be a day away, and nobody would be told."""
        taken = self.build.take(keys)
        left = [key for key in keys if key not in taken]
        for claim in Journal(self.build.store).claims(left).values():
            if claim.batch is not None:
                raise ModelError(
                    f"batch {claim.batch} of this store has requests of this build; expected its end. `batches` lists it (make batches), and "
                    "--dispatch batch goes on with it"
                )
        known = self.build.store.find([key for key in keys if key in taken])
        return [known.get(key, NOTHING) if key in taken else None for key in keys]
