"""The batches of one store: send them, find those again that a killed build has left, look how far they are, take their answers in.

In the journal (answer_store/batches.py) a batch goes through: writing (its requests are claimed, its file is written), uploaded, creating
(the provider is asked for it), then the provider's own states, and at the end taken in, or dropped where there is none.
"""

import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from openai.types import Batch as ProviderBatch

from dataset_builder.answer_store.batches import CREATING, DROPPED, TAKEN_IN, UPLOADED, Batch, Journal, Unanswered
from dataset_builder.answer_store.builds import living
from dataset_builder.answer_store.entry import Entry
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.batches.provider import ENDED, KEYS, NAME, NOT_FOUND, Provider, ProviderError
from dataset_builder.llm.batches.request_file import REQUESTS, RequestFile
from dataset_builder.llm.batches.results import Result, ResultReader
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.prices import Price, price_of

AT_ONCE = 500  # answers in one transaction
TOO_MANY = "token_limit_exceeded"  # of the tokens that may wait in all batches of a model
FEWEST = 10  # requests of a batch, however small the provider's limit


class Batches:
    """The batches of a store. ``prices``: as of online calls; a model's own ``batch`` price counts here. Not safe for several threads."""

    def __init__(self, store: AnswerStore, owner: str, prices: Mapping[str, Price]) -> None:
        self.store, self.owner, self.prices, self.journal = store, owner, prices, Journal(store)
        self.most_requests: dict[str, int] = {}  # of a batch, by model, where the provider has refused more
        self.notes: list[str] = []
        self.tried: set[str] = set()  # models of which a request was asked online in this run
        self.arrived: Callable[[Sequence[Entry]], None] = lambda entries: None  # is called with what is taken in
        self._providers: dict[str, Provider] = {}

    @staticmethod
    def name(llm: LLM) -> str:
        """A model with its endpoint, whatever its sampling: what the requests of a batch have in common."""
        return str(LLM(llm.model, llm.endpoint))

    def provider(self, model: str) -> Provider:
        """The provider of a model, by its name with its endpoint."""
        endpoint = LLM.named(model).endpoint
        if endpoint not in self._providers:
            self._providers[endpoint] = Provider(endpoint)
        return self._providers[endpoint]

    def close(self) -> None:
        """Close all connections."""
        for provider in self._providers.values():
            provider.close()

    def price(self, model: str) -> Price | None:
        """Of a model in batches; None where it is not known."""
        price = price_of(LLM.named(model).model, self.prices)
        return price and price.batch

    def begin(self, llm: LLM, stage: str) -> tuple[Batch, RequestFile]:
        """A batch without requests, and its file."""
        batch = Batch(uuid.uuid4().hex, self.owner, self.name(llm), stage, at=time.time())
        self.journal.begin(batch)
        return batch, RequestFile(self._file(batch))

    def room(self, model: str) -> int:
        """The most requests of a batch of this model."""
        return self.most_requests.get(model, REQUESTS)

    def send(self, batch: Batch, file: RequestFile) -> None:
        """Upload a batch's file and create the batch. Raises ModelError where that fails.

        Where it is not known whether there is a batch, its requests stay in it until `find_again` has found out: they may be paid.
        """
        file.close()
        provider = self.provider(batch.model)
        try:
            file_id = provider.upload(file.path)
        except ModelError as why:
            raise self._unsent(batch, why) from why
        finally:
            file.delete()
        self.journal.change(batch.id, state=UPLOADED, file_id=file_id)
        self.journal.change(batch.id, state=CREATING)
        try:
            made = provider.create(file_id, {NAME: batch.id, KEYS: file.digest.hexdigest()})
        except ModelError as why:
            if (made := provider.lost(batch.id, batch.at, file_id)) is None:
                raise self._unsent(batch, why) from why
        self._note(batch, made)

    def _unsent(self, batch: Batch, why: ModelError) -> ModelError:
        """Drop a batch that the provider does not have."""
        self.journal.end(batch.id, DROPPED, str(why))
        return ModelError(
            f"a batch of {batch.model} could not be sent: {why}. Nothing is lost: run the same command again"
        )

    def find_again(self) -> None:
        """Find out about batches whose build was killed while it sent them. Raises ProviderError, ModelError."""
        alive = living(self.store)
        for batch in self.journal.under_way():
            if batch.batch_id or batch.owner in alive:
                continue
            provider, found = self.provider(batch.model), None
            self._file(batch).unlink(missing_ok=True)
            if batch.state == CREATING and batch.file_id:
                found = provider.lost(batch.id, batch.at, batch.file_id)
            elif batch.file_id:
                provider.forget(batch.file_id)
            if found is None:
                self.journal.end(batch.id, DROPPED, "its build ended before the provider had made it")
            else:
                self._note(batch, found)

    def look(self, batch: Batch) -> bool:
        """Ask how far a batch is, and take its answers in when it has ended. Returns whether it is over.

        Raises ProviderError where that fails for now, and ModelError where the provider has refused the batch's file.
        """
        assert batch.batch_id is not None
        now = self.provider(batch.model).state(batch.batch_id)
        self._note(batch, now)
        if now.status not in ENDED:
            return False
        if now.status == "failed":
            self._refused(batch, now)
            return True
        self._take_in(batch, now)
        return True

    def look_at_all(self, batches: Sequence[Batch]) -> int:
        """Look at each of these. Returns how many are over; a look that fails for now is named in ``notes``. Raises ModelError."""
        over = 0
        for batch in batches:
            try:
                over += self.look(batch)
            except ProviderError as why:
                said = f"a look at batch {batch.id[:8]} failed: {why}"
                if why.error.kind == NOT_FOUND:
                    said += f". Is it of another key or project? If it is gone: `batches drop {batch.id[:8]}` lets its requests be asked again"
                self.note(said)
        return over

    def cancel(self, batch: Batch) -> None:
        """Ask the provider to end a batch that has not ended. Raises ProviderError, ModelError."""
        assert batch.batch_id is not None
        self._note(batch, self.provider(batch.model).cancel(batch.batch_id))

    def note(self, text: str) -> None:
        """Keep a sentence for the end, once."""
        if text not in self.notes:
            self.notes.append(text)

    def _note(self, batch: Batch, now: ProviderBatch) -> None:
        counts = now.request_counts
        fields = {"state": now.status, "batch_id": now.id}
        fields |= {"done": counts.completed, "failed": counts.failed} if counts else {}
        self.journal.change(batch.id, **fields)

    def _refused(self, batch: Batch, now: ProviderBatch) -> None:
        """The provider has not begun the batch, so nothing is paid."""
        errors = (now.errors and now.errors.data) or []
        why = (
            "; ".join(f"{f'line {e.line}: ' if e.line else ''}{e.code}: {e.message}" for e in errors[:3])
            or "no reason is given"
        )
        self.journal.end(batch.id, DROPPED, why)
        if not any(error.code == TOO_MANY for error in errors):
            raise ModelError(
                f"the provider refuses batch {now.id} of {batch.model} ({batch.requests:,} requests, stage {batch.stage}): {why}. Nothing "
                "of it was answered or paid"
            )
        self.most_requests[batch.model] = max(FEWEST, batch.requests // 2)
        self.note(f"{batch.model}: batches are smaller, since so many tokens may not wait ({why})")

    def _take_in(self, batch: Batch, now: ProviderBatch) -> None:
        most = self.journal.left(batch.id)
        reader = ResultReader(batch.model, batch.stage, self.price(batch.model))
        for file_id in (now.output_file_id, now.error_file_id):
            if file_id:
                with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                    place = Path(folder) / "lines"
                    self.provider(batch.model).download(file_id, place)
                    for some in _parts(reader.read(place, most)):
                        self._store(batch, some)
        missing = self.journal.left(batch.id)
        if now.status == "completed":  # what it says it has done may have been paid
            lost = [
                Entry(key, "lost", "missing", "no line in the batch's files", None, batch.model, batch.stage, usd=usd)
                for key, usd in missing.items()
            ]
            for start in range(0, len(lost), AT_ONCE):
                self.journal.take_in(batch.id, self.owner, lost[start : start + AT_ONCE])
        why = f"{len(missing):,} requests have no line in its files" if missing else None
        self.journal.end(batch.id, TAKEN_IN, why)
        if missing or reader.unread:
            self.note(
                f"batch {now.id} ({now.status}): {why or 'every request has its line'}; {reader.unread:,} lines could not be read"
            )

    def _store(self, batch: Batch, results: Iterable[Result]) -> None:
        entries: list[Entry] = []
        unanswered: list[Unanswered] = []
        for entry, why in results:
            if entry is not None:
                entries.append(entry)
            if why is not None:
                unanswered.append(why)
        self.arrived(self.journal.take_in(batch.id, self.owner, entries, unanswered))

    def _file(self, batch: Batch) -> Path:
        return self._folder / f"{batch.id}.jsonl"

    @property
    def _folder(self) -> Path:
        """Where files of requests and answers lie until they are sent, or taken in: beside the store."""
        return self.store.path.with_name(f"{self.store.path.name}.batches")


def _parts(results: Iterable[Result]) -> Iterable[list[Result]]:
    part: list[Result] = []
    for result in results:
        part.append(result)
        if len(part) == AT_ONCE:
            yield part
            part = []
    if part:
        yield part
