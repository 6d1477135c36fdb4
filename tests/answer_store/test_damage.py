"""What can be read of a damaged store is read, exported and counted, and what cannot is named."""

import os
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from dataset_builder.answer_store.builds import Build
from dataset_builder.answer_store.parquet_files import export, import_, stats
from dataset_builder.answer_store.store import AnswerStore, Entry, StoreError
from dataset_builder.answer_store.walk import Skipped

ROWS, PAGE = 1500, 4096


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def entry(number: int, text: str) -> Entry:
    return Entry(key(number), "good", None, None, text, "m", "s", 10, 5, 0.5, 1.0)


def without_sums(store: sqlite3.Connection) -> None:
    """Make it a store of before the sums."""
    for kind in ("insert", "delete", "update"):
        store.execute(f"drop trigger sums_{kind}")
    store.execute("drop table sums")
    store.execute("pragma user_version = 0")


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store of small rows and of some that overflow their page, as a file of its own."""
    path = tmp_path_factory.mktemp("store") / "answers.sqlite"
    AnswerStore(path).add([entry(i, "x" * (9000 if i % 50 == 7 else 900)) for i in range(ROWS)])
    with sqlite3.connect(path) as direct:
        direct.execute("pragma wal_checkpoint(truncate)")
    direct.close()
    return path.read_bytes()


def pages_of(data: bytes, kind: int) -> list[int]:
    """The numbers of the pages, from 0, that begin with this byte: 5 inner page, 13 leaf of a table."""
    return [number for number in range(1, len(data) // PAGE) if data[number * PAGE] == kind]


def damaged(data: bytes, path: Path, pages: list[int]) -> AnswerStore:
    changed = bytearray(data)
    for number in pages:
        changed[number * PAGE : (number + 1) * PAGE] = os.urandom(PAGE)
        changed[number * PAGE] = 0xFF  # no kind of page: never taken for one by chance
    path.write_bytes(changed)
    return AnswerStore(path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_all_other_entries_are_rescued(intact: bytes, tmp_path: Path, share: float) -> None:
    leaves = pages_of(intact, 13)
    spoilt = leaves[len(leaves) // 3 :: max(1, round(1 / share))] or leaves[-1:]
    store, skipped = damaged(intact, tmp_path / "s.sqlite", spoilt), Skipped()
    written = export(store, tmp_path / "a.parquet", skipped=skipped)
    lost = ROWS - written
    assert 0 < lost <= 5 * len(spoilt)
    assert sum(last - first + 1 for first, last, _ in skipped.unreadable) + len(skipped.torn) == lost
    assert skipped.lines()[0].startswith("row")
    rescued = AnswerStore(tmp_path / "new.sqlite")
    assert import_(rescued, tmp_path / "a.parquet") == (written, written)
    assert "| s | m | good |" in stats(store)


@pytest.mark.slow
def test_the_last_page_and_the_index_may_be_damaged(intact: bytes, tmp_path: Path) -> None:
    leaves, index = pages_of(intact, 13), pages_of(intact, 10)
    store, skipped = damaged(intact, tmp_path / "s.sqlite", [leaves[-1], *index]), Skipped()
    assert ROWS - 10 < sum(1 for _ in store.entries(skipped)) < ROWS
    assert skipped


def test_an_overwritten_long_answer_costs_no_other(intact: bytes, tmp_path: Path) -> None:
    [*_, page] = [n for n in range(1, len(intact) // PAGE) if intact[n * PAGE + 4 : n * PAGE + 100] == b"x" * 96]
    store, skipped = damaged(intact, tmp_path / "s.sqlite", [page]), Skipped()
    assert sum(1 for _ in store.entries(skipped)) == ROWS - 1
    assert len(skipped.lines()) == 1


def test_an_inner_page_that_leads_to_many_rows_is_passed_quickly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pieces of 4 rows, so that a small store has many of them."""
    monkeypatch.setattr("dataset_builder.answer_store.walk.PIECE", 4)
    path = tmp_path / "s.sqlite"
    AnswerStore(path).add([entry(i, "x" * 2000) for i in range(3000)])
    with sqlite3.connect(path) as direct:
        direct.execute("pragma wal_checkpoint(truncate)")
    direct.close()
    data = path.read_bytes()
    inner, reads, read = pages_of(data, 5), [], AnswerStore.read
    monkeypatch.setattr(AnswerStore, "read", lambda *given: reads.append(1) or read(*given))
    store = damaged(data, path, inner[1:2])
    found = {e.key for e in store.entries(Skipped())}
    lost = [i for i in range(3000) if key(i) not in found]
    assert 400 < len(lost) == lost[-1] - lost[0] + 1, "one run"
    assert len(reads) < 3000 / 4 + len(lost), "fewer than one for each row"


