"""`review` as a command: pages and key, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.__main__ import main
from tests.support.reviews import study_of, told

Row = dict[str, Any]


def test_a_study_is_written_again_as_it_was(folder: Path, key: Row, tmp_path: Path) -> None:
    study = tmp_path / "study"
    before = {file.name: file.read_bytes() for file in study.iterdir()}
    assert set(before) == {"key.json", "rater-1.html", "rater-2.html", "rater-3.html"}
    assert study_of(study, folder, "--items", "4", "--raters", "3") == key
    assert {file.name: file.read_bytes() for file in study.iterdir()} == before
    more = study_of(study, folder, "--items", "4", "--raters", "4")
    assert more["raters"].keys() - key["raters"].keys() == {"rater-4"}
    assert {name: (study / name).read_bytes() for name in before if name != "key.json"} == {
        name: text for name, text in before.items() if name != "key.json"
    }


def test_the_key_of_another_study_is_not_written_over(
    folder: Path, key: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "study")
    assert main(["review", str(folder), "--items", "4", "--seed", "1", "--out", out]) == 2
    assert f"has the key of another study ({key['study']}" in told(capsys)
    assert main(["review", str(folder), "--items", "4", "--raters", "2", "--out", out]) == 2
    assert "with 3 raters, and this call asks for 2" in told(capsys)
    assert json.loads((tmp_path / "study/key.json").read_text()) == key


def test_review_says_who_must_not_have_the_key(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study_of(tmp_path / "study", folder, "--items", "99")
    words = told(capsys)
    assert f"NOT for the raters: {tmp_path / 'study/key.json'}" in words.replace("\n", " ").replace("  ", " ")
    assert "99 questions were asked for, and there are only" in words


def test_a_key_that_could_not_be_read_again_is_not_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", str(folder), "--raters", "2000", "--out", str(tmp_path / "study")]) == 2
    assert "bytes; expected at most 4,000,000: ask for fewer" in told(capsys) and not (tmp_path / "study").exists()


def test_review_refuses_folders_that_it_cannot_use(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "study")]
    assert main(["review", str(folder), "--b", str(folder), *out]) == 2
    assert "twice; expected two folders to compare" in told(capsys)
    assert main(["review", str(tmp_path / "nothing"), *out]) == 2
    assert "is no dataset folder" in told(capsys)
    assert main(["review", str(folder), "--out", str(folder / "study")]) == 2
    assert "is in the dataset folder" in told(capsys) and not (folder / "study").exists()
    (folder / "README.md").write_text("another card")
    assert main(["review", str(folder), *out]) == 2
    assert "does not match its manifest" in told(capsys)
    assert not (tmp_path / "study").exists()
