"""The SQLite file of an answer store: its tables, how it is opened, and who may read it."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_builder.answer_store.entry import Entry, StoreError
from dataset_builder.answer_store.sums_table import make_sums

PRIVATE = 0o600  # a store's mode
TABLES = (
    """create table if not exists answers (
    key blob not null, status text not null, reason text, detail text, response text, checksum blob not null,
    model text not null, stage text not null, prompt_tokens integer, completion_tokens integer, usd real,
    seconds real, at real not null)""",
    "create index if not exists answers_key on answers (key)",
    # the builds that work on this store, and what each has under way (builds.py)
    """create table if not exists builds (
    owner text primary key, host text not null, pid integer not null, started text not null, seen real not null,
    since real not null, usd real not null default 0, ended integer not null default 0)""",
    """create table if not exists under_way (
    key blob primary key, owner text not null, usd real not null default 0) without rowid""",
    # batches at a provider, and the requests that are in one, or that one has left without an answer (batches.py)
    """create table if not exists batches (
    id text primary key, owner text not null, model text not null, stage text not null, at real not null, state text not null,
    changed real not null, requests integer not null, done integer not null, failed integer not null, usd real not null,
    spent real not null, file_id text, batch_id text, why text)""",
    """create table if not exists batch_requests (
    key blob primary key, batch text, tries integer not null default 0, reason text, why text, usd real not null default 0)
    without rowid""",
    "create index if not exists batch_requests_batch on batch_requests (batch)",
)
# A commit is on disk when it returns, also after a power cut.
# With random keys each entry changes another page of the index: 64 MB of them are kept, and written back 40 MB at a time.
PRAGMAS = (
    "pragma journal_mode=wal",
    "pragma synchronous=full",
    "pragma cache_size=-65536",
    "pragma wal_autocheckpoint=10000",
)

BUSY_S, AGAIN_S = 60.0, 0.02  # how long others may keep the file, and until it is tried again
LOOKED_UP = 500  # keys in one statement: old versions of SQLite allow 999 variables


def parts_of(keys: Sequence[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Some of these keys after the other, each time with as many question marks: for ``key in (?, …)``."""
    for start in range(0, len(keys), LOOKED_UP):
        part = list(keys[start : start + LOOKED_UP])
        yield ", ".join("?" * len(part)), part


def open_file(path: Path) -> sqlite3.Connection:
    """Open a store, or make one. Raises StoreError where the file is none, or cannot be opened."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep_private(path)
        connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
        for statement in PRAGMAS:
            _execute(connection, statement)
        columns = _make_tables(connection)
    except (OSError, sqlite3.Error, UnicodeDecodeError) as why:  # the last: a damaged name in a message of SQLite
        raise StoreError(
            f"{path} cannot be opened as an answer store ({why}); move it away, or give another by --store FILE. Was it one? `sqlite3 {path} "
            ".recover` may rescue its table `answers`"
        ) from why
    if not {"checksum", *Entry._fields} <= columns:
        raise StoreError(
            f"{path} is no answer store: its table has the columns {sorted(columns)}; give another by --store FILE"
        )
    return connection


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    """Execute it when others let it: SQLite does not wait by itself where two processes make a new file a WAL at once."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as why:
            if why.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(AGAIN_S)


def _make_tables(connection: sqlite3.Connection) -> set[str]:
    """Make what is missing; returns the columns of the answers.

    A damaged file to which nothing can be added may still be read; who writes to it is told.
    """
    try:
        for statement in TABLES:
            _execute(connection, statement)
        if {"checksum", *Entry._fields} <= _columns(connection):
            make_sums(connection)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        if not _columns(connection):
            raise
    return _columns(connection)


def _columns(connection: sqlite3.Connection) -> set[str]:
    return {row[1] for row in connection.execute("pragma table_info(answers)")}


def _keep_private(path: Path) -> None:
    """Nobody else on the machine may read or change what was paid for. SQLite gives its other files the mode of this one."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))
    if path.stat().st_uid == os.geteuid():  # not that of somebody who shares theirs on purpose
        path.chmod(PRIVATE)


@dataclass(frozen=True)
class StoreFile:
    """The file at this path. Every process opens it on first use. Safe for several threads and processes."""

    path: Path
    _open: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False, hash=False)

    def __str__(self) -> str:
        return str(self.path)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "path", state["path"])
        object.__setattr__(self, "_open", {})

    def close(self) -> None:
        """Close the file; it is opened again when it is used."""
        with self._lock:
            if (connection := self._open.pop("connection", None)) is not None:
                connection.close()

    @contextmanager
    def transaction(self, what: str = "what is under way") -> Iterator[sqlite3.Connection]:
        """A transaction beside which nobody else writes; on disk at its end. Raises StoreError where ``what`` cannot be written."""
        try:
            with self._lock, self._connection as connection:
                connection.execute("begin immediate")
                yield connection
        except (sqlite3.Error, UnicodeDecodeError) as why:
            raise StoreError(
                f"{self.path}: {what} could not be written ({why}); fix the cause, and run the same command again"
            ) from why

    def read(self, select: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a select. Raises sqlite3.DatabaseError where a page is damaged."""
        try:
            with self._lock:
                return self._connection.execute(select, parameters).fetchall()
        except UnicodeDecodeError as why:  # a damaged name in a message of SQLite
            raise sqlite3.DatabaseError(str(why)) from why

    @property
    def _lock(self) -> threading.Lock:
        return self._open.setdefault("lock", threading.Lock())

    @property
    def _connection(self) -> sqlite3.Connection:
        if "connection" not in self._open:
            self._open["connection"] = open_file(self.path)
        return self._open["connection"]
