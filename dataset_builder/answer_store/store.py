"""The answer store: every paid answer, under the hash of its request, in an SQLite file that survives kill -9.

Only raw answers are stored, never a key or a URL. One request can have several entries:

- ``good``: the answer that can be used; ``bad``: answers that were paid but cannot be used;
- without an answer, the reason: ``failed`` (call again) or ``final`` (the same request would fail again);
- without an answer, the possible cost of the call: ``sent`` (written before the call, where there is a cap) or ``lost``.
"""

import math
import sqlite3
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence

from dataset_builder.answer_store.entry import (
    COLUMNS,
    STATUSES,
    Entry,
    KnownRequest,
    StoreError,
    cost_of,
    known_request,
    whole,
)
from dataset_builder.answer_store.file import StoreFile, parts_of
from dataset_builder.answer_store.sums import Sums, sums_of
from dataset_builder.answer_store.walk import Skipped, walk

__all__ = ["STATUSES", "AnswerStore", "Entry", "KnownRequest", "StoreError"]
ENDING = ("good", "final", "failed")  # an entry that ends a request, which then is no longer under way


class AnswerStore(StoreFile):
    """The store at this path. Every process opens it on first use. Safe for several threads and processes."""

    def find(self, keys: Sequence[bytes]) -> dict[bytes, KnownRequest]:
        """What is known about these requests. A torn or corrupt entry is left out, with a warning."""
        found: dict[bytes, list[Entry]] = {}
        for entry in self.entries_of(keys):
            found.setdefault(entry.key, []).append(entry)
        return {key: known_request(entries) for key, entries in found.items()}

    def add(self, entries: Iterable[Entry], owner: str | None = None, released: Sequence[bytes] = ()) -> None:
        """Commit these entries together; they are on disk when it returns.

        Any other entry of a call deletes its ``sent``. ``owner``: the build that has spent their cost; ``released``: requests that it has no
        longer under way. Raises StoreError where the file cannot be written.
        """
        entries = list(entries)
        try:
            with self.transaction(f"{len(entries)} answers") as connection:
                self.insert(connection, entries)
                if owner is not None:
                    spent = sum(cost_of(entry) for entry in entries)
                    connection.execute("update builds set usd = usd + ? where owner = ?", (spent, owner))
                    for key in released:  # with what a call may have cost that was given up
                        mine = (key, owner)
                        connection.execute(
                            "update builds set usd = usd + coalesce((select usd from under_way where key = ? and owner = ?), 0) where owner = ?",
                            (*mine, owner),
                        )
                        connection.execute("delete from under_way where key = ? and owner = ?", mine)
        except (
            OverflowError,
            UnicodeEncodeError,
        ):  # one of them cannot be stored as it is: it must not cost the others
            if len(entries) == 1:
                self.add([entries[0].storable()], owner, released)
            else:
                for entry in entries:
                    self.add([entry], owner, released)

    def insert(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        """Add entries within a transaction: see `add`."""
        now = time.time()
        rows = [(*e[:5], e.checksum, *e[5:11], now if e.at is None else e.at) for e in entries]
        settled = [(e.key,) for e in entries if e.status != "sent"]
        connection.executemany("delete from answers where key = ? and status = 'sent'", settled)
        connection.executemany("update under_way set usd = 0 where key = ? and usd > 0", settled)
        connection.executemany(
            "delete from under_way where key = ?", [(e.key,) for e in entries if e.status in ENDING]
        )
        connection.executemany(f"insert into answers values ({', '.join('?' * 13)})", rows)

    def entries(self, skipped: Skipped | None = None) -> Iterator[Entry]:
        """All intact entries, in the order in which they were written. What cannot be read is added to ``skipped``, or warned of."""
        found = Skipped() if skipped is None else skipped
        yield from walk(self, found)
        for line in found.lines() if skipped is None else ():
            warnings.warn(f"{self.path}, {line}; it counts as missing", stacklevel=2)

    def entries_of(self, keys: Sequence[bytes]) -> list[Entry]:
        """Every intact entry of these requests, in the order of the requests; a torn one is left out, with a warning."""
        return [entry for _, part in parts_of(keys) for entry in self._select(part)]

    def sums(self, skipped: Skipped | None = None) -> list[Sums]:
        """The entries by stage, model and status. The first time, a store of an earlier version is read whole.

        Where pages are damaged, what could not be read may be added to ``skipped``.
        """
        return sums_of(self, Skipped() if skipped is None else skipped)

    def usual(self, stage: str) -> tuple[float, float] | None:
        """The mean completion tokens and seconds of a stage's good answers; None where there is none."""
        good = [sums for sums in self.sums() if sums.stage == stage and sums.status == "good"]
        tokened, timed = sum(s.tokened for s in good), sum(s.timed for s in good)
        if not tokened:
            return None
        return sum(s.completion_tokens for s in good) / tokened, sum(s.seconds for s in good) / max(timed, 1)

    def tokens_per_second(self, model: str, last: int = 500) -> float | None:
        """Completion tokens per second of the last answers of a model, over the time in which at least one call was in flight.

        None where it has no answer, or a damaged page hides them.
        """
        try:
            rows = self.read(
                "select completion_tokens, seconds, at from answers where model = ? and completion_tokens > 0 and seconds > 0 "
                "and typeof(completion_tokens) = 'integer' and typeof(seconds) = 'real' and typeof(at) = 'real' "
                "order by rowid desc limit ?",
                (model, last),
            )
        except sqlite3.DatabaseError:
            return None
        busy, until = 0.0, -math.inf
        for begin, end in sorted((at - seconds, at) for _, seconds, at in rows):
            busy += max(0.0, end - max(begin, until))
            until = max(until, end)
        return sum(tokens for tokens, *_ in rows) / busy if busy else None

    def __len__(self) -> int:
        return sum(sums.entries for sums in self.sums())

    def _select(self, keys: Sequence[bytes]) -> list[Entry]:
        marks = ", ".join("?" * len(keys))
        try:
            rows = self.read(f"select {COLUMNS} from answers where key in ({marks}) order by rowid", keys)
        except sqlite3.DatabaseError as why:
            if len(keys) > 1:  # a damaged page affects only the keys on it
                return [entry for key in keys for entry in self._select([key])]
            warnings.warn(
                f"{self.path}: an entry cannot be read ({why}); it counts as missing (`store export` and `store import` rescue the others)",
                stacklevel=2,
            )
            return []
        return [entry for row in rows if (entry := whole(row)) is not None]
