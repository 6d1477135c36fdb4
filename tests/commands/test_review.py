"""`review` and `review-import` as commands: pages and key; checked files become the config `reviews`; verify; rebuilds."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.configs import CONFIGS
from dataset_builder.publishing.folder import write_manifest
from dataset_builder.publishing.reviews.config import entry_of
from dataset_builder.publishing.verify import read_manifest, verify
from dataset_builder.report.page import write_report
from dataset_builder.sources.raw_files import sha256
from tests.support.reviews import copy_of, export, records, study_of, with_another_step, written_again

FILE = "reviews/train-00000-of-00001.parquet"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 12 sample questions; to be read only."""
    out = tmp_path_factory.mktemp("review") / "first"
    assert main(["build", "kg_only", "--rows", "12", "--out", str(out)]) == 0
    return out


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return copy_of(built, tmp_path / "build")


@pytest.fixture
def key(folder: Path, tmp_path: Path) -> Row:
    """A study of four questions of the folder."""
    return study_of(tmp_path / "study", folder, "--items", "4", "--raters", "3")


@pytest.fixture
def add(folder: Path, tmp_path: Path) -> Callable[..., int]:
    """Import files into the folder."""

    def run(*words: Path | str) -> int:
        return main(["review-import", str(folder), "--study", str(tmp_path / "study/key.json"), *map(str, words)])

    return run


def reviews(folder: Path) -> list[Row]:
    return pq.read_table(folder / FILE).to_pylist()


def told(capsys: pytest.CaptureFixture[str]) -> str:
    found = capsys.readouterr()
    return found.out + found.err


# --- pages -----------------------------------------------------------------------------------------------------------


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


# --- import ----------------------------------------------------------------------------------------------------------


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


# --- files that are refused ------------------------------------------------------------------------------------------


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


# --- verify ----------------------------------------------------------------------------------------------------------


def tampered(folder: Path, change: Callable[[list[Row]], Any], *, mended: bool) -> None:
    """Change the reviews by hand; ``mended``: and every hash of them in the manifest."""
    table = pq.read_table(folder / FILE)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), folder / FILE)
    manifest = read_manifest(folder)
    manifest["files"][FILE] = sha256(folder / FILE)
    if mended:
        manifest["configs"]["reviews"] = entry_of(folder / FILE)
    write_manifest(folder, manifest)


FORGERIES: dict[str, tuple[Callable[[list[Row]], Any], str]] = {
    "another text": (lambda rows: rows[0].update(text_hash="0" * 64), "judges another text than the folder publishes"),
    "no row of the folder": (lambda rows: rows[0].update(id="x"), "judges a text that the folder does not publish"),
    "a value": (lambda rows: rows[0].update(accuracy=9), "accuracy: found 9; expected null or 1 to 5"),
    "a label": (
        lambda rows: rows[0]["steps"][0].update(label="right"),
        "step 1: found 'right'; expected null or correct",
    ),
    "a step": (lambda rows: rows[0]["steps"].pop(), "; expected "),
    "preferred": (
        lambda rows: rows[0].update(preferred="1"),
        "preferred: found '1'; expected None, this, other, none",
    ),
    "twice": (lambda rows: rows.append(rows[0]), "is there 2 times; expected once"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_verify_says_what_is_wrong_with_a_forged_review(
    name: str, folder: Path, key: Row, add: Callable[..., int], tmp_path: Path
) -> None:
    change, said = FORGERIES[name]
    assert add(export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))) == 0
    tampered(folder, change, mended=True)
    wrong = verify(folder).wrong
    assert len(wrong) == 1 and wrong[0].startswith("reviews: the review of ") and said in wrong[0]
    assert "import the raters' files again" in wrong[0]


