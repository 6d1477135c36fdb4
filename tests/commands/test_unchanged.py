"""A build that would change nothing is recognised; whatever it depends on, a change of it builds again."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dataset_builder.__main__ import main
from dataset_builder.publishing import unchanged as module
from tests.support.llm_server.running import running

ROOT = Path(__file__).parents[2]
SAID = "Nothing has changed since"


class Case:
    """A build of the sample and of a source in a folder, with a graph of its own; everything under one temporary folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.graph, self.capsys = folder / "out", folder / "kg.csv", capsys
        self.file = folder / "data/openlifescienceai/medmcqa/train.jsonl"
        self.file.parent.mkdir(parents=True)
        shutil.copy(ROOT / "tests/fixtures/sources/medmcqa.jsonl", self.file)
        shutil.copy(ROOT / "kg/sample/kg.csv", self.graph)

    def build(self, *more: str) -> str:
        where = ("--data-dir", str(self.file.parents[2]), "--kg", str(self.graph), "--out", str(self.folder))
        assert main(["build", "kg_only", "--sources", "sample,medmcqa", "--benchmarks", "none", *where, *more]) == 0
        return self.capsys.readouterr().out


@pytest.fixture
def case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Case:
    return Case(tmp_path, capsys)


def test_the_second_build_writes_nothing_and_says_what_is_there(case: Case) -> None:
    first = case.build()
    before = {path: path.stat().st_mtime_ns for path in case.folder.rglob("*")}
    second = case.build()
    assert SAID not in first and second.startswith(f"{SAID} {case.folder}")
    assert {path: path.stat().st_mtime_ns for path in case.folder.rglob("*")} == before
    table = first.index("questions"), first.index("stages")
    assert first[slice(*table)].strip() in second
    rest = first[first.index(" published in ") :]
    assert second.endswith(rest) and "NOT CHECKED" in rest, "a warning is not lost"


EDITS: dict[str, Callable[[Case, pytest.MonkeyPatch], object]] = {
    "graph": lambda case, _: case.graph.write_text(case.graph.read_text() + case.graph.read_text().splitlines()[-1]),
    "questions": lambda case, _: case.file.write_text(case.file.read_text() * 2),
    "a new file": lambda case, _: case.file.with_name("validation.jsonl").write_text("{}"),
    "touched only": lambda case, _: case.file.touch(),
    "published rows": lambda case, _: next(case.folder.rglob("*.parquet")).write_bytes(b"cut"),
    "card": lambda case, _: (case.folder / "README.md").unlink(),
    "folder": lambda case, _: shutil.rmtree(case.folder),
    "intermediates": lambda case, _: next(case.folder.with_name("out.intermediates").glob("*.keys")).unlink(),
    "note": lambda case, _: (case.folder.with_name("out.intermediates") / module.NOTE).write_text("{"),
    "note of another form": lambda case, _: (case.folder.with_name("out.intermediates") / module.NOTE).write_text(
        "[]"
    ),
    "note without a graph": lambda case, _: (case.folder.with_name("out.intermediates") / module.NOTE).write_text(
        "{}"
    ),
    "code": lambda _, patch: patch.setattr(module, "code_hash", lambda: "another"),
    "commit": lambda _, patch: patch.setattr(module, "git_state", lambda: {"commit": "another", "clean": True}),
    "packages": lambda case, patch: patch.setattr("sysconfig.get_path", lambda _: str(case.file)),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_change_builds_again(name: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.build()
    EDITS[name](case, monkeypatch)
    assert SAID not in case.build()
    assert SAID in case.build(), "and then nothing has changed again"


def test_other_options_build_again(case: Case) -> None:
    case.build()
    assert SAID not in case.build("--seed", "1")
    assert SAID not in case.build()


def test_what_the_network_may_change_is_built_again(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Hub gave none of the benchmarks: a later build may read them."""
    for _ in range(2):
        printed = case.build("--benchmarks", "all")
        assert SAID not in printed and "NOT CHECKED against" in printed


@pytest.mark.slow
def test_with_models_only_once_all_answers_are_in_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In processes of their own: the store's file is final once its process has ended."""

    def build() -> str:
        where = ("--store", str(tmp_path / "answers.sqlite"), "--out", str(tmp_path / "out"))
        models = ("--writer", "scripted", "--judge", "scripted")
        command = [sys.executable, "-m", "dataset_builder", "build", "medreason", "--rows", "6", *models, *where]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    with running() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
        assert [SAID in build() for _ in range(3)] == [False, False, True]
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert sum(stage["calls"]["sent"] for stage in manifest["run"]["stages"] if "calls" in stage) == 0
    with (tmp_path / "answers.sqlite").open("ab") as store:
        store.write(b"\0")
    assert SAID not in build(), "another answer may be there"
