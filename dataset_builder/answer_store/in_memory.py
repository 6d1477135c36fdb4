"""The answers to some requests, outside the store: as an Arrow table they go to a process that cannot open it."""

from collections.abc import Sequence

import pyarrow as pa

from dataset_builder.answer_store.entry import Entry, KnownRequest, known_request, whole
from dataset_builder.answer_store.store import AnswerStore


def table_of(store: AnswerStore, keys: Sequence[bytes]) -> pa.Table:
    """The entries of these requests that say how they ended, in the order in which they were written; columns as in an export."""
    from dataset_builder.answer_store.parquet_files import PUBLISHED, as_table  # which imports `datasets`

    return as_table(entry for entry in store.entries_of(keys) if entry.status in PUBLISHED)


class AnswersInMemory:
    """What the store knew about the requests of such a table. Finds as `AnswerStore.find` does."""

    def __init__(self, table: pa.Table) -> None:
        self._entries: dict[bytes, list[Entry]] = {}
        for row in table.to_pylist():
            if (entry := whole([row[name] for name in (*Entry._fields, "checksum")])) is not None:
                self._entries.setdefault(entry.key, []).append(entry)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, KnownRequest]:
        """What is known about these requests."""
        return {key: known_request(self._entries[key]) for key in keys if key in self._entries}

    def __str__(self) -> str:
        return "the part of the answer store that was sent here"
