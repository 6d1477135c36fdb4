"""Merging parts: what is summed, restored and refused, with tiny parts that were written without a build."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.__main__ import main
from dataset_builder.publishing.layout import FolderError, intermediates_folder
from dataset_builder.publishing.pushable import PushError, pushable
from dataset_builder.publishing.shards.merge import merge
from dataset_builder.publishing.shards.part import Shard
from dataset_builder.publishing.verify import verify
from dataset_builder.sources.raw_files import sha256
from sft.training_rows import never_trained_on
from tests.publishing.pushing import change_manifest
from tests.support.tiny_folders import facts
from tests.support.tiny_parts import write_part, write_parts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three parts, and the folder of all rows."""
    home = tmp_path_factory.mktemp("parts")
    return {"whole": write_part(home / "whole", None)} | {path.name: path for path in write_parts(home, 3)}


@pytest.fixture
def parts(written: dict[str, Path], tmp_path: Path) -> list[Path]:
    """Copies of the three, with their intermediates."""
    for name in ("1-of-3", "2-of-3", "3-of-3"):
        shutil.copytree(written[name], tmp_path / name)
        shutil.copytree(intermediates_folder(written[name]), intermediates_folder(tmp_path / name))
    return [tmp_path / f"{part}-of-3" for part in (1, 2, 3)]


def manifest_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text("utf-8"))


def refusal(parts: list[Path], out: Path) -> str:
    with pytest.raises(FolderError) as why:
        merge(parts, out)
    assert not out.exists(), "nothing is written"
    assert not [path for path in out.parent.iterdir() if path.name.startswith(".")], "and nothing is left"
    return str(why.value)


