"""Datasets of strangers, in folders and on a local Hub, given to the preflight as a user does: each is refused with a message."""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset
from huggingface_hub import HfApi

from sft.recipe import RecipeError
from tests.sft import run_preflight as rows_of
from tests.support.hub.running import Running, running, use_here

TRAIN = "data/train-00000-of-00001.parquet"
USER, ANSWER = {"role": "user", "content": "Which?"}, {"role": "assistant", "content": "It is B."}
PARTS = [{"type": "text", "text": "Which?"}]
STRANGERS: dict[str, Mapping[str, Any]] = {
    "texts": {"prompt": "Which?", "completion": "It is B."},
    "null": {"prompt": None, "completion": None},
    "parts": {"prompt": [USER | {"content": PARTS}], "completion": [ANSWER]},
    "nothing": {"prompt": [], "completion": []},
    "no role": {"prompt": [{"content": "Which?"}], "completion": [ANSWER]},
    "roles of others": {
        "prompt": [{"role": "human", "content": "Which?"}],
        "completion": [{"role": "gpt", "content": "B"}],
    },
    "numbers": {"prompt": 1, "completion": 2},
    "no columns": {"text": "Which? B"},
    "columns of others": {
        "prompt": [USER],
        "completion": [ANSWER],
        "question": {"a": 1},
        "options": 5,
        "context": [1],
    },
}


def told(argv: list[str]) -> dict[str, Any]:
    """Exit status and text of the preflight, or the message with which it ends."""
    try:
        return rows_of.told(argv)
    except RecipeError as why:
        return {"status": "refused", "text": str(why)}


def folders(home: Path) -> dict[str, Any]:
    """What the preflight says of each of these rows, in a folder without a manifest."""
    found = {}
    for name, row in STRANGERS.items():
        (home / name).mkdir()
        Dataset.from_list([dict(row)]).to_parquet(home / name / "rows.parquet")
        benchmarks = ["--data-dir", str(home / "benchmarks")] if name == "columns of others" else []
        found[name] = told(rows_of.command(home, "model", name, *benchmarks))
    (home / "broken").mkdir()
    (home / "broken" / "rows.parquet").write_bytes(b"PAR1 no parquet PAR1")
    (home / "another split").mkdir()
    Dataset.from_list([{"prompt": [USER], "completion": [ANSWER]}]).to_parquet(
        home / "another split" / "test-0.parquet"
    )
    return found | {name: told(rows_of.command(home, "model", name)) for name in ("broken", "another split")}


def poison(folder: Path) -> None:
    Dataset.from_list([rows_of.row(1, answer="poison")]).to_parquet(folder / TRAIN)


def second_file(folder: Path) -> None:
    Dataset.from_list([rows_of.row(1, answer="poison")]).to_parquet(folder / "data/train-00001-of-00002.parquet")


def no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def no_object(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]")


def trial(folder: Path) -> None:
    said = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(said | {"trial": True}))


ON_HUB: dict[str, tuple[Callable[[Path], object], str]] = {
    "honest": (lambda _: None, "data/train-*.parquet"),
    "by name": (lambda _: None, TRAIN),
    "poison": (poison, "data/train-*.parquet"),
    "second_file": (second_file, "data/train-*.parquet"),
    "rejected": (lambda _: None, "data/*.parquet"),
    "no_manifest": (no_manifest, "data/train-*.parquet"),
    "no_object": (no_object, "data/train-*.parquet"),
    "trial": (trial, "data/train-*.parquet"),
    "no_file": (lambda _: None, "other/train-*.parquet"),
}


def on_hub(home: Path, hub: Running) -> dict[str, Any]:
    """What the preflight says of files at a tag, after each change."""
    api, found = HfApi(endpoint=hub.url, token=hub.token()), {}
    rows = [rows_of.row(number) for number in range(40)]
    for number, (name, (change, pattern)) in enumerate(ON_HUB.items()):
        folder, repo = home / f"hub-{number}", f"org/rows-{number}"
        rows_of.write_rows(folder, rows, rows[:3])
        change(folder)
        api.create_repo(repo, repo_type="dataset")
        api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=folder)
        api.create_tag(repo, tag="v1", repo_type="dataset")
        found[name] = told_of(home, f"{repo}@v1/{pattern}")
    return found | {"no_tag": told_of(home, "org/rows-0@v9/data/train-*.parquet")}


def told_of(home: Path, files: str) -> dict[str, Any]:
    argv = rows_of.command(home, "model", files.replace("/", "-"))
    argv[argv.index("--dataset") + 1] = f"hf://datasets/{files}"
    return told(argv)


def main(home: Path, hub: Running) -> dict[str, Any]:
    rows_of.write_model(home / "model", rows_of.TEMPLATE)
    benchmarks = home / "benchmarks" / "GBaker" / "MedQA-USMLE-4-options"
    benchmarks.mkdir(parents=True)
    fixture = rows_of.ROOT / "tests/fixtures/sources/medqa.jsonl"
    (benchmarks / "test.jsonl").write_bytes(fixture.read_bytes())
    found = {"folders": folders(home)}
    with pytest.MonkeyPatch.context() as patch:
        use_here(hub, patch, home / "hub-home")
        return found | {"hub": on_hub(home, hub)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "hub") as hub:
        result = main(Path(folder), hub)
    sys.stdout.write(json.dumps(result) + "\n")
