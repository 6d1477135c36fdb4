"""`review-import`: the config `reviews`, files one by one and twice, two folders."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.configs import CONFIGS
from dataset_builder.publishing.reviews.config import FILE
from dataset_builder.publishing.verify import read_manifest, verify
from dataset_builder.report.page import write_report
from tests.support.reviews import export, records, reviews, study_of, told, with_another_step, written_again

Row = dict[str, Any]


def test_an_import_adds_a_config_and_the_folder_proves_itself(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_manifest(folder)
    file = export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))
    assert add(file) == 0
    assert "rater-1: 4 of 4 cases complete" in told(capsys)
    rows = load_dataset(str(folder), "reviews", split="train").to_list()
    assert [list(row) for row in rows] == [list(CONFIGS["reviews"].columns)] * 4
    by_id = {row["id"]: row for row in rows}
    for item, record in zip(key["raters"]["rater-1"], records(key, "rater-1"), strict=True):
        [shown], [said] = item["texts"], record["texts"]
        row = by_id[item["id"]]
        assert row == {
            **{"study": key["study"], "rater": "rater-1", "specialty": "cardiology", "years": 12, "id": item["id"]},
            **{"side": "a", "content_hash": before["content_hash"], "text_hash": shown["text_hash"]},
            **said,
            "steps": [{"step": number, "label": label} for number, label in enumerate(said["steps"], 1)],
            **{"preferred": None, "cannot_judge": False, "version": "1"},
        }
    after = read_manifest(folder)
    assert after["content_hash"] == before["content_hash"] and after["configs"]["reviews"]["rows"] == 4
    assert verify(folder).wrong == []
    card = (folder / "README.md").read_text("utf-8")
    assert "config_name: reviews" in card and after["configs"]["reviews"]["content_hash"] in card
    write_report(folder, tmp_path / "page.html")
    assert main(["diff", str(folder), str(folder)]) == 0


def test_raters_can_come_one_by_one_and_twice(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {rater: export(tmp_path / f"{rater}.jsonl", records(key, rater)) for rater in key["raters"]}
    assert add(files["rater-2"]) == 0
    assert add(files["rater-1"]) == 0
    assert len(reviews(folder)) == 8
    state = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert add(files["rater-1"], files["rater-2"]) == 0
    assert "nothing new; it has 8 reviews" in told(capsys)
    assert state == {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()
    }
    one_by_one = (folder / FILE).read_bytes()
    assert add(files["rater-3"]) == 0 and len(reviews(folder)) == 12
    shutil.rmtree(folder / "reviews")
    assert add(*files.values(), "--replace") == 0 and add(*files.values()) == 0
    assert len(reviews(folder)) == 12 and (folder / FILE).read_bytes() != one_by_one
    assert verify(folder).wrong == []


def test_incomplete_reviews_are_imported_and_counted_as_missing(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = records(key, "rater-1")
    found[0]["texts"][0]["accuracy"] = None
    found[1]["cannot_judge"], found[1]["texts"][0]["coherence"] = True, None
    nothing = {"accuracy": None, "coherence": None, "relevance": None, "usefulness": None, "comment": None}
    found[2]["texts"][0] = {"steps": [None] * len(found[2]["texts"][0]["steps"]), **nothing}
    assert add(export(tmp_path / "rater-1.jsonl", found[:3])) == 0
    words = told(capsys)
    assert "rater-1: 1 of 4 cases complete, 1 of them marked as “cannot judge”" in words
    assert "incomplete, imported as they are: 1 (1)" in words
    assert "without any answer, so missing: 1 (3)" in words
    assert "no line in the file, so missing: 1 (4)" in words
    assert "not among these files: rater-2, rater-3" in words
    assert {row["id"] for row in reviews(folder)} == {item["id"] for item in key["raters"]["rater-1"][:2]}
    assert verify(folder).wrong == []


def test_more_answers_are_added_and_other_ones_need_a_word(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = records(key, "rater-1")
    found[0]["texts"][0]["accuracy"] = None
    assert add(export(tmp_path / "rater-1.jsonl", found[:2])) == 0
    assert add(export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))) == 0
    assert "2 new, 1 with more answers; it has 4 reviews" in told(capsys)
    before = reviews(folder)
    assert add(export(tmp_path / "rater-1.jsonl", found)) == 2  # an older file: an answer would be taken back
    assert "take back or change answers in 1 of the folder's reviews" in told(capsys)
    assert add(export(tmp_path / "rater-1.jsonl", records(key, "rater-1")[1:])) == 2
    assert reviews(folder) == before
    assert add(export(tmp_path / "rater-1.jsonl", found[:3]), "--replace") == 0
    assert len(reviews(folder)) == 3 and [row["accuracy"] for row in reviews(folder)].count(None) == 1
    assert verify(folder).wrong == []


def test_two_folders_get_the_reviews_of_their_own_side(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = written_again(folder, tmp_path / "other", with_another_step)
    key = study_of(tmp_path / "study", folder, "--b", str(other), "--items", "5", "--raters", "1")
    found = records(key, "rater-1")
    found[0]["preferred"], found[1]["preferred"] = "none", None
    given = ["--study", str(tmp_path / "study/key.json"), str(export(tmp_path / "rater-1.jsonl", found))]
    assert main(["review-import", str(folder), *given]) == 2
    assert "found 1 folders; expected 2" in told(capsys)
    assert main(["review-import", str(other), "--b", str(folder), *given]) == 2
    assert "publishes other texts than the raters were shown" in told(capsys)
    assert main(["review-import", str(folder), "--b", str(other), *given]) == 0
    assert verify(folder).wrong == verify(other).wrong == []
    one, two = ({row["id"]: row for row in reviews(place)} for place in (folder, other))
    opposite = {"this": "other", "other": "this", "none": "none", None: None}
    for item, record in zip(key["raters"]["rater-1"], found, strict=True):
        first, second = one[item["id"]], two[item["id"]]
        assert (first["side"], second["side"]) == ("a", "b")
        assert first["content_hash"] == read_manifest(folder)["content_hash"] != second["content_hash"]
        assert second["preferred"] == opposite[first["preferred"]]
        second_is_a = item["texts"][1]["side"] == "a"
        expected = {"2": "this" if second_is_a else "other", "none": "none", None: None}
        assert first["preferred"] == expected[record["preferred"]]
        for row, text in ((first, item["texts"][second_is_a]), (second, item["texts"][not second_is_a])):
            assert row["text_hash"] == text["text_hash"] and len(row["steps"]) == text["steps"]
