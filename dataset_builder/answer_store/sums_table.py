"""The table of sums over a store by stage, model and status, and the triggers that keep them.

SQLite runs the triggers for every program that writes, also for a version of before them. The entries that were there when the table of
sums was made are counted when the sums are first asked for (``pragma user_version``: 0 until then), without keeping others from writing.
"""

import sqlite3
from typing import NamedTuple

MOST_TOKENS, MOST_USD, MOST_SECONDS = 10**9, 10**6, 10**7  # of one entry; larger numbers are none
COUNTED = 1  # of user_version


class Sums(NamedTuple):
    """Of the entries of one stage, model and status. ``tokened``, ``timed``, ``priced``: how many entries have completion tokens, seconds, a price."""

    stage: str
    model: str
    status: str
    entries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tokened: int = 0
    seconds: float = 0.0
    timed: int = 0
    usd: float = 0.0
    priced: int = 0


def _valid(row: str, column: str, most: int) -> str:
    return f"(typeof({row}{column}) in ('integer', 'real') and {row}{column} between 0 and {most})"


def _values(row: str) -> list[str]:
    """SQL for what one entry adds to each sum; ``row``: "new.", "old." or ""."""
    tokens, seconds, usd = (
        _valid(row, column, most)
        for column, most in (("completion_tokens", MOST_TOKENS), ("seconds", MOST_SECONDS), ("usd", MOST_USD))
    )
    prompt = _valid(row, "prompt_tokens", MOST_TOKENS)
    return [
        "1", f"iif({prompt}, {row}prompt_tokens, 0)", f"iif({tokens}, {row}completion_tokens, 0)", tokens,
        f"iif({seconds}, {row}seconds, 0.0)", seconds, f"iif({usd}, {row}usd, 0.0)", usd,
    ]  # fmt: skip


NUMBERS = Sums._fields[3:]
ADD = f"on conflict (stage, model, status) do update set {', '.join(f'{n} = {n} + excluded.{n}' for n in NUMBERS)}"


def _change(row: str, sign: str) -> str:
    values = ", ".join(f"{sign}({value})" for value in _values(row))
    return f"insert into sums values ({row}stage, {row}model, {row}status, {values}) {ADD};"


TABLES = (
    f"create table if not exists sums (stage text not null, model text not null, status text not null, "
    f"{', '.join(f'{name} not null' for name in NUMBERS)}, primary key (stage, model, status)) without rowid",
    f"create trigger if not exists sums_insert after insert on answers begin {_change('new.', '+')} end",
    f"create trigger if not exists sums_delete after delete on answers begin {_change('old.', '-')} end",
    f"create trigger if not exists sums_update after update on answers begin {_change('old.', '-')} {_change('new.', '+')} end",
)
COUNT = f"select stage, model, status, {', '.join(f'sum({value})' for value in _values(''))} from answers group by stage, model, status"


def make_sums(connection: sqlite3.Connection) -> None:
    """Add the table and its triggers to a store that has none."""
    if connection.execute("select 1 from sqlite_master where name = 'sums_update'").fetchone():
        return
    with connection:
        connection.execute("begin immediate")
        for statement in TABLES:
            connection.execute(statement)
        if connection.execute("select 1 from answers limit 1").fetchone() is None:
            connection.execute(f"pragma user_version = {COUNTED}")
