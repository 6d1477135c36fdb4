"""A folder with reviews for everybody else who reads one: push, loaders, trainers."""

import json
from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing.hub.loaded import refusal
from dataset_builder.publishing.reviews.config import FILE
from dataset_builder.publishing.verify import read_manifest
from tests.publishing.pushing import NAME, push
from tests.support.hub.running import Running
from tests.support.reviews import export, records, study_of


@pytest.fixture
def reviewed(folder: Path, tmp_path: Path) -> Path:
    key = study_of(tmp_path / "study", folder, "--items", "3", "--raters", "1")
    file = export(tmp_path / "rater-1.jsonl", records(key, "rater-1"))
    study = ["--study", str(tmp_path / "study/key.json")]
    assert main(["review-import", str(folder), str(file), *study]) == 0
    return folder


def test_reviews_are_pushed_loaded_and_verified_from_the_hub(
    hub: Running, reviewed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(reviewed, "--tag", "v1") == 0
    assert load_dataset(NAME, "reviews", split="train", revision="v1").num_rows == 3
    assert main(["verify", f"{NAME}@v1"]) == 0
    assert "everything matches the manifest" in capsys.readouterr().out


def test_who_trains_or_scores_on_the_folder_is_not_refused_and_is_where_a_review_was_changed(reviewed: Path) -> None:
    assert refusal(reviewed) is None
    (reviewed / FILE).write_bytes((reviewed / FILE).read_bytes() + b" ")
    assert f"{FILE}: its content is not that of the last import of reviews" in (refusal(reviewed) or "")


def test_the_rows_have_the_hash_that_they_had(reviewed: Path, built: dict[str, Path]) -> None:
    before, after = read_manifest(built["twelve"]), read_manifest(reviewed)
    assert after["content_hash"] == before["content_hash"]
    assert after["configs"].keys() - before["configs"].keys() == {"reviews"}
    changed = {name for name in after["files"] if after["files"][name] != before["files"].get(name)}
    assert changed == {"README.md", "croissant.json", FILE}
    described = json.loads((reviewed / "croissant.json").read_text("utf-8"))
    assert "reviews" in {one["name"] for one in described["recordSet"]}
    assert any("3 reviews" in text for text in described["rai:dataAnnotationProtocol"])
