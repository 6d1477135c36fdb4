"""How relevant the published paths are: counted in the manifest, recomputed by verify, shown in the card."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from dataset_builder.publishing.folder import write, write_manifest
from dataset_builder.publishing.verify import verify
from dataset_builder.row import row_id
from tests.publishing.pushing import change_manifest

Row = dict[str, Any]
Build = Callable[..., tuple[Path, Row, str]]


@pytest.fixture
def built_again(folder: Path, tmp_path: Path) -> Build:
    """Writes the folder again, with relevances for the paths of its published rows: of one row, of all the others."""

    def again(first: list[float | None], others: list[float | None], **inputs: Any) -> tuple[Path, Row, str]:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        splits = {split: Dataset.from_parquet(str(folder / f"data/{split}-*")) for split in manifest["rows"]}
        rows: list[Row] = splits["train"].to_list()
        for number, row in enumerate(rows):
            given = others if number else first
            row["source"] = "medqa" if number else "sample"
            row["id"] = row_id(row["source"], row["config"], row)
            row["paths"] = [row["paths"][0] | {"relevance": relevance} for relevance in given]
        splits["train"] = Dataset.from_list(rows, features=splits["train"].features)
        known = {name: given for name, given in manifest["inputs"].items() if "relevance" not in name}
        facts = manifest | manifest["card"] | {"inputs": known | inputs}
        out = tmp_path / "again"
        written = write(out, splits, facts)
        return out, written, " ".join((out / "README.md").read_text("utf-8").split())

    return again


def test_the_manifest_counts_relevances_and_verify_names_forged_ones(built_again: Build) -> None:
    out, written, _ = built_again([0.3, 0.1, None, 0.7, 1.0], [0.25, 0.123456])
    found, others = written["relevance"], written["rows"]["train"] - 1
    assert list(found) == ["sources", "all"] and list(found["sources"]) == ["medqa", "sample"]
    assert found["sources"]["sample"] == {
        "paths": 4,
        "rows": 1,
        "of_paths": {"quartiles": [0.1, 0.1, 0.3, 0.7, 1.0], "bins": [0, 1, 0, 1, 0, 0, 0, 1, 0, 1]},
        "of_best": {"quartiles": [1.0] * 5, "bins": [0] * 9 + [1]},
    }
    assert found["sources"]["medqa"]["of_paths"]["quartiles"] == [0.1235, 0.1235, 0.1235, 0.25, 0.25]
    assert found["sources"]["medqa"]["of_best"]["bins"] == [0, 0, others, *[0] * 7]
    assert (found["all"]["paths"], found["all"]["rows"]) == (4 + 2 * others, 1 + others)
    assert verify(out).wrong == []
    found["all"]["of_paths"]["quartiles"][2] = 0.9
    change_manifest(out, relevance=found)
    [forged] = verify(out).wrong
    assert forged.startswith("relevance: counted {") and "0.9" in forged
    write_manifest(out, {key: value for key, value in written.items() if key != "relevance"})
    [missing] = verify(out).wrong
    assert missing.endswith("the manifest says none")


def test_where_no_path_has_a_relevance_nothing_is_said(built_again: Build) -> None:
    out, written, card = built_again([None], [])
    assert "relevance" not in written and "## Relevance" not in card
    values = {"quartiles": [0.5] * 5, "bins": [0] * 9 + [1]}
    part = {"paths": 1, "rows": 1, "of_paths": values, "of_best": values}
    write_manifest(out, written | {"relevance": {"sources": {"sample": part}, "all": part}})
    assert (
        verify(out)
        .wrong[0]
        .startswith("relevance: counted none, the manifest says {'sources': {'sample': {'paths': 1,")
    )


def test_the_card_says_what_the_number_is_and_where_it_was_calibrated(built_again: Build) -> None:
    _, _, card = built_again([0.9, 0.5, 0.4], [0.2])
    assert "two readers: docs/relevance.md. No path" in card
    assert "| sample | 3 | 1 | 0.50 | 0.40 to 0.90 | 67 % |" in card and "| **all** |" in card
    assert "another graph" not in card

    about = {"calibrated_on": "PrimeKG of 2022", "graph_sha256": "0" * 64}
    out, written, card = built_again([0.9], [0.5], relevance=about, min_relevance=0.5)
    assert (
        "two readers, on PrimeKG of 2022: docs" in card and written["relevance"]["calibrated_on"] == "PrimeKG of 2022"
    )
    assert "**Calibrated on another graph** (sha256 `000000000000…`)" in card
    assert (
        "No path was left out" not in card
        and "Paths below 0.5 were left out" in card
        and "(`no_relevant_path`)" in card
    )
    change_manifest(out, relevance={"calibrated_on": "this very graph"})
    assert [line.partition(":")[0] for line in verify(out).wrong] == ["relevance"]

    here = about | {"graph_sha256": written["graph"]["sha256"]}
    _, _, card = built_again([0.9], [0.5], relevance=here, min_relevance=0.5, models={"writer": "scripted"})
    assert "another graph" not in card and "whose paths all lie below 0.5 has the flag `low_relevance`" in card
