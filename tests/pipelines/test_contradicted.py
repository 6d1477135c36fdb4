"""Rationales that contradict the graph, through whole pipelines: flagged or rejected, and the funnel adds up."""

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing.funnel import total
from tests.support.llm_server.replies import reply
from tests.support.llm_server.running import running
from tests.support.llm_server.settings import Settings

FALSE = "Colchicine must never be given in gout."


def lying(request: dict[str, Any], settings: Settings) -> str:
    """As scripted, but the writer called liar, and medreason's where gout is spoken of, say what the graph denies."""
    said = reply(request, settings)
    if said.startswith("**Finding reasoning paths:**") and "gout" in said.casefold():
        return said.replace("\n2. This speaks for", f"\n2. {FALSE}\n3. This speaks for")
    if request["model"] == "liar" and said.startswith("1. "):
        return f"1. {FALSE}\n{said}"
    return said


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with running(lying) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789abcdef")

        def run(*words: str, out: str = "out") -> dict[str, Any]:
            store = ["--store", str(tmp_path / "answers.sqlite"), "--out", str(tmp_path / out)]
            assert main(["build", *words, "--judge", "judge", *store]) == 0
            manifest = json.loads((tmp_path / out / "manifest.json").read_text())
            for counts in [*manifest["funnel"].values(), total(manifest["funnel"])]:
                reasons = sum(number for name, number in counts.items() if name not in ("in", "published"))
                assert counts["in"] == counts["published"] + reasons
            return manifest

        yield run


def rows(folder: Path, config: str | None = None) -> list[dict[str, Any]]:
    splits: Any = load_dataset(str(folder), config)
    return [row for split in splits.values() for row in split]


def test_medreason(build, tmp_path: Path) -> None:
    manifest = build("medreason", "--writer", "writer", "--reject-contradicted")
    assert manifest["inputs"]["reject_contradicted"] is True
    card = (tmp_path / "out/README.md").read_text()
    assert "Rationales with a contradicted claim were rejected" in card and "--reject-contradicted\n" in card
    rejected = [row for row in rows(tmp_path / "out") if row["rejected_because"] == "contradicts_graph"]
    assert rejected and len(rejected) == total(manifest["funnel"])["contradicts_graph"]
    for row in rejected:
        assert FALSE in row["rationale"] and "Colchicine / gout" in row["rejected_detail"] and row["verdict"] is None
    kept = build("medreason", "--writer", "writer", out="kept")
    assert kept["inputs"]["reject_contradicted"] is False and "contradicts_graph" not in total(kept["funnel"])
    card = (tmp_path / "kept/README.md").read_text()
    assert "contradicted (a flag, no reason to reject)" in card and "--reject-contradicted" not in card
    flagged = [
        row for row in rows(tmp_path / "kept") if any(c["verdict"] == "contradicted" for c in row["hop_checks"] or [])
    ]
    assert {row["id"] for row in flagged} == {row["id"] for row in rejected}


def test_reasonmed(build, tmp_path: Path) -> None:
    words = ["reasonmed", "--editor", "editor", "--rows", "12"]
    build(*words, "--writers", "liar,honest", "--reject-contradicted")
    questions = [row for row in rows(tmp_path / "out", "candidates") if row["rejected_because"] is None]
    held = [
        (support, response)
        for row in questions
        for support, response in zip(row["support"], row["responses"], strict=True)
    ]
    assert {bool(response) for support, response in held if support["contradicted"]} == {False}
    assert all(response for support, response in held if not support["contradicted"])
    assert not any(FALSE in row["completion"][0]["content"] for row in rows(tmp_path / "out", "cot"))
    alone = build(*words, "--writers", "liar", "--reject-contradicted", out="alone")
    assert total(alone["funnel"])["published"] == 0 and total(alone["funnel"])["contradicts_graph"] > 0
    flagged = build(*words, "--writers", "liar", out="flagged")
    assert total(flagged["funnel"])["published"] > 0 and "contradicts_graph" not in total(flagged["funnel"])
    assert any(FALSE in row["completion"][0]["content"] for row in rows(tmp_path / "flagged", "cot"))
