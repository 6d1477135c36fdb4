"""How many entries a store has of each stage, model and status, and their sums, without reading them all."""

import sqlite3
from contextlib import closing

from dataset_builder.answer_store.entry import StoreError
from dataset_builder.answer_store.file import StoreFile
from dataset_builder.answer_store.sums_table import ADD, COUNT, COUNTED, NUMBERS, Sums
from dataset_builder.answer_store.walk import Skipped, walk


def sums_of(store: StoreFile, skipped: Skipped) -> list[Sums]:
    """The sums of a store. Where a page is damaged that they need, they are of the entries that can be read."""
    try:
        if store.read("pragma user_version")[0][0] != COUNTED:
            _count_older(store)
        rows = store.read(f"select {', '.join(Sums._fields)} from sums where entries > 0 order by 1, 2, 3")
        return [Sums(*row) for row in rows]
    except (sqlite3.DatabaseError, StoreError):
        return _read_all(store, skipped)


def _count_older(store: StoreFile) -> None:
    """Count the entries of before the triggers: what a snapshot of the store has more than its sums. Raises sqlite3.DatabaseError."""
    with closing(sqlite3.connect(store.path, timeout=60)) as snapshot:
        snapshot.execute("begin")
        missing = snapshot.execute(COUNT).fetchall()
        kept = snapshot.execute(f"select stage, model, status, {', '.join(f'-{name}' for name in NUMBERS)} from sums")
        missing += kept.fetchall()
    with store.transaction("sums") as connection:
        if connection.execute("pragma user_version").fetchone()[0] != COUNTED:  # nobody else has done it meanwhile
            marks = ", ".join("?" * len(Sums._fields))
            connection.executemany(f"insert into sums values ({marks}) {ADD}", missing)
            connection.execute(f"pragma user_version = {COUNTED}")


def _read_all(store: StoreFile, skipped: Skipped) -> list[Sums]:
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute("create table answers (stage, model, status, prompt_tokens, completion_tokens, seconds, usd)")
        rows = (
            (e.stage, e.model, e.status, e.prompt_tokens, e.completion_tokens, e.seconds, e.usd)
            for e in walk(store, skipped)
        )
        memory.executemany("insert into answers values (?, ?, ?, ?, ?, ?, ?)", rows)
        return [Sums(*row) for row in memory.execute(f"{COUNT} order by 1, 2, 3")]
