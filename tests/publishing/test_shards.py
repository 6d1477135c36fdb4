"""A build in parts: whatever their number, the merged folder is the one of a build that was not split."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_builder.__main__ import main
from dataset_builder.publishing.shards.part import Shard, choose, part_of, shard
from dataset_builder.publishing.verify import verify
from dataset_builder.sources.raw_files import sha256
from tests.support.llm_server.running import running

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "dataset_builder", "build")
MODELS = ("--writers", "weak,fair,strong", "--judge", "judge", "--editor", "editor", "--rows", "30")
PRICES = [word for name in ("weak", "fair", "strong", "judge", "editor") for word in ("--price", f"{name}=1/2")]
SKILL = {"error": "weak:0.6,fair:0.4,strong:0.2,editor:0.3", "hard": 0.3, "flaw": 0.1, "judge_error": 0.03}


def build(folder: Path, *more: str) -> Path:
    assert main(["build", "kg_only", "--out", str(folder), *more]) == 0
    return folder


def parts_of(home: Path, of: int, *more: str) -> list[Path]:
    return [build(home / f"{part}-of-{of}", "--shard", f"{part}/{of}", *more) for part in range(1, of + 1)]


def merged(parts: list[Path], out: Path) -> Path:
    assert main(["merge", *map(str, parts), "--out", str(out)]) == 0
    return out


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text("utf-8"))


def files_of(folder: Path) -> dict[str, str]:
    """The content of all data files and of the intermediates."""
    found = [*folder.rglob("*.parquet"), *folder.with_name(f"{folder.name}.intermediates").glob("evidence.*")]
    return {path.name: sha256(path) for path in found}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("whole") / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("of", [1, 2, 7, 64])
def test_the_merged_folder_is_that_of_a_build_that_was_not_split(of: int, whole: Path, tmp_path: Path, capsys) -> None:
    parts = parts_of(tmp_path, of)
    assert of != 64 or any(manifest_of(part)["rows"] == {"rejected": 0} for part in parts), "an empty part"
    for part in parts:
        assert verify(part).wrong == []
    out = merged(parts[::-1], tmp_path / "merged")
    assert files_of(out) == files_of(whole), "the same bytes, so the same rows in the same order"
    found, expected = manifest_of(out), manifest_of(whole)
    for name in expected.keys() - {"run", "files", "card"}:
        assert found[name] == expected[name], name
    assert found["card"] | {"folder": ""} == expected["card"] | {"folder": ""}
    assert found.keys() == expected.keys(), "it is no part"
    assert [part["part"] for part in found["run"]["parts"]] == list(range(1, of + 1))
    for one, same in zip(found["run"]["stages"], expected["run"]["stages"], strict=True):
        assert one["stage"] == same["stage"] and one.get("rejected", {}) == same.get("rejected", {})
    assert verify(out).wrong == [] and main(["diff", str(out), str(whole)]) == 0
    assert main(["report", str(out), "--out", str(tmp_path / "report.html")]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["find_mentions", "check_hops", "Creating parquet"])
def test_a_part_that_is_killed_and_begun_again_is_as_if_it_never_was(stage: str, whole: Path, tmp_path: Path) -> None:
    """Killed when the bar of this stage, or of the writing, appears."""
    first = [*COMMAND, "kg_only", "--shard", "1/2", "--out", str(tmp_path / "1-of-2")]
    where = os.environ | {"HF_DATASETS_CACHE": str(tmp_path / "cache")}
    with subprocess.Popen(
        first, cwd=ROOT, env=where, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as build_:
        assert build_.stderr is not None and any(stage in line for line in build_.stderr), "it came so far"
        build_.send_signal(signal.SIGKILL)
    assert build_.returncode == -signal.SIGKILL and not (tmp_path / "1-of-2").exists()
    subprocess.run(first, cwd=ROOT, env=where, capture_output=True, check=True)
    out = merged([tmp_path / "1-of-2", build(tmp_path / "2-of-2", "--shard", "2/2")], tmp_path / "merged")
    assert files_of(out) == files_of(whole)


@pytest.mark.slow
def test_two_parts_at_once_on_one_store_ask_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(out: str, *more: str, store: str = "shared") -> list[str]:
        where = ("--out", str(tmp_path / out), "--store", str(tmp_path / f"{store}.sqlite"))
        return [*COMMAND, "reasonmed", *MODELS, *PRICES, *where, *more]

    with running(**SKILL) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        names = ["1-of-2", "2-of-2"]
        both = [
            subprocess.Popen(command(name, "--shard", name.replace("-of-", "/")), cwd=ROOT, stdout=subprocess.DEVNULL)
            for name in names
        ]
        assert [process.wait() for process in both] == [0, 0]
        asked = server.stats()
        assert asked["paid_again"] == 0 and asked["requests"] == asked["distinct"] > 100
        subprocess.run(command("replayed", "--replay-only"), cwd=ROOT, capture_output=True, check=True)
        subprocess.run(command("alone", store="own"), cwd=ROOT, capture_output=True, check=True)
        assert server.stats()["distinct"] == asked["distinct"], "the whole asks what the parts have asked"
    out = merged([tmp_path / name for name in names], tmp_path / "merged")
    found, expected = manifest_of(out), manifest_of(tmp_path / "replayed")
    assert found["content_hash"] == expected["content_hash"] == manifest_of(tmp_path / "alone")["content_hash"]
    assert files_of(out) == files_of(tmp_path / "replayed") and verify(out).wrong == []
    assert found["configs"] == expected["configs"] and found["flags"] == expected["flags"]
    assert found["run"]["tiers"] == expected["run"]["tiers"] and found["run"]["scores"] == expected["run"]["scores"]
    for one, same in zip(found["run"]["stages"], expected["run"]["stages"], strict=True):
        if "calls" in one:
            assert one["calls"]["good"] + one["calls"]["hits"] == same["calls"]["hits"], one["stage"]
    keys = [(tmp_path / f"{name}.intermediates" / "answers.keys").read_bytes() for name in ("merged", "replayed")]
    assert keys[0] == keys[1]


def test_every_question_is_in_one_part() -> None:
    questions = [{"id": f"medqa:{number}"} for number in range(1000)]
    chosen = [choose(questions, Shard(part, 7)) for part in range(1, 8)]
    assert sorted(place for one in chosen for place in one.positions) == list(range(1000))
    assert all(100 < len(one.questions) < 190 for one in chosen)
    assert all(
        questions[place] == question
        for one in chosen
        for place, question in zip(one.positions, one.questions, strict=True)
    )
    assert len({json.dumps({**one.facts["shard"], "part": 0}) for one in chosen}) == 1, "all tell of the same whole"
    assert (part_of("medqa:1", 7), part_of("sample:é", 64)) == (7, 23), "the same on every machine, in every version"


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/10001", "a/b", "1/3/5", "1 / 3", "٣/٣"])
def test_a_part_is_k_of_n(text: str) -> None:
    with pytest.raises(ValueError, match="expected K/N with K from 1 to N"):
        shard(text)
