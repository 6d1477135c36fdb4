"""A file with planted faults of every kind: each is found, and a clean row has no finding."""

from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dataset_builder.__main__ import main
from dataset_builder.audit.findings import codes
from tests.support.planted_rows import CLEAN, write

# what needs another layout, or a graph; tests of their own below
ELSEWHERE = {"half_character", "gold_outside_options", "answers_differ", "contradicted"}


def findings(folder: Path) -> dict[int, dict[str, str]]:
    """The findings of each row, by code."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for one in pq.read_table(folder / "findings.parquet").to_pylist():
        found[one["row"]][one["code"]] = one["detail"]
    return found


def run(*words: object) -> int:
    return main(["audit", *map(str, words)])


@pytest.fixture
def planted(tmp_path: Path, sources_dir: Path) -> tuple[Path, list[set[str]]]:
    _, expected = write(tmp_path / "planted.jsonl")
    assert run(tmp_path / "planted.jsonl", "--data-dir", sources_dir, "--out", tmp_path / "out") == 0
    return tmp_path / "out", expected


def test_every_planted_fault_is_found_and_a_clean_row_has_none(planted: tuple[Path, list[set[str]]]) -> None:
    folder, expected = planted
    found = findings(folder)
    assert {row: found[row] for row in range(CLEAN) if found[row]} == {}
    missed = {
        n: wanted - found[n + CLEAN].keys() for n, wanted in enumerate(expected) if wanted - found[n + CLEAN].keys()
    }
    assert missed == {}
    levels = {code: about.level for code, about in codes().items()}
    for number, wanted in enumerate(expected):
        stray = {
            code: what
            for code, what in found[number + CLEAN].items()
            if code not in wanted and levels[code] == "fault"
        }
        assert not stray or "empty_question" in wanted, (number, wanted, stray)


def test_every_code_is_planted(planted: tuple[Path, list[set[str]]]) -> None:
    assert set().union(*planted[1]) | ELSEWHERE >= set(codes())
