"""The configs for trainers in a built folder: loaded by name, shown in the card, made again by verify."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, load_dataset

from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.commands.summary import closing_lines
from dataset_builder.configs import CONFIGS
from dataset_builder.prompt import stated_answer
from dataset_builder.publishing import verify as module
from dataset_builder.publishing.folder import content_hash, write
from dataset_builder.publishing.layout import question_files, read_rows
from dataset_builder.publishing.verify import verify
from dataset_builder.report.page import write_report
from dataset_builder.sources.raw_files import sha256

RL, STEPS = "rl/train-00000-of-00001.parquet", "steps/train-00000-of-00001.parquet"


@pytest.fixture
def twelve(built: dict[str, Path]) -> Path:
    return built["twelve"]


def rows_of(folder: Path, config: str) -> list[dict[str, Any]]:
    return load_dataset(str(folder), config, split="train").to_list()


def forge(folder: Path, file: str, change: Callable[[list[dict]], list[dict]]) -> None:
    """Change the rows of a config, as somebody who mends the checksum, the number of rows and the content hash too."""
    table = pq.read_table(folder / file)
    pq.write_table(pa.Table.from_pylist(change(table.to_pylist()), table.schema), folder / file)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][file] = sha256(folder / file)
    manifest["configs"][file.split("/")[0]]["rows"] = pq.read_metadata(folder / file).num_rows
    splits = {
        split: read_rows(*(folder / name for name in names)) for split, names in question_files(manifest).items()
    }
    beside = {
        name: (said["columns"], read_rows(folder / f"{name}/train-00000-of-00001.parquet"))
        for name, said in manifest["configs"].items()
    }
    manifest["content_hash"] = content_hash(splits, manifest["columns"], manifest["inputs"], beside)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_rl_has_every_published_question_whose_gold_answer_is_read(twelve: Path) -> None:
    questions = load_dataset(str(twelve))["train"].to_list()
    rows = rows_of(twelve, "rl")
    assert list(rows[0]) == list(CONFIGS["rl"].columns)
    assert [row["id"] for row in rows] == [row["id"] for row in questions]
    for row, question in zip(rows, questions, strict=True):
        assert row["prompt"] == question["prompt"] and row["paths"] == question["paths"] != []
        options = {option["label"]: option["text"] for option in row["options"]}
        if options:
            assert extract(stated_answer(row), options).label == row["answer_label"]
            assert extract(question["completion"][0]["content"], options).label == row["answer_label"]
        else:
            assert row["answer_label"] is None and row["answer_type"] == "open"
    assert {row["answer_type"] for row in rows} >= {"choice", "open"}


def test_steps_are_those_of_the_rationale_with_the_claims_of_its_row(twelve: Path) -> None:
    questions = load_dataset(str(twelve))["train"].to_list()
    rows = rows_of(twelve, "steps")
    assert list(rows[0]) == list(CONFIGS["steps"].columns)
    for row, question in zip(rows, questions, strict=True):
        text = question["rationale"]
        assert [text[step["start"] : step["end"]] for step in row["steps"]] == [step["text"] for step in row["steps"]]
        assert sum(step["claims"] for step in row["steps"]) == question["support"][0]["claims"]
    labels = [step["label"] for row in rows for step in row["steps"]]
    assert {"supported", "unknown"} <= set(labels) <= {"supported", "unknown", "contradicted"}


def test_the_card_shows_rows_columns_and_how_to_load(twelve: Path) -> None:
    card = (twelve / "README.md").read_text("utf-8")
    manifest = json.loads((twelve / "manifest.json").read_text())
    for name in ("rl", "steps"):
        rows = manifest["configs"][name]["rows"]
        assert f"| `{name}` | {CONFIGS[name].meaning} | {rows} |" in card
        assert f'{name} = load_dataset("{twelve}", "{name}", split="train")' in card
        assert f"## Columns of `{name}`" in card
    assert "It is no ground truth." in card and "published questions are not in `rl`" not in card


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (RL, lambda rows: rows[1:]),
        (RL, lambda rows: [rows[0] | {"answer_label": None}, *rows[1:]]),
        (STEPS, lambda rows: [rows[0] | {"steps": rows[0]["steps"][1:]}, *rows[1:]]),
        (STEPS, lambda rows: [*rows, rows[0]]),
    ],
)
def test_rows_that_the_questions_do_not_give_are_named(
    folder: Path, file: str, change: Callable[[list[dict]], list[dict]], monkeypatch: pytest.MonkeyPatch
) -> None:
    forge(folder, file, change)
    [line] = verify(folder).wrong
    assert line.startswith(f"{file.split('/')[0]}: its rows are not those that the published questions give (")
    monkeypatch.setattr(module, "code_hash", lambda: "another")
    assert verify(folder).wrong == [], "another version may make other rows"


def test_a_folder_of_an_earlier_version_has_none_and_verifies(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    splits = {
        split: read_rows(*(folder / name for name in names)) for split, names in question_files(manifest).items()
    }
    del manifest["configs"]
    manifest["content_hash"] = content_hash(splits, manifest["columns"], manifest["inputs"])
    assert module.made_again(manifest) == () and module.wrong_content(folder, manifest) == []


def test_what_is_left_out_of_rl_is_said(twelve: Path, tmp_path: Path) -> None:
    """In the card and in the last lines of a build."""
    manifest = json.loads((twelve / "manifest.json").read_text())
    splits = {split: Dataset.from_parquet(f"{twelve}/data/{split}-*.parquet") for split in manifest["rows"]}
    some = splits["train"].to_list()
    some[0] |= {"answer_label": "Z"}
    splits["train"] = Dataset.from_list(some, features=splits["train"].features)
    written = write(tmp_path / "out", splits, manifest | manifest["card"])
    assert written["configs"]["rl"]["rows"] == len(some) - 1 == manifest["configs"]["rl"]["rows"] - 1
    card = (tmp_path / "out/README.md").read_text("utf-8")
    assert f"1 of {len(some)} published questions are not in `rl`: their gold answer" in card
    said = "not in the config rl: 1 published questions whose gold answer is not read as their label"
    assert any(line.startswith(said) for line in closing_lines(written, tmp_path / "out"))
    assert not any("not in the config rl" in line for line in closing_lines(manifest, twelve))
    assert verify(tmp_path / "out").wrong == []


def test_the_report_names_the_configs(twelve: Path, tmp_path: Path) -> None:
    write_report(twelve, tmp_path / "page.html")
    rows = json.loads((twelve / "manifest.json").read_text())["configs"]
    said = ", ".join(f"<code>{name}</code> ({config['rows']} rows)" for name, config in rows.items())
    assert f"Further configs of the dataset, each loaded by its name: {said}." in (tmp_path / "page.html").read_text()
