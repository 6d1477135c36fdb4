"""Folders and an answer store that were written before the manifest had a format: they verify, load, compare, report and rebuild.

tests/fixtures/format_1 was made at f8ed0d2, from the first eight questions of the sample: `kg_only`; `medreason` with the scripted model, and
its exported answers.
"""

import json
import re
import shutil
from collections.abc import Collection
from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing.layout import code_of
from dataset_builder.publishing.verify import verify
from tests.publishing.pushing import CLEAN, change_manifest, push
from tests.support.hub.running import Running

OLD = Path(__file__).parents[1] / "fixtures" / "format_1"
NAMES = ("kg_only", "medreason")
MODELS = ("--writer", "scripted", "--judge", "scripted")


@pytest.mark.parametrize("name", NAMES)
def test_it_verifies_and_loads(name: str) -> None:
    manifest = json.loads((OLD / name / "manifest.json").read_text("utf-8"))
    assert "format" not in manifest and code_of(manifest) == manifest["inputs"]["code"]
    assert verify(OLD / name).wrong == []
    assert load_dataset(str(OLD / name), split="train").num_rows == manifest["rows"]["train"]  # pyright: ignore[reportAttributeAccessIssue]


NEW_FIELDS = {"mentions", "paths"}  # that were not known then: family, means, relevance
CONTRAST = {"contrasts", "rationale", "completion"}  # since then kg_only says something of other options too


def differs_only_in_claims(printed: str, besides: Collection[str] = ()) -> bool:
    """Whether the same rows are there, and at most what is read in their rationales is another: claims have another reader since."""
    changed = re.findall(r"^  changed \(([^)]*)\)", printed, re.MULTILINE)
    columns = {part.split()[0] for line in changed for part in line.split(", ")}
    return (
        "0 added, 0 removed" in printed and columns <= {"hop_checks", "support", *NEW_FIELDS, *besides}
    ) or "same rows: 8" in printed


def test_the_same_rows_are_built_today(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "kg_only", "--min-relevance", "0", "--rows", "8", "--out", str(tmp_path / "kg_only")]) == 0
    main(["diff", str(OLD / "kg_only"), str(tmp_path / "kg_only")])
    printed = capsys.readouterr().out
    assert differs_only_in_claims(printed, CONTRAST) and "same funnel" in printed and "code: " in printed
    assert "reject_contradicted: true → false\n" in printed  # by its name and default of today
    hop = ", ".join(f"paths[].hops[][].{field}" for field in ("source", "publications[]", "evidence", "score"))
    assert "new fields: mentions[].family, mentions[].means, " in printed
    assert f"{hop}, paths[].relevance, contrasts[]" in printed and ", hop_checks[].mode\n" in printed
    assert paths(OLD / "kg_only") == paths(tmp_path / "kg_only")


def paths(folder: Path) -> list[list[list[int]]]:
    """The nodes of every path of every published row."""
    rows = load_dataset(str(folder), split="train").to_list()  # pyright: ignore[reportAttributeAccessIssue]
    return [[path["nodes"] for path in row["paths"]] for row in sorted(rows, key=lambda row: row["id"])]


def test_its_answers_are_found_key_by_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ("--store", str(tmp_path / "answers.sqlite"))
    assert main(["store", "import", str(OLD / "answers.parquet"), *store]) == 0
    out = ("--min-relevance", "0", "--rows", "8", "--replay-only", "--out", str(tmp_path / "medreason"))
    assert main(["build", "medreason", *MODELS, *store, *out]) == 0
    main(["diff", str(OLD / "medreason"), str(tmp_path / "medreason")])
    assert differs_only_in_claims(capsys.readouterr().out)


def test_it_is_reported_and_pushed(hub: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(OLD / "kg_only", tmp_path / "kg_only")
    assert main(["report", str(folder), "--out", str(tmp_path / "page.html")]) == 0
    change_manifest(folder, run={"git": CLEAN})
    assert push(folder, "--tag", "v0.1") == 0
    assert main(["verify", "org/medreason@v0.1"]) == 0


def test_a_format_of_the_future_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(OLD / "kg_only", tmp_path / "kg_only")
    change_manifest(folder, format=99)
    assert main(["verify", str(folder)]) == 2
    assert "has format 99, expected at most 3: a newer version of this code wrote it" in capsys.readouterr().err
