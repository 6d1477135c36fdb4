"""`review-import` refuses a faulty file with its line, and writes nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.publishing.reviews.config import FILE
from dataset_builder.publishing.verify import verify
from tests.support.reviews import export, records, told

Row = dict[str, Any]


def changed(place: int, **more: Any) -> Callable[[list[Row]], list[str]]:
    def change(found: list[Row]) -> list[str]:
        found[place] |= more
        return [json.dumps(row) for row in found]

    return change


def in_text(**more: Any) -> Callable[[list[Row]], list[str]]:
    def change(found: list[Row]) -> list[str]:
        found[2]["texts"][0] |= more
        return [json.dumps(row) for row in found]

    return change


def lines(found: list[Row]) -> list[str]:
    return [json.dumps(row) for row in found]


FAULTS = {
    "torn": (lambda found: [*lines(found)[:3], lines(found)[3][:-20]], "line 4: found no whole record"),
    "no object": (lambda found: ["[1]", *lines(found)], "line 1: found [1]; expected a JSON object"),
    "study": (changed(1, study="other"), "line 2: found study 'other'; expected "),
    "version": (changed(1, version="0"), "line 2: found version '0' of the page; expected '1'"),
    "unknown rater": (changed(0, rater="rater-9"), "line 1: found rater 'rater-9'; expected one of rater-1, rater-2, rater-3"),
    "two raters": (changed(3, rater="rater-2"), "line 4: found a record of rater-2 after those of rater-1; expected one rater"),
    "item": (changed(3, item=5), "line 4: found item 5; expected 1 to 4"),
    "twice": (lambda found: [*lines(found), lines(found)[1]], "line 5: item 2 is there a second time, first in line 2"),
    "no field": (lambda found: lines([{k: v for k, v in found[0].items() if k != "years"}]), "line 1: years: found nothing; expected this field"),
    "more fields": (changed(0, name="Dr X"), "line 1: name: found 'Dr X'; expected no such field"),
    "years": (changed(0, years=-1), "line 1: years: found -1; expected null or 0 to 80"),
    "value": (in_text(accuracy=6), "line 3: texts.1.accuracy: found 6; expected null or 1 to 5"),
    "type": (in_text(accuracy=True), "line 3: texts.1.accuracy: found True; expected null or 1 to 5"),
    "steps": (in_text(steps=["correct"] * 40), "line 3: item 3, text 1: found 40 steps; expected "),
    "label": (in_text(steps=["right"]), "line 3: texts.1.steps.1: found 'right'; expected a list of null or correct, wrong, unsupported, irrelevant"),
    "comment": (in_text(comment="x" * 10_001), "expected null or a text of at most 10000 characters"),
    "texts": (changed(0, texts=[]), "line 1: item 1: found 0 texts; expected 1"),
    "preferred": (changed(0, preferred="1"), "line 1: item 1: found preferred '1'; expected null"),
    "cannot_judge": (changed(0, cannot_judge=None), "line 1: cannot_judge: found None; expected true or false"),
    "empty": (lambda found: [], "found no record; expected one for each case"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_file_is_refused_with_its_line(
    name: str, folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, said = FAULTS[name]
    file = tmp_path / "rater-1.jsonl"
    file.write_text("\n".join(change(records(key, "rater-1"))), "utf-8")
    good = export(tmp_path / "rater-3.jsonl", records(key, "rater-3"))
    capsys.readouterr()
    assert add(good, file) == 2
    words = told(capsys)
    assert "nothing was imported" in words and f"{file}" in words and said in words, words
    assert not (folder / FILE).exists() and verify(folder).wrong == []


def test_a_file_that_windows_has_saved_is_read(key: Row, add: Callable[..., int], tmp_path: Path) -> None:
    text = "\r\n".join(["\ufeff" + lines(records(key, "rater-1"))[0], *lines(records(key, "rater-1"))[1:], "", ""])
    (tmp_path / "rater-1.jsonl").write_bytes(text.encode())
    assert add(tmp_path / "rater-1.jsonl") == 0


def test_two_files_of_one_rater_and_one_that_is_not_there(
    key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [export(tmp_path / name, records(key, "rater-1")) for name in ("rater-1.jsonl", "rater-1 (1).jsonl")]
    assert add(*files, tmp_path / "rater-2.jsonl") == 2
    words = told(capsys)
    assert "found 2 files of rater-1; expected one: give the newest alone" in words
    assert "rater-2.jsonl: cannot be read (No such file or directory)" in words
