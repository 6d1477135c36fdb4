"""Mentions, nodes, candidate paths and the models' answers go to the Hub when they are asked for, and are verified there."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing.layout import intermediates_folder
from dataset_builder.publishing.verify import verify
from dataset_builder.sources.raw_files import sha256
from tests.publishing.pushing import CLEAN, NAME, change_manifest, push
from tests.support.hub.running import Running
from tests.support.llm_server.running import running

KEY = "sk-planted-0123456789abcdef"
BUILD = ("build", "medreason", "--rows", "9", "--writer", "scripted", "--judge", "scripted", "--price", "scripted=1/2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with running() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        store = ("--store", str(tmp_path / "store.sqlite"))
        assert main([*BUILD, *store, "--out", str(tmp_path / "out")]) == 0
    change_manifest(tmp_path / "out", run={"git": CLEAN})
    return tmp_path / "out"


def test_they_are_pushed_loaded_verified_and_rebuild_without_a_key(
    hub: Running, folder: Path, tmp_path: Path, capsys
) -> None:
    store = ("--store", str(tmp_path / "store.sqlite"))
    assert push(folder, "--tag", "v1.0", "--with-intermediates", "--with-answers", *store) == 0
    assert main(["verify", f"{NAME}@v1.0"]) == 0
    rows = load_dataset(NAME, revision="v1.0")
    evidence = load_dataset(NAME, "evidence", split="train", revision="v1.0")
    by_id = {row["id"]: row for row in evidence.to_list()}
    for row in rows["train"].to_list():
        found = [path for pair in by_id[row["id"]]["candidate_paths"] for path in pair["paths"]]
        assert row["paths"] and all(path["nodes"] in found for path in row["paths"])
    assert "candidate_paths" not in rows["train"].column_names
    answers = load_dataset(NAME, "answers", split="train", revision="v1.0")
    assert answers.num_rows > 20 and KEY not in str(answers.to_list())
    published = hub.root.parent / "answers.parquet"
    pq.write_table(answers.data.table, published)
    again = ("--store", str(tmp_path / "again.sqlite"), "--out", str(tmp_path / "again"))
    assert main(["store", "import", str(published), *again[:2]]) == 0
    assert main([*BUILD, *again, "--replay-only"]) == 0
    hashes = {json.loads((f / "manifest.json").read_text())["content_hash"] for f in (folder, tmp_path / "again")}
    assert len(hashes) == 1
    assert push(folder, "--tag", "v1.1") == 0
    assert main(["diff", f"{NAME}@v1.0", f"{NAME}@v1.1"]) == 0

    there = shutil.copytree(tmp_path / "hub-home/hub/datasets--org--medreason/snapshots", tmp_path / "copy")
    copy = next(path for path in there.iterdir() if (path / "evidence").is_dir())
    file = copy / "evidence/train-00000-of-00001.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(1), file)
    manifest = json.loads((copy / "manifest.json").read_text())
    change_manifest(copy, files={"evidence/train-00000-of-00001.parquet": sha256(file)})
    assert verify(copy).wrong[0].startswith(f"evidence: {len(table) - 1} rows of")
    evidence_says = manifest["intermediates"]["evidence"] | {"rows": len(table) - 1}
    change_manifest(copy, intermediates={"evidence": evidence_says})
    wrong = verify(copy).wrong
    assert wrong[0].startswith("evidence: its content hash is")
    assert wrong[1:] == [f"evidence: the question {table['id'][0]} has no row"]


def test_what_cannot_be_pushed_beside_the_rows(folder: Path, tmp_path: Path, capsys) -> None:
    kept = intermediates_folder(folder)
    assert push(folder, "--with-answers", "--store", str(tmp_path / "nowhere.sqlite")) == 2
    assert "there is no answer store" in capsys.readouterr().err
    (kept / "answers.keys").write_bytes(b"")
    assert push(folder, "--with-answers") == 2
    assert "uses no answer of a model, so there are none to push" in capsys.readouterr().err
    (kept / "of.json").write_text(json.dumps({"content_hash": "another"}))
    assert push(folder, "--with-intermediates") == 2
    assert "out.intermediates belongs to another build than" in capsys.readouterr().err
    shutil.rmtree(kept)
    assert push(folder, "--with-intermediates") == 2
    assert "there are no intermediates of" in capsys.readouterr().err


def test_an_answer_that_quotes_a_key_is_not_pushed(folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("OTHER_API_KEY", "completion_tokens")  # as every answer holds it
    assert push(folder, "--with-answers", "--store", str(tmp_path / "store.sqlite")) == 2
    error = capsys.readouterr().err
    assert "an answer of scripted contains the value of OTHER_API_KEY, which must not be published" in error