def test_a_changed_answer_breaks_the_hash_of_the_reviews_and_is_mended_by_the_files(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [export(tmp_path / f"{rater}.jsonl", records(key, rater)) for rater in ("rater-1", "rater-2")]
    assert add(*files) == 0
    good = (folder / FILE).read_bytes()
    tampered(folder, lambda rows: rows[0].update(accuracy=rows[0]["accuracy"] % 5 + 1), mended=False)
    assert [line.partition(" ")[0] for line in verify(folder).wrong] == ["reviews:"]
    assert "a review was changed, added or removed after the import" in verify(folder).wrong[0]
    assert add(*files) == 2 and "are not those that were imported" in told(capsys)
    forged = (folder / FILE).read_bytes()
    assert add(*files, "--replace") == 0
    assert verify(folder).wrong == [] and (folder / FILE).read_bytes() == good
    assert [file.read_bytes() for file in (tmp_path / "build.reviews").iterdir()] == [forged]
    (folder / FILE).write_bytes(b"not parquet")
    assert f"{FILE}: its content is not that of the last import of reviews (sha256 differs)" in verify(folder).wrong
    assert add(*files, "--replace") == 0 and verify(folder).wrong == []


# --- rebuilds --------------------------------------------------------------------------------------------------------


def test_a_rebuild_keeps_the_reviews_of_texts_that_are_the_same(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))) == 0
    before = reviews(folder)
    assert main(["build", "kg_only", "--rows", "14", "--out", str(folder)]) == 0
    assert "Reviews: 4 of 4 were kept, whose texts are the same as before." in told(capsys)
    assert reviews(folder) == before and verify(folder).wrong == []
    assert read_manifest(folder)["content_hash"] != before[0]["content_hash"]
    assert add(export(tmp_path / "rater-2.jsonl", records(key, "rater-2"))) == 0  # the study goes on
    assert len(reviews(folder)) == 8 and not (tmp_path / "build.reviews").exists()


def test_reviews_of_texts_that_are_gone_are_kept_beside(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))
    assert add(file) == 0
    before, changed_id = reviews(folder), key["raters"]["rater-1"][0]["id"]
    written_again(folder, folder, lambda row: with_another_step(row) if row["id"] == changed_id else row)
    assert verify(folder).wrong == []
    assert reviews(folder) == [row for row in before if row["id"] != changed_id]
    [left] = (tmp_path / "build.reviews").iterdir()
    assert pq.read_table(left).to_pylist() == [row for row in before if row["id"] == changed_id]
    assert add(file) == 2 and "1 of 4, such as" in told(capsys)


def test_a_build_says_where_reviews_went_that_do_not_fit(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))) == 0
    assert main(["build", "kg_only", "--rows", "1", "--out", str(folder)]) == 0
    words = told(capsys).replace("\n", " ")
    kept = len(reviews(folder)) if (folder / FILE).exists() else 0
    assert kept < 4 and f"Reviews: {kept} of 4 were kept" in words
    assert f"{4 - kept} reviews judge texts that this folder no longer publishes" in words and "build.reviews" in words
    assert verify(folder).wrong == []


def test_a_rebuild_makes_no_forged_review_honest(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path
) -> None:
    assert add(export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))) == 0
    tampered(folder, lambda rows: rows[0].update(accuracy=rows[0]["accuracy"] % 5 + 1), mended=False)
    forged = reviews(folder)
    written_again(folder, folder, lambda row: row)
    assert not (folder / FILE).exists() and verify(folder).wrong == []
    [left] = (tmp_path / "build.reviews").iterdir()
    assert pq.read_table(left).to_pylist() == forged


def test_a_rebuild_refuses_to_delete_reviews_that_it_cannot_read(
    folder: Path, key: Row, add: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))) == 0
    (folder / FILE).write_bytes(b"not parquet")
    capsys.readouterr()
    assert main(["build", "kg_only", "--rows", "13", "--out", str(folder)]) == 2
    assert "cannot be read" in (words := told(capsys)) and "would be deleted; move it away" in words
    assert (folder / FILE).read_bytes() == b"not parquet"
