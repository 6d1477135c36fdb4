"""Folders to be reviewed, and the files that raters would export, without a browser."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from datasets import Dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing.folder import OPTIONAL, write
from dataset_builder.publishing.layout import question_files, read_rows
from dataset_builder.publishing.reviews.config import FILE
from dataset_builder.publishing.verify import read_manifest
from dataset_builder.row import features

SCALES = ("accuracy", "coherence", "relevance", "usefulness")
Row = dict[str, Any]


def written_again(folder: Path, out: Path, change: Callable[[Row], Row]) -> Path:
    """The folder as if a build had made other rows; ``change``: makes a published row another one."""
    manifest = read_manifest(folder)
    facts = {name: manifest[name] for name in ("pipeline", "trial", "inputs", "code", "graph", "origins", "run")}
    facts |= manifest["card"] | {name: manifest[name] for name in OPTIONAL if name in manifest}
    splits = {}
    for split, names in question_files(manifest).items():
        rows = list(read_rows(*(folder / name for name in names)))
        rows = [change(row) for row in rows] if split == "train" else rows
        splits[split] = Dataset.from_list(rows, features=features(list(manifest["columns"])))
    write(out, splits, facts)
    return out


def with_another_step(row: Row) -> Row:
    """The row with one more step in its rationale."""
    return row | {"rationale": f"{row['rationale']}\n\nNothing else fits the findings."}


def copy_of(folder: Path, out: Path) -> Path:
    return shutil.copytree(folder, out)


def study_of(out: Path, folder: Path, *options: str) -> Row:
    """Make a study by the command; returns its key."""
    assert main(["review", str(folder), "--out", str(out), *options]) == 0
    return json.loads((out / "key.json").read_text("utf-8"))


def records(key: Mapping[str, Any], rater: str, **more: Any) -> list[Row]:
    """The records of a rater who has answered everything; answers follow from the text's id, so that raters can be told apart."""
    return [
        {"study": key["study"], "version": key["version"], "rater": rater, "item": item["item"]}
        | {"specialty": "cardiology", "years": 12, "texts": [_answers(text) for text in item["texts"]]}
        | {"preferred": "2" if len(item["texts"]) > 1 else None, "cannot_judge": False}
        | more
        for item in key["raters"][rater]
    ]


def _answers(text: Mapping[str, Any]) -> Row:
    steps = [("correct", "wrong", "unsupported", "irrelevant")[place % 4] for place in range(text["steps"])]
    scores = {name: 1 + (int(text["text_hash"][:8], 16) + place) % 5 for place, name in enumerate(SCALES)}
    return {"steps": steps, **scores, "comment": None}


def export(file: Path, found: list[Row]) -> Path:
    """Write records as a page does."""
    file.write_text("".join(json.dumps(row) + "\n" for row in found), "utf-8")
    return file


def reviews(folder: Path) -> list[Row]:
    """The rows of the config `reviews`."""
    return pq.read_table(folder / FILE).to_pylist()


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed since the last look, errors last."""
    found = capsys.readouterr()
    return found.out + found.err
