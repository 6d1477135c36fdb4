"""The SQLite file of an answer store: its tables, how it is opened, and who may read it."""

import os
import sqlite3
from pathlib import Path

from dataset_builder.answer_store.entry import Entry, StoreError
from dataset_builder.answer_store.sums import make_sums

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
)
# A commit is on disk when it returns, also after a power cut.
# With random keys each entry changes another page of the index: 64 MB of them are kept, and written back 40 MB at a time.
PRAGMAS = (
    "pragma journal_mode=wal",
    "pragma synchronous=full",
    "pragma cache_size=-65536",
    "pragma wal_autocheckpoint=10000",
)


def open_file(path: Path) -> sqlite3.Connection:
    """Open a store, or make one. Raises StoreError where the file is none, or cannot be opened."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep_private(path)
        connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
        for statement in (*PRAGMAS, *TABLES):
            connection.execute(statement)
        columns = {row[1] for row in connection.execute("pragma table_info(answers)")}
        if is_store := {"checksum", *Entry._fields} <= columns:
            make_sums(connection)
    except (OSError, sqlite3.Error) as why:
        raise StoreError(
            f"{path} cannot be opened as an answer store ({why}); move it away, or give another by --store FILE"
        ) from why
    if not is_store:
        raise StoreError(
            f"{path} is no answer store: its table has the columns {sorted(columns)}; give another by --store FILE"
        )
    return connection


def _keep_private(path: Path) -> None:
    """Nobody else on the machine may read or change what was paid for. SQLite gives its other files the mode of this one."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))
    if path.stat().st_uid == os.geteuid():  # not that of somebody who shares theirs on purpose
        path.chmod(PRIVATE)
