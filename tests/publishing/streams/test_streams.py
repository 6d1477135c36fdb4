"""Rows pass through a few batches: the same bytes as before for a small build, several files for a large one, and every reader finds all of them."""

import hashlib
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, load_dataset, load_from_disk

from dataset_builder import mapped as mapped_files
from dataset_builder.__main__ import main
from dataset_builder.publishing import folder as publish
from dataset_builder.publishing.folder import split_rows
from dataset_builder.publishing.hub.loaded import published_files, refusal
from dataset_builder.publishing.layout import batches_of, data_files
from dataset_builder.publishing.streams import parquet_files
from dataset_builder.publishing.streams.batches import has_value, tables
from dataset_builder.publishing.streams.digests import RowDigests, canonical
from dataset_builder.publishing.verify import verify
from lighteval_tasks.ledger import read_ledger
from tests.support import tiny_folders
from tests.support.push_folder import write_folder


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row group holds one table, and a file one row group."""
    for name, value in (("SMALL", 0), ("ROW_GROUP", 1), ("FILE", 1)):
        monkeypatch.setattr(parquet_files, name, value)
    monkeypatch.setattr(tables, "__defaults__", (1,))


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    return tiny_folders.write_folders(tmp_path / "one")


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text("utf-8"))


@pytest.mark.slow
def test_every_reader_finds_all_files_of_a_split(
    folders: dict[str, Path], small_files: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    several = tiny_folders.write_folders(tmp_path / "several")
    for name, place in (("paths", "data"), ("many", "candidates")):
        one, two = manifest_of(folders[name]), manifest_of(several[name])
        assert {f"{place}/train-0000{n}-of-00002.parquet" for n in (0, 1)} <= two["files"].keys()
        assert two | {"files": one["files"]} == one
        assert verify(several[name]).wrong == [] and refusal(several[name]) is None
        assert {f"{place}/train-0000{n}-of-00002.parquet" for n in (0, 1)} <= published_files(two)
        config = ["candidates"] if name == "many" else []
        rows = [load_dataset(str(of[name]), *config, split="train") for of in (folders, several)]
        assert rows[0].to_list() == rows[1].to_list() and len(rows[1]) == 2
        assert main(["diff", str(folders[name]), str(several[name])]) == 0
        assert "same rows: 3" in capsys.readouterr().out
        assert main(["report", str(several[name]), "--out", str(tmp_path / "page.html")]) == 0
    assert verify(several["pushed"]).wrong == []
    assert read_ledger(str(several["many"])).matched == {"text": {"text"}}


@pytest.mark.slow
def test_a_file_that_is_missing_is_said(small_files: None, tmp_path: Path) -> None:
    folder = tiny_folders.write_folders(tmp_path)["paths"]
    name, other = (f"data/train-0000{n}-of-00002.parquet" for n in (1, 0))
    (folder / name).unlink()
    assert verify(folder).wrong == [f"{name}: in the manifest, not in the folder"]
    manifest = manifest_of(folder)
    del manifest["files"][name]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert verify(folder).wrong == [f"{name}: is a file of a config, but not listed"]
    shutil.copy(folder / other, folder / "data/train-00000-of-00003.parquet")
    assert verify(folder).wrong[0] == "data/train-00000-of-00003.parquet: in the folder, not in the manifest"


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([], ["x/train-00000-of-00001.parquet"]),
        (["x/rejected-00000-of-00002.parquet", "y/train-00000-of-00002.parquet"], ["x/train-00000-of-00001.parquet"]),
        (["x/train-00001-of-00002.parquet"], ["x/train-00000-of-00002.parquet", "x/train-00001-of-00002.parquet"]),
        (["x/train-00000-of-00000.parquet"], ["x/train-00000-of-00001.parquet"]),
    ],
)
def test_the_names_of_a_splits_files(listed: list[str], found: list[str]) -> None:
    assert data_files(listed, "train", "x") == found


def test_files_have_the_bytes_of_to_parquet(tmp_path: Path) -> None:
    """Below a row group, where the library's own rows come in one chunk; and always where a split is small."""
    whole = Dataset.from_dict({"id": [str(n) for n in range(600)], "text": ["a word " * n for n in range(600)]})
    whole.to_parquet(tmp_path / "library.parquet")
    writer = parquet_files.ParquetFile(tmp_path / "stream.parquet", whole.features)
    for table in tables(whole):
        writer.add(table)
    writer.close()
    assert (tmp_path / "stream.parquet").read_bytes() == (tmp_path / "library.parquet").read_bytes()
    chosen = whole.select([n for n in range(600) if n % 3])
    chosen.to_parquet(tmp_path / "chosen.parquet")
    parquet_files.write_file(tmp_path / "small.parquet", chosen)
    assert (tmp_path / "small.parquet").read_bytes() == (tmp_path / "chosen.parquet").read_bytes()


