"""The ledger of the same questions and benchmarks is made once."""

import argparse
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.commands.contamination import check_contamination
from dataset_builder.contamination import kept_ledger
from dataset_builder.contamination.benchmarks import Benchmark
from dataset_builder.contamination.check import check
from dataset_builder.contamination.ledger import Ledger
from dataset_builder.sources.questions import read_questions
from kg.prepared import cache_folder

Made = list[Any]


@pytest.fixture
def asked() -> tuple[list[dict[str, Any]], list[Benchmark]]:
    """Questions of the sample, and a benchmark that has three of them."""
    questions, [origin] = read_questions(["sample"], {})
    rows = [dict(row) for row in questions]
    return rows, [Benchmark("exam", [row | {"id": f"exam/{row['id']}"} for row in rows[:3]], origin)]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """What was compared."""
    calls: Made = []

    def counted(*args: Any, **options: Any) -> Ledger:
        calls.append(options)
        time.sleep(0.2)
        return check(*args, **options)

    monkeypatch.setattr(kept_ledger, "check", counted)
    return calls


def ledger_of(*asked: Any, code: str = "of this version", strict: bool = False) -> Ledger:
    return kept_ledger.ledger_of(*asked, code=code, strict=strict)


def files() -> list[Path]:
    return sorted((cache_folder() / "ledgers").iterdir())


def test_the_second_time_nothing_is_compared(asked: tuple[list[Any], list[Benchmark]], made: Made) -> None:
    first, second = (ledger_of(*asked) for _ in range(2))
    assert first == second == check(*asked) and len(first.found) == 3 and first.names == ("exam",)
    assert len(made) == 1 and [file.suffix for file in files()] == [".json"]


def test_whatever_it_depends_on_makes_another_one(asked: tuple[list[Any], list[Benchmark]], made: Made) -> None:
    questions, [exam] = asked
    other = [questions[0] | {"question": "Another question?"}, *questions[1:]]
    rejected = [questions[0] | {"rejected_because": "duplicate"}, *questions[1:]]
    fewer = Benchmark(exam.name, exam.rows[:2], exam.origin)
    renamed = Benchmark("test", exam.rows, exam.origin)
    found = [ledger_of(*asked)]
    found += [ledger_of(rows, [exam]) for rows in (other, rejected)]
    found += [ledger_of(questions, [one]) for one in (fewer, renamed)]
    found += [ledger_of(*asked, strict=True), ledger_of(*asked, code="of another version")]
    assert len(made) == len(found) == len(files()) == 7
    assert [len(one.found) for one in found] == [3, 2, 2, 2, 3, 3, 3]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"benchmarks": ["exam"]}', '{"benchmarks": [], "found": [["a"]]}'])
def test_a_damaged_file_is_made_anew(asked: tuple[list[Any], list[Benchmark]], made: Made, text: str) -> None:
    first = ledger_of(*asked)
    files()[0].write_text(text)
    with pytest.warns(UserWarning, match="cut or damaged"):
        assert ledger_of(*asked) == first
    assert ledger_of(*asked) == first and len(made) == 2


def test_who_begins_at_once_waits_for_the_first(asked: tuple[list[Any], list[Benchmark]], made: Made) -> None:
    found: list[Ledger] = []
    parts = [threading.Thread(target=lambda: found.append(ledger_of(*asked))) for _ in range(4)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
    assert len(made) == 1 and len(set(found)) == 1 and len(found) == 4


def test_a_build_after_another_compares_nothing(made: Made) -> None:
    questions, origins = read_questions(["sample"], {})
    given = argparse.Namespace(benchmarks="none", data_dir=None, strict=False, embedder="none")
    first, second = (check_contamination(questions, origins, given) for _ in range(2))
    assert first == second and len(made) == 1
