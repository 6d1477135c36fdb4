"""Read all entries of a store, also of a damaged one: everything that can be read, and what cannot, in words.

SQLite ends a select at the first page that it cannot read. So the entries are read in pieces of the row numbers, and a piece that fails is
halved until only the rows on the damaged pages are left out. Behind many pieces without a readable row, as where an inner page is damaged
that leads to millions, ever longer stretches are skipped as one, unless rows beside them can be read.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from dataset_builder.answer_store.entry import COLUMNS, Entry, read_entry
from dataset_builder.answer_store.file import StoreFile

PIECE = 2000  # rows that are read together
PATIENCE = 10  # pieces without a readable row, until stretches get longer
LEAST_BYTES = (
    24  # of a row in the file: so no more rows than bytes divided by this are looked for behind a damaged page
)
_SELECT = f"select rowid, {COLUMNS} from answers"
Rows = list[tuple[Any, ...]]


class Skipped:
    """The entries that were left out."""

    def __init__(self) -> None:
        self.torn: list[str] = []  # one for each
        self.unreadable: list[tuple[int, int, str]] = []  # first and last row number, and why

    def __bool__(self) -> bool:
        return bool(self.torn or self.unreadable)

    def add_unreadable(self, first: int, last: int, why: str) -> None:
        """Rows that cannot be read; they join those before."""
        if self.unreadable and self.unreadable[-1][1] == first - 1 and self.unreadable[-1][2] == why:
            first = self.unreadable.pop()[0]
        self.unreadable.append((first, last, why))

    def lines(self, most: int = 20) -> list[str]:
        """What was left out, one line each; of more than ``most`` lines, the number of the others."""
        unreadable = [
            f"row {first}: {why}" if first == last else f"rows {first} to {last}: {why}"
            for first, last, why in self.unreadable
        ]
        lines = [*unreadable, *self.torn]
        return lines if len(lines) <= most else [*lines[:most], f"and {len(lines) - most} more"]


def walk(store: StoreFile, skipped: Skipped) -> Iterator[Entry]:
    """All intact entries, in the order in which they were written. What is left out is added to ``skipped``."""
    at, last, barren = -(2**63), None, 0
    while True:
        try:
            rows = store.read(f"{_SELECT} where rowid > ? order by rowid limit ?", (at, PIECE))
            if rows and rows[-1][0] <= at:
                raise sqlite3.DatabaseError("the pages are out of order")
        except sqlite3.DatabaseError:
            at, last = max(at, 0), last if last is not None else _last(store)
            stretch = 2 ** max(0, barren - PATIENCE)
            end = min(at + PIECE * stretch, last)
            rows = list(
                _halved(store, at + 1, end, skipped) if stretch == 1 else _stretches(store, at + 1, end, skipped)
            )
            at, barren = end, 0 if rows else barren + 1
            if at >= last:
                yield from _entries(rows, skipped)
                return
        else:
            if not rows:
                return
            at, barren = rows[-1][0], 0
        yield from _entries(rows, skipped)


def _entries(rows: Rows, skipped: Skipped) -> Iterator[Entry]:
    for number, *row in rows:
        entry = read_entry(row)
        if entry is not None:
            yield entry
        else:
            skipped.torn.append(f"row {number}: differs from what was written")


def _halved(store: StoreFile, first: int, last: int, skipped: Skipped) -> Iterator[tuple[Any, ...]]:
    """The rows with these numbers, but for those that cannot be read."""
    if first > last:
        return
    rows = _rows_between(store, first, last)
    if not isinstance(rows, str):
        yield from rows
    elif first == last:
        skipped.add_unreadable(first, last, rows)
    else:
        middle = (first + last) // 2
        yield from _halved(store, first, middle, skipped)
        yield from _halved(store, middle + 1, last, skipped)


def _stretches(store: StoreFile, first: int, last: int, skipped: Skipped) -> Iterator[tuple[Any, ...]]:
    """The rows with these numbers in PIECE stretches; one that cannot be read is halved only where rows beside it can be."""
    size = -(-(last - first + 1) // PIECE)
    starts = range(first, last + 1, size)
    found = [_rows_between(store, start, min(start + size - 1, last)) for start in starts]
    for i, (start, rows) in enumerate(zip(starts, found, strict=True)):
        end = min(start + size - 1, last)
        if not isinstance(rows, str):
            yield from rows
        elif any(isinstance(beside, list) and beside for beside in found[max(0, i - 1) : i + 2]):
            yield from _halved(store, start, end, skipped)
        else:
            skipped.add_unreadable(start, end, rows)


def _rows_between(store: StoreFile, first: int, last: int) -> Rows | str:
    """The rows with these numbers, or why they cannot be read."""
    try:
        rows = store.read(f"{_SELECT} where rowid between ? and ? order by rowid", (first, last))
    except sqlite3.DatabaseError as why:
        return str(why)
    return [row for row in rows if first <= row[0] <= last]


def _last(store: StoreFile) -> int:
    """The largest row number that there can be."""
    most = store.path.stat().st_size // LEAST_BYTES
    for hint in ("", "indexed by answers_key"):  # the index has them too, where the last page is damaged
        try:
            found = store.read(f"select max(rowid) from answers {hint}")[0][0]
        except sqlite3.DatabaseError:
            continue
        if isinstance(found, int):
            return min(found, most)
    return most