def test_a_large_file_has_row_groups_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "ROW_GROUP", 100_000)
    rows = Dataset.from_dict({"text": ["x" * 100] * 4_000}).select(range(1, 4_000, 2))
    parquet_files.write_file(tmp_path / "x.parquet", rows)
    found = pq.ParquetFile(tmp_path / "x.parquet")
    sizes = [found.read_row_group(n).nbytes for n in range(found.num_row_groups)]
    assert len(sizes) > 1 and max(sizes) <= 100_000 and found.metadata.num_rows == 2_000


def test_selected_rows_come_in_one_chunk_and_splits_keep_their_order() -> None:
    rows = Dataset.from_dict(
        {"n": list(range(700)), "rejected_because": [None if n % 3 else "so" for n in range(700)]}
    )
    splits = split_rows(rows)
    assert splits["train"]["n"][:] == [n for n in range(700) if n % 3]
    assert splits["rejected"]["n"][:] == list(range(0, 700, 3))
    found = list(tables(splits["train"]))
    assert [len(table) for table in found] == [256, 210]
    assert {table["n"].num_chunks for table in found} == {1}
    assert np.array_equal(has_value(splits["train"], "rejected_because"), np.zeros(466, bool))
    assert list(split_rows(rows.select(range(1, 3)))) == ["train"]


def test_digests_are_in_the_order_of_their_bytes() -> None:
    rows = [{"n": n // 2} for n in range(3_000)]  # each twice; some digests end with a zero
    expected = sorted(hashlib.sha256(canonical(row)).digest() for row in rows)
    assert any(digest.endswith(b"\0") for digest in expected)
    assert RowDigests(reversed(rows)).sorted() == b"".join(expected)
    assert RowDigests(rows) != RowDigests(rows[1:]) and len(RowDigests(rows)) == 3_000


@pytest.mark.slow
def test_what_python_keeps_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """1,200 rows of 10 kB are 12 MB. 256 of them are 2.6 MB, and there are two copies of these: one goes while the next comes."""
    write_folder(tmp_path / "folder", 12, seed=0)
    manifest = manifest_of(tmp_path / "folder")
    files = {split: str(tmp_path / f"folder/data/{split}-*") for split in manifest["rows"]}
    splits = {split: Dataset.from_parquet(file, cache_dir=str(tmp_path)) for split, file in files.items()}
    tracemalloc.start()
    try:
        again = publish.write(tmp_path / "again", splits, manifest | manifest["card"])
        assert tracemalloc.get_traced_memory()[1] < 8e6
    finally:
        tracemalloc.stop()
    assert again["content_hash"] == manifest["content_hash"]


def test_a_mapped_file_is_read_through_mappings_that_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the rows are chosen ones, of a table that is put together from the files of two stages."""
    made = Dataset.from_dict({"n": list(range(60)), "text": ["x" * 400_000] * 60})
    made.save_to_disk(tmp_path / "made")
    mapped = load_from_disk(str(tmp_path / "made"))
    rows: Any = mapped.map(lambda row: {"twice": 2 * row["n"]})
    rows = rows.select([n for n in range(60) if n != 7])
    expected = [n for n in range(60) if n != 7]
    del made
    monkeypatch.setattr(mapped_files, "MAPPED", 3_000_000)
    before, peak, found = _mapped(), 0, []
    for table in tables(rows, 4):
        found += [(row["n"], row["twice"], len(row["text"])) for row in table.to_pylist()]
        peak = max(peak, _mapped() - before)
    assert found == [(n, 2 * n, 400_000) for n in expected]
    assert peak < 12e6  # of 24 MB


def _mapped() -> int:
    """Bytes of mapped files in this process's memory."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssFile"].split()[0]) * 1024


def test_what_was_read_of_a_parquet_file_is_given_back(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    with pq.ParquetWriter(tmp_path / "x.parquet", pa.schema({"x": pa.float64()})) as out:
        for _ in range(20):
            out.write_table(pa.table({"x": draw.random(100_000)}))
    start, peak, rows = pa.total_allocated_bytes(), 0, 0
    with pq.ParquetFile(tmp_path / "x.parquet") as parquet:
        for batch in batches_of(parquet, 10_000):
            rows, peak = rows + len(batch), max(peak, pa.total_allocated_bytes() - start)
    assert rows == 2_000_000 and peak < 5e6  # of 16 MB; a row group has 0.8 MB
