"""`--shuffle-options`: the rows of a build with their options in a drawn order, recorded, and the same in parts and in an estimate."""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from dataset_builder.__main__ import main
from dataset_builder.commands.build_folder import shuffle_note
from dataset_builder.commands.estimating import estimate
from dataset_builder.commands.input_options import add_input, command_line
from dataset_builder.publishing.verify import verify

ROWS = ("--rows", "24")


def given(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_input(parser)
    return parser.parse_args(["kg_only", *words], argparse.Namespace(shard=None))


def test_the_command_of_the_card_names_the_seed_only_where_it_was_given() -> None:
    assert "--shuffle-options" not in command_line(given())
    words = shlex.split(command_line(given("--shuffle-options", "0")))
    assert words[words.index("--shuffle-options") + 1] == "0"


def test_a_build_says_what_it_kept() -> None:
    assert shuffle_note({}) == []
    (line,) = shuffle_note({"shuffle_options": {"seed": 7, "shuffled": 5, "kept": {"option_refers": 2}}})
    assert (
        "Options of 5 questions in a drawn order (--shuffle-options 7); in the published one: 2 option_refers" in line
    )


def build(folder: Path, *more: str) -> Path:
    assert main(["build", "kg_only", *ROWS, "--out", str(folder), *more]) == 0
    return folder


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    files = [*folder.rglob("train-*.parquet"), *folder.rglob("rejected-*.parquet")]
    rows = [
        row for file in files if file.parent.name == "data" for row in pyarrow.parquet.read_table(file).to_pylist()
    ]
    return {row["id"]: row for row in rows}


def manifest_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text("utf-8"))


@pytest.mark.slow
def test_a_build_its_parts_and_its_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, seven = build(tmp_path / "plain"), build(tmp_path / "seven", "--shuffle-options", "7")
    before, after = rows_of(plain), rows_of(seven)
    assert before.keys() == after.keys() and manifest_of(plain)["funnel"] == manifest_of(seven)["funnel"]
    moved = [id_ for id_ in before if before[id_]["answer_label"] != after[id_]["answer_label"]]
    assert len(moved) > 3
    for id_, row in after.items():
        texts = {option["label"]: option["text"] for option in row["options"]}
        assert sorted(texts.values()) == sorted(option["text"] for option in before[id_]["options"])
        if row["answer_type"] == "choice":
            assert texts[row["answer_label"]] == row["answer"] == before[id_]["answer"]
        if row["rejected_because"] is None and id_ in moved:
            shown = row["prompt"][0]["content"]
            assert all(f"{label}. {text}" in shown for label, text in texts.items())
    inputs = manifest_of(seven)["inputs"]["shuffle_options"]
    assert inputs["seed"] == 7 and inputs["shuffled"] + sum(inputs["kept"].values()) <= 24
    assert "shuffle_options" not in manifest_of(plain)["inputs"]
    assert verify(seven).wrong == [] and "drawn from the seed 7" in (seven / "README.md").read_text("utf-8")
    assert main(["diff", str(plain), str(seven)]) == 1 and "shuffle_options" in capsys.readouterr().out

    again = build(tmp_path / "seven", "--shuffle-options", "8")
    assert "Nothing has changed" not in capsys.readouterr().out and rows_of(again) != after

    parts = [build(tmp_path / f"part{k}", "--shuffle-options", "7", "--shard", f"{k}/2") for k in (1, 2)]
    assert main(["merge", *map(str, parts), "--out", str(tmp_path / "merged")]) == 0
    assert rows_of(tmp_path / "merged") == after
    assert manifest_of(tmp_path / "merged")["inputs"]["shuffle_options"] == inputs
    other = build(tmp_path / "other", "--shuffle-options", "8", "--shard", "2/2")
    capsys.readouterr()
    assert main(["merge", str(parts[0]), str(other), "--out", str(tmp_path / "no")]) != 0
    said = capsys.readouterr()
    assert "inputs.shuffle_options" in said.out + said.err


@pytest.mark.slow
def test_an_estimate_counts_the_same_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def counted(rows: Any, *_: Any, **__: Any) -> tuple[list[Any], None]:
        seen.append(rows.to_list())
        return [], None

    monkeypatch.setattr(estimate, "estimate", counted)
    assert main(["estimate", "kg_only", *ROWS, "--shuffle-options", "7"]) == 0
    built = rows_of(build(tmp_path / "seven", "--shuffle-options", "7"))
    assert {row["id"]: row["options"] for row in seen[0]} == {id_: row["options"] for id_, row in built.items()}
