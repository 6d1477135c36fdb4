"""Reviews after the import: verify finds what was changed by hand, and a rebuild loses none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.__main__ import main
from dataset_builder.publishing.folder import write_manifest
from dataset_builder.publishing.reviews.config import FILE, entry_of
from dataset_builder.publishing.verify import read_manifest, verify
from dataset_builder.sources.raw_files import sha256
from tests.support.reviews import export, records, reviews, told, with_another_step, written_again

Row = dict[str, Any]


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


# --- rebuilds


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
