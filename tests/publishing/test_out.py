"""The place of a build: a name that `load_dataset` reads, a link that is written through, nothing else overwritten."""

from pathlib import Path

import pytest
from datasets import Dataset, load_dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing.folder import FolderError, expect_free
from tests.publishing.pushing import change_manifest

UNREADABLE = {
    "x[1]": "contains [ ], which",
    "x*": "contains *, which",
    "what?": "contains ?, which",
    "{a,b}": "contains { }, which",
    "a::b": "contains ::, which",
    "$HOME": "contains $, which",
    "~/x": "begins with ~",
    "s3://bucket/x": "looks like a URL",
    "hf://datasets/org/x": "looks like a URL",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_name_that_no_loader_reads_is_refused_before_anything_is_built(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["build", "kg_only", "--out", name]) == 2
    assert UNREADABLE[name] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_such_a_folder_around_it_and_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a[1]").mkdir()
    (tmp_path / "there").symlink_to(tmp_path / "a[1]" / "x")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name, message in (
        ("a[1]/x", "contains [ ]"),
        ("there", "contains [,"),
        ("circle", "cannot be followed"),
        ("x\udce9", "is no text in"),
    ):
        with pytest.raises(FolderError) as why:
            expect_free(tmp_path / name)
        assert message in str(why.value)


@pytest.mark.parametrize("name", ["x y", "x#1", "a:b", "é", "x,y", "x@v1", "x.y", "-x"])
def test_other_names_are_free_and_can_be_read(name: str, tmp_path: Path) -> None:
    expect_free(tmp_path / name)
    (tmp_path / name / "data").mkdir(parents=True)
    Dataset.from_dict({"a": [1]}).to_parquet(tmp_path / name / "data" / "train-00000-of-00001.parquet")
    assert load_dataset(str(tmp_path / name), cache_dir=str(tmp_path / "cache"))["train"].num_rows == 1


@pytest.mark.slow
@pytest.mark.parametrize("there", ["nothing", "an empty folder", "an earlier build"])
def test_a_link_is_written_through(there: str, tmp_path: Path) -> None:
    disk, link = tmp_path / "disk" / "x", tmp_path / "link"
    link.symlink_to(disk)
    if there == "an empty folder":
        disk.mkdir(parents=True)
    if there == "an earlier build":
        assert main(["build", "kg_only", "--rows", "5", "--out", str(disk)]) == 0
        change_manifest(disk, pipeline="earlier")
    assert main(["build", "kg_only", "--rows", "6", "--out", str(link)]) == 0
    assert link.is_symlink() and link.readlink() == disk and (disk / "manifest.json").is_file()
    assert sum(len(rows) for rows in load_dataset(str(link)).values()) == 6
    assert main(["verify", str(link)]) == main(["verify", str(disk)]) == 0
    assert [path.name for path in disk.parent.iterdir() if path.name.startswith(".")] == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_link_to_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    with pytest.raises(FolderError, match="is no dataset folder"):
        expect_free(tmp_path / "link")
