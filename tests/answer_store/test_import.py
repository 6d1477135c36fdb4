"""What somebody else's file may bring into a store: nothing that stops a build, moves its cap, or counts as an answer without being one."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.answer_store.parquet_files import SCHEMA, export, import_
from dataset_builder.answer_store.store import AnswerStore, Entry, StoreError
from dataset_builder.llm.replay import has_answer

GOOD = '{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}'


def entry(number: int, response: str | None = GOOD, **values: Any) -> Entry:
    made = Entry(bytes([number]) * 16, "good", None, None, response, "m", "s", 10, 5, 1e-4, 1.0, 1e9)
    return made._replace(**values)


def forged(file: Path, entries: list[Entry]) -> Path:
    rows = [{**e._asdict(), "checksum": e.checksum} for e in entries]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file)
    return file


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    return AnswerStore(tmp_path / "answers.sqlite")


@pytest.mark.parametrize("usd", [1e9, 20.0, -1e6, float("inf"), float("-inf"), float("nan")])
def test_a_cost_that_no_answer_has_is_not_known(store: AnswerStore, tmp_path: Path, usd: float) -> None:
    """A good answer that is said to have cost a billion would close the cap of every build that uses it."""
    import_(
        store, forged(tmp_path / "a.parquet", [entry(1, usd=usd), entry(2, usd=usd, prompt_tokens=None), entry(3)])
    )
    known = store.find([bytes([n]) * 16 for n in (1, 2, 3)].copy())
    assert sum(about.usd for about in known.values()) == 1e-4
    assert [about.priced for about in known.values()] == [False, False, True]


@pytest.mark.parametrize("tokens", [-5, 10**12, 2**62])
def test_counts_that_no_answer_has_are_not_known(store: AnswerStore, tmp_path: Path, tokens: int) -> None:
    odd = entry(1, prompt_tokens=tokens, completion_tokens=tokens, seconds=float("inf"), at=float("nan"))
    import_(store, forged(tmp_path / "a.parquet", [odd, entry(2)]))
    [one, _] = store.entries()
    assert (one.prompt_tokens, one.completion_tokens, one.seconds) == (None, None, None)
    assert store.tokens_per_second("m") == pytest.approx(5.0)


@pytest.mark.parametrize("response", ["nope", None, "", "null", '{"choices": []}', "[" * 10**5, '{"error": "x"}'])
def test_what_is_no_answer_is_named_and_gives_way_to_one(
    store: AnswerStore, tmp_path: Path, response: str | None
) -> None:
    unusable: list[Entry] = []
    file = forged(tmp_path / "a.parquet", [entry(1, response), entry(2)])
    assert import_(store, file, has_answer, unusable) == (2, 2)
    assert [e.key for e in unusable] == [bytes([1]) * 16]
    assert import_(store, forged(tmp_path / "b.parquet", [entry(1), entry(2, '{"choices": [1]}')]), has_answer) == (
        1,
        2,
    )
    assert store.find([bytes([1]) * 16])[bytes([1]) * 16].entry == entry(1)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("key", pa.array(["text", None])),
        ("key", pa.array([b"k" * 100, b""])),
        ("status", pa.array([1, 2])),
        ("usd", pa.array(["dear", "cheap"])),
        ("response", pa.array([{"a": 1}, {"a": 2}])),
        (
            "response",
            pa.Array.from_buffers(
                pa.string(), 2, [None, pa.array([0, 1, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")]
            ),
        ),
    ],
)
def test_columns_of_another_kind_are_refused(
    store: AnswerStore, tmp_path: Path, column: str, values: pa.Array
) -> None:
    table = pq.read_table(forged(tmp_path / "a.parquet", [entry(1), entry(2)]))
    at = table.schema.get_field_index(column)
    pq.write_table(table.set_column(at, column, values), tmp_path / "b.parquet")
    with pytest.raises(StoreError, match=r"cannot be read as an exported|is damaged: the entry"):
        import_(store, tmp_path / "b.parquet")
    pq.write_table(table.append_column(column, values), tmp_path / "c.parquet")
    with pytest.raises(StoreError, match="more than once"):
        import_(store, tmp_path / "c.parquet")


def test_what_was_exported_comes_back_as_it_was(store: AnswerStore, tmp_path: Path) -> None:
    entries = [entry(1), entry(2, usd=None, seconds=None), entry(3, usd=0.0, prompt_tokens=None)]
    store.add(entries)
    export(store, tmp_path / "a.parquet")
    other = AnswerStore(tmp_path / "other.sqlite")
    import_(other, tmp_path / "a.parquet")
    assert list(other.entries()) == entries
