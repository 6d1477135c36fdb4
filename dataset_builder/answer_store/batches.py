"""The journal of provider batches: which requests of this store are in which batch, and how far each batch has come.

A batch is written down before the provider hears of it, again before it is created, and at every change of its state. So a build that is
killed at any moment leaves enough to find the batch again (llm/batches), and no request of it is asked twice. How a request was sent is
no part of its key, nor of anything that is published.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, NamedTuple

from dataset_builder.answer_store.entry import Entry, cost_of
from dataset_builder.answer_store.file import parts_of
from dataset_builder.answer_store.store import ENDING, AnswerStore

WRITING, UPLOADED, CREATING = "writing", "uploaded", "creating"  # the provider has no batch; no batch; perhaps one
TAKEN_IN, DROPPED = "taken in", "dropped"  # all its answers are in the store; there was none, or it answered nothing
OVER = (TAKEN_IN, DROPPED)


@dataclass(frozen=True)
class Batch:
    """A line of the journal. ``id``: ours, which the batch's metadata have; ``batch_id``, ``file_id``: the provider's.

    ``usd``: the most that it can cost; ``spent``: what its answers have cost; ``at``, ``changed``: seconds since 1970.
    """

    id: str
    owner: str
    model: str
    stage: str
    at: float
    state: str = WRITING
    changed: float = 0.0
    requests: int = 0
    done: int = 0
    failed: int = 0
    usd: float = 0.0
    spent: float = 0.0
    file_id: str | None = None
    batch_id: str | None = None
    why: str | None = None


class Claimed(NamedTuple):
    """A request that is in a batch (``batch``: its id), or that one has left without an answer (None).

    ``tries``: batches that have not answered it; ``reason``, ``why``: of the last; ``usd``: the most that an answer can cost.
    """

    batch: str | None
    tries: int
    reason: str | None
    why: str | None
    usd: float


FREE = Claimed(None, 0, None, None, 0.0)  # of a request that was in no batch


class Unanswered(NamedTuple):
    """A request that a batch has not answered, and why."""

    key: bytes
    reason: str
    why: str


_COLUMNS = tuple(Batch.__dataclass_fields__)


class Journal:
    """The batches of one store. Safe for several threads and processes."""

    def __init__(self, store: AnswerStore) -> None:
        self.store = store

    def all(self) -> list[Batch]:
        """All batches that are written down, the oldest first."""
        return [Batch(*row) for row in self.store.read(f"select {', '.join(_COLUMNS)} from batches order by at, id")]

    def under_way(self) -> list[Batch]:
        """Those that are not over."""
        return [batch for batch in self.all() if batch.state not in OVER]

    def begin(self, batch: Batch) -> None:
        """Write down a batch that has no requests yet. Raises StoreError."""
        with self.store.transaction("a batch") as connection:
            values = [getattr(batch, name) for name in _COLUMNS]
            connection.execute(f"insert into batches values ({', '.join('?' * len(_COLUMNS))})", values)

    def claim(self, batch_id: str, requests: Sequence[tuple[bytes, float]]) -> set[bytes]:
        """Put requests, each with the most that it can cost, into a batch. Returns those that no other batch has. Raises StoreError."""
        claimed = dict(requests)
        with self.store.transaction("a batch") as connection:
            for marks, part in parts_of(list(claimed)):
                select = f"select key from batch_requests where batch is not null and key in ({marks})"
                for (key,) in connection.execute(select, part).fetchall():
                    del claimed[key]
            connection.executemany(
                "insert into batch_requests (key, batch, usd) values (?, ?, ?) on conflict (key) do update set "
                "batch = excluded.batch, usd = excluded.usd",
                [(key, batch_id, usd) for key, usd in claimed.items()],
            )
            connection.execute(
                "update batches set requests = requests + ?, usd = usd + ? where id = ?",
                (len(claimed), sum(claimed.values()), batch_id),
            )
        return set(claimed)

    def claims(self, keys: Sequence[bytes]) -> dict[bytes, Claimed]:
        """What is known of these requests; those that were never in a batch, or were answered, are left out."""
        found: dict[bytes, Claimed] = {}
        for marks, part in parts_of(keys):
            rows = self.store.read(
                f"select key, batch, tries, reason, why, usd from batch_requests where key in ({marks})", part
            )
            found |= {key: Claimed(*rest) for key, *rest in rows}
        return found

    def change(self, batch: str, /, **fields: Any) -> None:
        """Write down what has changed. Raises StoreError."""
        names = [*fields, "changed"]
        with self.store.transaction("the state of a batch") as connection:
            connection.execute(
                f"update batches set {', '.join(f'{name} = ?' for name in names)} where id = ?",
                (*fields.values(), time.time(), batch),
            )

    def take_in(
        self, batch_id: str, owner: str, entries: Sequence[Entry], unanswered: Sequence[Unanswered] = ()
    ) -> list[Entry]:
        """Store what a batch has answered, and free what may be asked again, in one transaction. ``owner``: the build that pays.

        What the batch no longer has is left out: it was taken in before a kill, or it was twice in the file. Returns the entries
        that were new. Raises StoreError.
        """
        with self.store.transaction(f"{len(entries)} answers of a batch") as connection:
            mine = _of_batch(connection, batch_id, [*(e.key for e in entries), *(one.key for one in unanswered)])
            new: dict[bytes, Entry] = {}
            for entry in entries:
                if entry.key in mine:
                    new.setdefault(entry.key, entry)
            self.store.insert(connection, list(new.values()))
            free = [Unanswered(e.key, e.reason or "", e.detail or "") for e in new.values() if e.status not in ENDING]
            free += [one for one in unanswered if one.key in mine and one.key not in new]
            answered = [(key,) for key, entry in new.items() if entry.status in ENDING]
            connection.executemany("delete from batch_requests where key = ?", answered)
            connection.executemany(
                "update batch_requests set batch = null, tries = tries + 1, reason = ?, why = ? where key = ?",
                [(one.reason, one.why, one.key) for one in free],
            )
            _free(connection, [one.key for one in free])
            spent = sum(cost_of(entry) for entry in new.values())
            connection.execute("update batches set spent = spent + ? where id = ?", (spent, batch_id))
            connection.execute("update builds set usd = usd + ? where owner = ?", (spent, owner))
        return list(new.values())

    def left(self, batch_id: str) -> dict[bytes, float]:
        """The requests that a batch still has, each with the most that its answer can cost."""
        return dict(self.store.read("select key, usd from batch_requests where batch = ?", (batch_id,)))

    def end(self, batch_id: str, state: str, why: str | None = None) -> int:
        """Write down that a batch is over, and free the requests that it still has, which does not count as a try. Returns their number."""
        with self.store.transaction("the end of a batch") as connection:
            left = [
                key for (key,) in connection.execute("select key from batch_requests where batch = ?", (batch_id,))
            ]
            connection.execute("update batch_requests set batch = null where batch = ?", (batch_id,))
            connection.execute("delete from batch_requests where batch is null and tries = 0")
            _free(connection, left)
            connection.execute(
                "update batches set state = ?, why = ?, changed = ? where id = ?", (state, why, time.time(), batch_id)
            )
        return len(left)

    def forget_tries(self) -> None:
        """A build is done: what its batches have not answered is asked anew by the next one."""
        with self.store.transaction("the end of a build") as connection:
            connection.execute("delete from batch_requests where batch is null")


def _of_batch(connection: Connection, batch_id: str, keys: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for marks, part in parts_of(keys):
        select = f"select key from batch_requests where batch = ? and key in ({marks})"
        found |= {key for (key,) in connection.execute(select, (batch_id, *part))}
    return found


def _free(connection: Connection, keys: Sequence[bytes]) -> None:
    """What was reserved for these requests is free, and they are under way no longer."""
    connection.executemany("delete from answers where key = ? and status = 'sent'", [(key,) for key in keys])
    connection.executemany("delete from under_way where key = ?", [(key,) for key in keys])