def test_rows_order_hash_and_intermediates_are_those_of_the_whole(
    parts: list[Path], written: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    manifest, notes = merge(parts[::-1], out)
    expected = manifest_of(written["whole"])
    assert manifest["content_hash"] == expected["content_hash"] and notes == []
    assert {name: sum_ for name, sum_ in manifest["files"].items() if name != "README.md"} == {
        name: sum_ for name, sum_ in expected["files"].items() if name != "README.md"
    }
    evidence = [intermediates_folder(folder) / "evidence.parquet" for folder in (out, written["whole"])]
    assert sha256(evidence[0]) == sha256(evidence[1])
    assert (intermediates_folder(out) / "answers.keys").read_bytes() == b"".join(
        bytes([part]) * 16 for part in (1, 2, 3)
    )
    run, one = manifest["run"], facts("medreason")["run"]
    calls, call = run["stages"][0]["calls"], one["stages"][0]["calls"]
    assert calls["sent"] == 3 * call["sent"] and calls["faults"] == {"429": 3} and calls["adapted"] == ["no schema"]
    assert calls["now"]["usd"] == pytest.approx(3 * call["now"]["usd"]) and calls["before"]["usd"] is None
    assert run["stages"][0]["rejected"] == {"no_path": 3} and run["seconds"] == 1.5
    assert run["passports"] == one["passports"]
    assert [part["content_hash"] for part in run["parts"]] == [manifest_of(part)["content_hash"] for part in parts]
    assert "shard" not in manifest and pushable(out)


def test_a_part_is_verified_and_neither_pushed_nor_trained_on(parts: list[Path]) -> None:
    assert verify(parts[1]).wrong == []
    with pytest.raises(PushError, match="it is part 2 of 3 of a build: merge all parts"):
        pushable(parts[1])
    assert "one part of a build" in str(never_trained_on(manifest_of(parts[1])))
    assert "Part 2 of 3" in (parts[1] / "README.md").read_text("utf-8")


def test_parts_that_are_not_all_or_not_once_are_named(parts: list[Path], tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    assert "found 2 of 3 parts; missing: 2." in refusal([parts[0], parts[2]], out)
    assert f"found {parts[0]} twice" in refusal([*parts, parts[0]], out)
    copy = shutil.copytree(parts[0], tmp_path / "copy")
    said = refusal([parts[0], copy, parts[2]], out)
    assert f"part 1 of 3 is given 2 times: {parts[0]}, {copy}" in said and "missing: 2." in said
    assert main(["merge", *map(str, parts[:2]), "--out", str(out)]) == 2
    assert "missing: 3." in capsys.readouterr().err


def test_what_is_no_part_is_named(parts: list[Path], written: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert f"{written['whole']} is no part of a build" in refusal([*parts[:2], written["whole"]], out)
    assert f"{tmp_path / 'nothing'} is no dataset folder" in refusal([*parts[:2], tmp_path / "nothing"], out)
    with pytest.raises(FolderError, match="is one of the parts, and would be overwritten"):
        merge(parts, parts[1])


FOREIGN: dict[str, tuple[dict[str, Any], str]] = {
    "seed": ({"more": {"inputs": facts("medreason")["inputs"] | {"seed": 7}}}, "inputs.seed: found 7, expected 0"),
    "code": ({"more": {"code": "f" * 64}}, "of code"),
    "sources": ({"more": {"origins": [facts("x")["origins"][0] | {"revision": "2"}]}}, "of sources"),
    "judges": ({"more": {"run": facts("x")["run"] | {"passports": []}}}, "of calibrations of the judges"),
    "graph": ({"more": {"graph": facts("x")["graph"] | {"sha256": "1"}}}, "of graph"),
    "rows": ({"rows": 8}, "of number of rows of the whole: found 8, expected 9"),
    "ledger": ({"found": "another"}, "its config contamination has other rows"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_part_of_another_build_is_named(name: str, parts: list[Path], tmp_path: Path) -> None:
    how, message = FOREIGN[name]
    shutil.rmtree(parts[2])
    write_part(parts[2], Shard(3, 3), **how)
    said = refusal(parts, tmp_path / "out")
    assert str(parts[2]) in said and message in said


def test_parts_of_another_number_of_parts_are_named(parts: list[Path], tmp_path: Path) -> None:
    other = write_part(tmp_path / "3-of-4", Shard(3, 4))
    assert "of number of parts: found 4, expected 3" in refusal([*parts[:2], other], tmp_path / "out")


def cut(part: Path) -> None:
    file = next(part.glob("data/train*"))
    file.write_bytes(file.read_bytes()[:-100])


TORN: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (cut, "its content is not that of the build"),
    "no file": (lambda part: next(part.glob("data/train*")).unlink(), "in the manifest, not in the folder"),
    "no card": (lambda part: (part / "README.md").unlink(), "README.md"),
    "no positions": (lambda part: shutil.rmtree(part / "positions"), "in the manifest, not in the folder"),
    "cut manifest": (lambda part: (part / "manifest.json").write_bytes(b'{"files": {'), "has no manifest that can be used"),
    "renumbered": (lambda part: change_manifest(part, shard={"part": 2}), "part 2 of 3 is given 2 times"),
}  # fmt: skip


@pytest.mark.parametrize("name", TORN)
def test_a_torn_part_is_named(name: str, parts: list[Path], tmp_path: Path) -> None:
    change, message = TORN[name]
    change(parts[0])
    said = refusal(parts, tmp_path / "out")
    assert str(parts[0]) in said and message in said


def test_a_part_that_says_it_is_another_does_not_verify(parts: list[Path], tmp_path: Path) -> None:
    change_manifest(parts[0], shard={"part": 2})
    assert any("rows that do not belong to part 2 of 3" in line for line in verify(parts[0]).wrong)
    change_manifest(parts[1], shard={"part": 1})
    assert "rows that do not belong to part" in refusal(parts, tmp_path / "out"), "though each number is there"


def test_without_the_intermediates_of_a_part_there_are_none_and_a_line_says_so(
    parts: list[Path], tmp_path: Path
) -> None:
    shutil.rmtree(intermediates_folder(parts[1]))
    _, [note] = merge(parts, tmp_path / "out")
    assert "has no intermediates" in note and str(parts[1]) in note
    assert not intermediates_folder(tmp_path / "out").exists() and verify(tmp_path / "out").wrong == []
