"""The answer store: every paid answer, under the hash of its request, in an SQLite file that survives kill -9.

Only raw answers are stored, never a key or a URL. One request can have several entries:

- ``good``: the answer that can be used; ``bad``: answers that were paid but cannot be used;
- without an answer, the reason: ``failed`` (call again) or ``final`` (the same request would fail again);
- without an answer, the possible cost of the call: ``sent`` (written before the call, where there is a cap) or ``lost``.
"""

import hashlib
import math
import os
import sqlite3
import threading
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

STATUSES = ("good", "bad", "failed", "final", "sent", "lost")
_TABLE = """create table if not exists answers (
    key blob not null, status text not null, reason text, detail text, response text, checksum blob not null,
    model text not null, stage text not null, prompt_tokens integer, completion_tokens integer, usd real,
    seconds real, at real not null)"""
_INDEX = "create index if not exists answers_key on answers (key)"
PRIVATE = 0o600  # a store's mode
_ASKED = 500  # keys in one select: old versions of SQLite allow 999 variables


class StoreError(ValueError):
    """The file is no answer store, or it cannot be read; the message says what to do."""


class Entry(NamedTuple):
    """One row of the table.

    ``reason``, ``detail``: why an answer is bad or missing; ``usd``: None where no price is known.
    """

    key: bytes
    status: str
    reason: str | None
    detail: str | None
    response: str | None
    model: str
    stage: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    at: float | None = None  # None: now

    def storable(self) -> "Entry":
        """The entry without half characters, and without numbers that SQLite cannot hold."""
        whole = {
            name: value.encode("utf-8", "replace").decode("utf-8")
            for name, value in self._asdict().items()
            if isinstance(value, str)
        }
        counts = {name: None for name in ("prompt_tokens", "completion_tokens") if (getattr(self, name) or 0) >= 2**63}
        return self._replace(**whole, **counts)

    @property
    def checksum(self) -> bytes:
        """8 bytes over the fields that must be intact."""
        text = f"{self.status}\0{self.reason}\0{self.detail}\0{self.response}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=self.key).digest()


@dataclass(frozen=True)
class KnownRequest:
    """What the store knows about one request: the entry that counts, the number of bad ones, and the cost of all.

    ``priced``: the price of every paid one is known. ``lost_usd``: the possible cost of calls without an answer.
    """

    entry: Entry | None
    bad: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    priced: bool
    lost_usd: float


