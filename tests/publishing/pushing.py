"""What the tests of a push share: the repository's name, a clean tree, and the command."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from huggingface_hub import HfApi

from dataset_builder.__main__ import main
from dataset_builder.publishing.folder import write_manifest

NAME = "org/medreason"
CLEAN = {"commit": "c0ffee" + "0" * 34, "clean": True}


def change_manifest(folder: Path, **values: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    for key, value in values.items():
        manifest[key] = manifest[key] | value if isinstance(value, dict) else value
    write_manifest(folder, manifest)


def push(folder: Path, *options: str) -> int:
    return main(["push", str(folder), "--repo", NAME, *options])


def history(name: str = NAME) -> list[str]:
    return [commit.title for commit in HfApi().list_repo_commits(name, repo_type="dataset")]


def ids(folder: Path) -> set[str]:
    return {id_ for file in folder.rglob("*.parquet") for id_ in pq.read_table(file, columns=["id"])["id"].to_pylist()}


def head() -> str:
    return HfApi().repo_info(NAME, repo_type="dataset").sha or ""
