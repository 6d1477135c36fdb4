"""The command `cache`: it shows what lies in the caches, deletes by age and size only what it was told to, never an answer."""

import os
import time
from pathlib import Path

import pytest
from datasets import config

from dataset_builder.__main__ import main, parser

DAY = 86400


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name, size, days in (
        ("datasets/medreason/q/questions.arrow", 10, 0),
        ("datasets/medreason/q/cache-aa_00000_of_00002.arrow", 2_000_000, 40),
        ("datasets/medreason/q/cache-aa_00001_of_00002.arrow", 2_000_000, 40),
        ("datasets/medreason/q/content-aa.json", 10, 40),
        ("datasets/medreason/q/cache-bb.arrow", 9_000_000, 0),
        ("datasets/medreason/q/cache-cc.arrow", 5_000_000, 5),
        ("datasets/medreason/q/heard-aa.bin", 1_000_000, 40),
        ("datasets/medreason/q/heard-aa.4711", 1_000_000, 40),
        ("datasets/medreason/q/tmpabc", 10, 40),
        ("datasets/another/file", 9_000_000, 40),
        ("hf/medreason/graphs/g/nodes.arrow", 3_000_000, 40),
        ("hf/medreason/graphs/s/answers.sqlite", 3_000_000, 40),
        ("hf/hub/model", 9_000_000, 40),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as sparse:
            sparse.truncate(size)
        used = time.time() - days * DAY
        os.utime(file, (used, used))
    return tmp_path


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_without_a_limit_it_shows_everything_and_deletes_nothing(
    caches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = left(caches)
    assert main(["cache"]) == 0
    shown = [" ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.splitlines()]
    assert "results of stages 3 18.0 MB 40 days to 0 hours ago" in shown
    assert "prepared graphs 1 3.0 MB 40 days ago" in shown and "all 7 23.0 MB" in shown
    assert "what stages heard 1 2.0 MB 40 days ago" in shown
    assert left(caches) == before


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        (["--older", "30d"], {"cache-aa_00000_of_00002.arrow", "cache-aa_00001_of_00002.arrow", "content-aa.json", "heard-aa.bin", "heard-aa.4711", "tmpabc", "nodes.arrow"}),
        (["--larger", "4.5MB"], {"cache-cc.arrow"}),
        (["--older", "4d", "--larger", "3.5mb"], {"cache-aa_00000_of_00002.arrow", "cache-aa_00001_of_00002.arrow", "content-aa.json", "cache-cc.arrow"}),
        (["--older", "0h"], {"cache-aa_00000_of_00002.arrow", "cache-aa_00001_of_00002.arrow", "content-aa.json", "heard-aa.bin", "heard-aa.4711", "tmpabc", "nodes.arrow", "cache-cc.arrow"}),
    ],
)  # fmt: skip
def test_it_deletes_what_is_beyond_all_limits_and_says_so(
    caches: Path, capsys: pytest.CaptureFixture[str], words: list[str], gone: set[str]
) -> None:
    before = left(caches)
    assert main(["cache", *words]) == 0
    assert before - left(caches) == gone
    said = capsys.readouterr().out
    assert "are free again" in said and said.count("deleted: ") == len({n.split("_0")[0].split(".")[0].replace("content-", "cache-") for n in gone}) + 1  # fmt: skip


@pytest.mark.parametrize("words", [["--older", "30"], ["--older=-1d"], ["--larger", "10"], ["--larger", "nanGB"]])
def test_a_limit_without_a_unit_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser("cache").parse_args(["cache", *words])
    assert "expected a" in capsys.readouterr().err