@dataclass(frozen=True)
class AnswerStore:
    """The store at this path. Every process opens it on first use. Safe for several threads and processes."""

    path: Path
    _open: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False, hash=False)

    def __str__(self) -> str:
        return str(self.path)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "path", state["path"])
        object.__setattr__(self, "_open", {})

    def find(self, keys: Sequence[bytes]) -> dict[bytes, KnownRequest]:
        """What is known about these requests. A torn or corrupt entry is left out, with a warning."""
        found: dict[bytes, list[Entry]] = {}
        for entry in self.entries_of(keys):
            found.setdefault(entry.key, []).append(entry)
        return {key: _known_request(entries) for key, entries in found.items()}

    def add(self, entries: Iterable[Entry]) -> None:
        """Commit these entries together; they are on disk when it returns.

        Any other entry of a call deletes its ``sent``. Raises StoreError where the file cannot be written.
        """
        entries = list(entries)
        now = time.time()
        rows = [(*e[:5], e.checksum, *e[5:11], now if e.at is None else e.at) for e in entries]
        settled = [(e.key,) for e in entries if e.status != "sent"]
        try:
            with self._lock, self._connection as connection:
                connection.executemany("delete from answers where key = ? and status = 'sent'", settled)
                connection.executemany(f"insert into answers values ({', '.join('?' * 13)})", rows)
        except (
            OverflowError,
            UnicodeEncodeError,
        ):  # one of them cannot be stored as it is: it must not cost the others
            if len(entries) == 1:
                self.add([entries[0].storable()])
            else:
                for entry in entries:
                    self.add([entry])
        except sqlite3.Error as why:
            raise StoreError(
                f"{self.path}: {len(rows)} answers could not be written ({why}); fix the cause, and run the same command again"
            ) from why

    def entries(self) -> Iterable[Entry]:
        """All intact entries, in the order in which they were written."""
        rows = self._connection.execute(f"{_SELECT} order by rowid")
        return (entry for row in rows if (entry := _whole(row)) is not None)

    def entries_of(self, keys: Sequence[bytes]) -> list[Entry]:
        """Every intact entry of these requests, in the order of the requests; a torn one is left out, with a warning."""
        parts = (keys[start : start + _ASKED] for start in range(0, len(keys), _ASKED))
        return [entry for part in parts for entry in self._select(part)]

    def counts(self) -> list[tuple[Any, ...]]:
        """(stage, model, status, entries, prompt tokens, completion tokens, dollars) of each kind."""
        sums = "count(*), sum(prompt_tokens), sum(completion_tokens), sum(usd)"
        with self._lock:
            return self._connection.execute(
                f"select stage, model, status, {sums} from answers group by stage, model, status order by 1, 2, 3"
            ).fetchall()

    def usual(self, stage: str) -> tuple[float, float] | None:
        """The mean completion tokens and seconds of a stage's good answers; None where there is none."""
        means = "avg(completion_tokens), avg(seconds)"
        with self._lock:
            tokens, seconds = self._connection.execute(
                f"select {means} from answers where stage = ? and status = 'good'", (stage,)
            ).fetchone()
        return None if tokens is None else (tokens, seconds)

    def tokens_per_second(self, model: str, last: int = 500) -> float | None:
        """Completion tokens per second of the last answers of a model, over the time in which at least one call was in flight.

        None where it has no answer.
        """
        with self._lock:
            rows = self._connection.execute(
                "select completion_tokens, seconds, at from answers where model = ? and completion_tokens > 0 and seconds > 0 "
                "order by rowid desc limit ?",
                (model, last),
            ).fetchall()
        busy, until = 0.0, -math.inf
        for begin, end in sorted((at - seconds, at) for _, seconds, at in rows):
            busy += max(0.0, end - max(begin, until))
            until = max(until, end)
        return sum(tokens for tokens, *_ in rows) / busy if busy else None

    def __len__(self) -> int:
        return self._connection.execute("select count(*) from answers").fetchone()[0]

    def _select(self, keys: Sequence[bytes]) -> list[Entry]:
        marks = ", ".join("?" * len(keys))
        try:
            with self._lock:
                rows = self._connection.execute(f"{_SELECT} where key in ({marks}) order by rowid", keys).fetchall()
        except sqlite3.DatabaseError as why:
            if len(keys) > 1:  # a damaged page affects only the keys on it
                return [entry for key in keys for entry in self._select([key])]
            warnings.warn(f"{self.path}: an entry cannot be read ({why}); it counts as missing", stacklevel=2)
            return []
        return [entry for row in rows if (entry := _whole(row)) is not None]

    @property
    def _lock(self) -> threading.Lock:
        return self._open.setdefault("lock", threading.Lock())

    @property
    def _connection(self) -> sqlite3.Connection:
        if "connection" not in self._open:
            self._open["connection"] = self._connect()
        return self._open["connection"]

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._keep_private()
            connection = sqlite3.connect(self.path, timeout=60, check_same_thread=False)
            for statement in ("pragma journal_mode=wal", "pragma synchronous=full", _TABLE, _INDEX):
                connection.execute(statement)
            columns = {row[1] for row in connection.execute("pragma table_info(answers)")}
        except (OSError, sqlite3.Error) as why:
            raise StoreError(
                f"{self.path} cannot be opened as an answer store ({why}); move it away, or give another by --store FILE"
            ) from why
        if not {"checksum", *Entry._fields} <= columns:
            raise StoreError(
                f"{self.path} is no answer store: its table has the columns {sorted(columns)}; give another by --store FILE"
            )
        return connection

    def _keep_private(self) -> None:
        """Nobody else on the machine may read or change what was paid for. SQLite gives its other files the mode of this one."""
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE))
        if self.path.stat().st_uid == os.geteuid():  # not that of somebody who shares theirs on purpose
            self.path.chmod(PRIVATE)


_SELECT = f"select {', '.join(Entry._fields)}, checksum from answers"


def _whole(row: tuple[Any, ...]) -> Entry | None:
    """The entry of a row, or None with a warning where it differs from what was written."""
    entry = Entry(*row[:-1])
    try:
        if entry.checksum == row[-1]:
            return entry
    except (AttributeError, TypeError, ValueError):  # a column of another type: also damaged
        pass
    warnings.warn(
        f"an entry of the answer store is torn or corrupt ({entry.stage}); it counts as missing", stacklevel=3
    )
    return None


def _cost(usd: float | None) -> float | None:
    """A cost that can be one: an imported file may say minus a million, which would lift the cap. Anything else is not known."""
    return usd if usd is not None and math.isfinite(usd) and usd >= 0 else None


def _tokens(number: int | None) -> int:
    return max(0, number or 0)


def _known_request(entries: Sequence[Entry]) -> KnownRequest:
    """The entry that counts is the last good one; without one, the last that gives the reason."""
    if len(entries) == 1 and entries[0].status == "good":  # nearly always
        e = entries[0]
        usd = _cost(e.usd)
        return KnownRequest(
            e, 0, _tokens(e.prompt_tokens), _tokens(e.completion_tokens), usd or 0.0, usd is not None, 0.0
        )
    good = [entry for entry in entries if entry.status == "good"]
    failed = [entry for entry in entries if entry.status in ("failed", "final")]
    bad = [entry for entry in entries if entry.status == "bad"]
    paid = good + bad
    return KnownRequest(
        entry=(good or failed or [None])[-1],
        bad=len(bad),
        prompt_tokens=sum(_tokens(e.prompt_tokens) for e in paid),
        completion_tokens=sum(_tokens(e.completion_tokens) for e in paid),
        usd=sum(_cost(e.usd) or 0.0 for e in paid),
        priced=all(_cost(e.usd) is not None for e in paid),
        lost_usd=sum(_cost(e.usd) or 0.0 for e in entries if e.status in ("sent", "lost")),
    )
