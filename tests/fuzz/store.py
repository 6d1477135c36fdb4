"""The bytes of an answer store, through what opens and reads it: look-ups, sums, export, and a build that joins."""

import sqlite3
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from dataset_builder.answer_store.builds import Build
from dataset_builder.answer_store.parquet_files import export, stats
from dataset_builder.answer_store.store import AnswerStore, Entry, StoreError
from dataset_builder.answer_store.walk import Skipped
from tests.fuzz.border import Border

KEYS = [bytes([number]) * 16 for number in range(12)]
STATUSES = ("good", "good", "good", "bad", "failed", "final", "sent", "lost")


def entries() -> list[Entry]:
    """One of each status and more, one of them longer than a page."""
    return [
        Entry(
            key,
            STATUSES[i % 8],
            None,
            None,
            "x" * (5000 if i == 3 else 300),
            f"m{i % 2}",
            "s",
            10,
            5,
            0.5,
            1.0,
            1e9 + i,
        )
        for i, key in enumerate(KEYS)
    ]


def seeds() -> Sequence[bytes]:
    """A store of today with a build that was killed, and one of before its sums."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.sqlite"
        store = AnswerStore(path)
        store.add(entries())
        with store.transaction() as connection:
            connection.execute("insert into builds values ('o', 'h', 1, '2', 3.0, 4.0, 0.5, 0)")
            connection.execute("insert into under_way values (?, 'o', 0.5)", (KEYS[0],))
        today = _as_file(path)
        with closing(sqlite3.connect(path)) as older:
            for statement in (
                *(f"drop trigger sums_{kind}" for kind in ("insert", "delete", "update")),
                *(f"drop table {table}" for table in ("sums", "builds", "under_way")),
                "pragma user_version = 0",
            ):
                older.execute(statement)
        return [today, _as_file(path)]


def _as_file(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    return path.read_bytes()


def read(data: bytes, folder: Path) -> None:
    """Open it and read all of it, as `store stats`, `store export` and a build do."""
    path = folder / "s.sqlite"
    for name in ("s.sqlite", "s.sqlite-wal", "s.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    path.write_bytes(data)
    store = AnswerStore(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            store.find(KEYS)
            stats(store, Skipped())
            export(store, folder / "a.parquet", skipped=Skipped())
            store.usual("s")
            store.tokens_per_second("m1")
            build = Build(store)
            try:
                build.take(KEYS[:3])
                build.reserve([entries()[6]], 10.0)
                store.add(entries()[:2], build.owner)
            finally:
                build.end()
        finally:
            store.close()


BORDER = Border("store", "bytes", seeds, read, (StoreError,))