def test_a_store_to_which_nothing_can_be_added_is_exported(tmp_path: Path) -> None:
    """An older one, whose list of free pages is damaged: the newer tables cannot be made."""
    path = tmp_path / "s.sqlite"
    AnswerStore(path).add([entry(i, "x") for i in range(9)])
    with sqlite3.connect(path) as direct:
        without_sums(direct)
        direct.execute("drop table builds")
        direct.commit()
        direct.execute("pragma wal_checkpoint(truncate)")
    direct.close()
    data = bytearray(path.read_bytes())
    data[32:36] = b"\xff" * 4  # the first page of the list
    path.write_bytes(data)
    store = AnswerStore(path)
    assert export(store, tmp_path / "a.parquet") == 9
    assert "| s | m | good | 9 |" in stats(store)
    with pytest.raises(StoreError, match=r"could not be written .* fix the cause"):
        Build(store)


def test_damage_is_warned_of_where_nobody_asks(intact: bytes, tmp_path: Path) -> None:
    store = damaged(intact, tmp_path / "s.sqlite", pages_of(intact, 13)[5:6])
    with pytest.warns(UserWarning, match=r"s.sqlite, rows \d+ to \d+: .*malformed"):
        assert sum(1 for _ in store.entries()) < ROWS


def test_entries_with_values_of_other_kinds_are_left_out(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "s.sqlite")
    store.add([entry(i, "x") for i in range(4)])
    with sqlite3.connect(store.path) as direct:
        for number, change in enumerate(("usd = 'dear'", "model = x'00'", "stage = cast(x'ff' as text)")):
            direct.execute(f"update answers set {change} where key = ?", (key(number),))
    skipped = Skipped()
    assert export(store, tmp_path / "a.parquet", skipped=skipped) == 1
    assert len(skipped.lines()) == 3
    assert "| s | m | good |" in stats(store)


def sums_by_reading(store: AnswerStore) -> Counter[tuple[str, str, str]]:
    return Counter((e.stage, e.model, e.status) for e in store.entries())


def test_the_sums_are_those_of_the_entries(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "s.sqlite")
    store.add([entry(i, "x") for i in range(5)] + [entry(9, "x")._replace(status="sent", usd=2.0)])
    store.add([entry(9, "y")._replace(usd=None), entry(10, "z")._replace(stage="t", usd=float("inf"))])
    assert {(s.stage, s.model, s.status): s.entries for s in store.sums()} == sums_by_reading(store)
    [s, t] = store.sums()
    assert (s.prompt_tokens, s.completion_tokens, s.seconds, s.usd, s.priced) == (60, 30, 6.0, 2.5, 5)
    assert (t.usd, t.priced) == (0.0, 0)


def test_a_store_of_before_the_sums_is_counted_when_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    AnswerStore(path).add([entry(i, "x") for i in range(5)])
    with sqlite3.connect(path) as direct:
        without_sums(direct)
    store = AnswerStore(path)
    store.add([entry(6, "x"), entry(7, "x")._replace(status="bad")])
    with sqlite3.connect(path) as older:  # an older version writes
        older.execute("delete from answers where key = ?", (key(0),))
    for _ in range(2):
        assert [(s.status, s.entries, s.usd) for s in store.sums()] == [("bad", 1, 0.5), ("good", 5, 2.5)]
