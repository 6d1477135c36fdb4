"""Nothing that was paid is lost: kills, torn entries, damaged files, and the published form."""

import json
import os
import pickle
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.answer_store.parquet_files import SCHEMA, export, import_, stats
from dataset_builder.answer_store.store import AnswerStore, Entry, StoreError
from dataset_builder.llm.completion import text_of
from tests.support.at_once import begin

ROOT = Path(__file__).parents[2]


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def entry(number: int, status: str = "good", text: str = "yes", usd: float | None = 0.5, **more) -> Entry:
    response = json.dumps({"choices": [{"message": {"content": text}}]}) if status in ("good", "bad") else None
    return Entry(key(number), status, more.get("reason"), more.get("detail"), response, "m", "s", 10, 5, usd, 1.0)


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    return AnswerStore(tmp_path / "deep" / "answers.sqlite")


def test_what_was_added_is_found_by_another_process_and_thread(store: AnswerStore) -> None:
    store.add([entry(i, text=f"text {i} é \ud800") for i in range(1200)])
    again = pickle.loads(pickle.dumps(store))
    found = again.find([key(i) for i in range(1300)])
    assert set(found) == {key(i) for i in range(1200)}
    assert text_of(found[key(7)].entry.response) == "text 7 é \ufffd"  # type: ignore[union-attr]
    threads = [threading.Thread(target=lambda: found.update(store.find([key(3)]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_good_answer_counts_over_all_others_and_every_paid_one_is_summed(store: AnswerStore) -> None:
    store.add([entry(1, "bad"), entry(1, "failed", reason="llm_failed"), entry(1), entry(1, "lost", usd=2.0)])
    store.add([entry(2, "bad"), entry(2, "failed", reason="llm_failed", detail="500")])
    known = store.find([key(1), key(2), key(3)])
    assert known[key(1)].entry and known[key(1)].entry.status == "good"  # type: ignore[union-attr]
    assert (known[key(1)].bad, known[key(1)].usd, known[key(1)].lost_usd) == (1, 1.0, 2.0)
    assert known[key(2)].entry and known[key(2)].entry.detail == "500"  # type: ignore[union-attr]
    assert key(3) not in known


def test_what_settles_a_call_takes_its_reservation_away(store: AnswerStore) -> None:
    store.add([entry(1, "sent", usd=3.0), entry(2, "sent", usd=3.0)])
    store.add([entry(1)])
    known = store.find([key(1), key(2)])
    assert (known[key(1)].lost_usd, known[key(2)].lost_usd) == (0.0, 3.0)


@pytest.mark.parametrize(
    "damage",
    ["response = substr(response, 1, 10)", "status = 'good', reason = 'x'", "checksum = x'00'", "response = 7"],
)
def test_a_torn_entry_is_a_miss_with_a_warning(store: AnswerStore, damage: str) -> None:
    store.add([entry(1), entry(2)])
    with sqlite3.connect(store.path) as direct:
        direct.execute(f"update answers set {damage} where key = ?", (key(1),))
    with pytest.warns(UserWarning, match="torn or corrupt"):
        assert set(store.find([key(1), key(2)])) == {key(2)}


def test_a_damaged_page_spoils_only_what_is_on_it(store: AnswerStore) -> None:
    store.add([entry(i, text="x" * 3000) for i in range(300)])
    with sqlite3.connect(store.path) as direct:
        direct.execute("pragma wal_checkpoint(truncate)")
    direct.close()
    data = bytearray(store.path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = os.urandom(4096)
    store.path.write_bytes(data)
    with pytest.warns(UserWarning):
        found = AnswerStore(store.path).find([key(i) for i in range(300)])
    assert 200 < len(found) < 300


def test_a_file_that_is_no_store_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database " * 500)
    with pytest.raises(StoreError, match="cannot be opened as an answer store"):
        AnswerStore(tmp_path / "text").find([key(1)])
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("create table answers (question text, key blob)")
    with pytest.raises(StoreError, match="is no answer store"):
        AnswerStore(tmp_path / "other").find([key(1)])


def test_kill_9_loses_nothing_that_add_has_returned_from(tmp_path: Path) -> None:
    script = """
import sys; sys.path[:0] = ["."]
from pathlib import Path
from tests.answer_store.test_store import AnswerStore, entry
store = AnswerStore(Path(sys.argv[1]))
for i in range(10**9):
    store.add([entry(20 * i + j, text="x" * 2000) for j in range(20)])
    print(i, flush=True)
"""
    for round_ in range(3):
        path = tmp_path / f"{round_}.sqlite"
        command = [sys.executable, "-c", script, str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            done = [int(process.stdout.readline()) for _ in range(3 + 5 * round_)][-1]
            time.sleep(0.01 * round_)
            process.send_signal(signal.SIGKILL)
            done = max([done, *(int(line) for line in process.stdout.read().split())])
        assert len(AnswerStore(path).find([key(i) for i in range(20 * done + 20)])) == 20 * done + 20


def test_a_published_store_gives_the_same_answers(store: AnswerStore, tmp_path: Path) -> None:
    store.add(
        [entry(i) for i in range(5000)]
        + [entry(1, "bad"), entry(6000, "sent"), entry(6001, "lost"), entry(6002, "final", reason="llm_failed")]
    )
    file, other = tmp_path / "answers.parquet", AnswerStore(tmp_path / "other.sqlite")
    assert export(store, file) == 5002
    other.add([entry(3)])
    assert import_(other, file) == (5001, 5002)
    assert import_(other, file) == (0, 5002)
    keys = [key(i) for i in range(6003)]
    there, here = store.find(keys), other.find(keys)
    assert set(here) == set(there) - {key(6000), key(6001)}
    assert all(here[k].entry.response == there[k].entry.response for k in here)  # type: ignore[union-attr]
    assert "| s | m | good | 5,000 |" in stats(other)


def test_own_answers_win_over_imported_ones(store: AnswerStore, tmp_path: Path) -> None:
    mine, theirs = AnswerStore(tmp_path / "mine.sqlite"), store
    mine.add([entry(1, text="mine"), entry(2, "bad")])
    theirs.add([entry(number, text="theirs") for number in (1, 2, 3)])
    export(theirs, tmp_path / "answers.parquet")
    assert import_(mine, tmp_path / "answers.parquet") == (2, 3)
    found = mine.find([key(1), key(2), key(3)])
    assert [text_of(found[key(n)].entry.response) for n in (1, 2, 3)] == ["mine", "theirs", "theirs"]  # type: ignore[union-attr]
    assert found[key(1)].usd == 0.5, "theirs was not paid here"


def test_what_is_under_way_elsewhere_is_not_imported(store: AnswerStore, tmp_path: Path) -> None:
    """A forged file says that another call may have cost a billion dollars, which would close the cap."""
    rows = [
        {**e._asdict(), "checksum": e.checksum}
        for e in (entry(1), entry(2, "sent", usd=1e9), entry(3, "lost", usd=1e9))
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "forged.parquet")
    assert import_(store, tmp_path / "forged.parquet") == (1, 3)
    assert sum(known.lost_usd for known in store.find([key(1), key(2), key(3)]).values()) == 0


def test_a_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    AnswerStore(path).add([entry(1)])
    files = sorted(tmp_path.iterdir())
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * len(files)
    path.chmod(0o644)  # one of before
    AnswerStore(path).add([entry(2)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_no_published_store_is_an_error(store: AnswerStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no answer store"):
        export(store, tmp_path / "x.parquet")
    (tmp_path / "text").write_text("no parquet")
    with pytest.raises(StoreError, match="cannot be read as an exported answer store"):
        import_(store, tmp_path / "text")
    store.add([entry(1)])
    export(store, tmp_path / "x.parquet")
    table = pq.read_table(tmp_path / "x.parquet")
    pq.write_table(table.drop_columns(["checksum"]), tmp_path / "y.parquet")
    with pytest.raises(StoreError, match="it has no column checksum"):
        import_(store, tmp_path / "y.parquet")
    forged = table.set_column(table.schema.get_field_index("response"), "response", pa.array(["{}"]))
    pq.write_table(forged, tmp_path / "z.parquet")
    with pytest.raises(StoreError, match="is damaged: the entry 0000"):
        import_(store, tmp_path / "z.parquet")


@pytest.mark.parametrize("usd", [-1e6, float("-inf"), float("inf"), float("nan")])
def test_a_cost_that_can_be_none_does_not_move_the_cap(store: AnswerStore, usd: float) -> None:
    """As an imported file may have it."""
    store.add([entry(1, usd=usd), entry(2), entry(2, "lost", usd=usd)])
    found = store.find([key(1), key(2)])
    assert (found[key(1)].usd, found[key(1)].priced, found[key(2)].lost_usd) == (0.0, False, 0.0)


def test_an_entry_that_cannot_be_stored_costs_no_other(store: AnswerStore) -> None:
    odd = [entry(3, text="a")._replace(prompt_tokens=10**30), entry(4)._replace(detail="half \ud800")]
    store.add([entry(1), *odd, entry(2)])
    found = store.find([key(number) for number in (1, 2, 3, 4)])
    assert len(found) == 4 and found[key(3)].prompt_tokens == 0


BEGIN_ON_STORE = """
import sys
from pathlib import Path
from dataset_builder.answer_store.builds import Build
from dataset_builder.answer_store.store import AnswerStore
print("ready", flush=True)
sys.stdin.readline()
Build(AnswerStore(Path(sys.argv[1])), later=True).take([b"k" * 16])
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", range(8))
def test_builds_that_begin_at_once_on_a_new_store_all_open_it(tmp_path: Path, number: int) -> None:
    """SQLite does not wait where two processes make a new file a WAL: without a second try one in six failed."""
    command, pipe = [sys.executable, "-c", BEGIN_ON_STORE, str(tmp_path / f"{number}.sqlite")], subprocess.PIPE
    builds = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    begin(builds)
    assert [build.communicate()[1] for build in builds] == [""] * 3
