"""lighteval and `score` as commands, each in a process of its own, without a network."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet

ROOT = Path(__file__).parents[2]


def call(command: Sequence[str], cwd: Path = ROOT, /, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it, offline: the only network is this machine's own."""
    offline = {"HF_HUB_OFFLINE": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}
    environment = os.environ | offline | {"MEDICAL_MAX_NEW_TOKENS": "8"} | environment
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def lighteval(*arguments: str, hub: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """lighteval's own command line; it must end well."""
    done = call([sys.executable, "-m", "lighteval", *arguments], cwd, MEDICAL_DATA_DIR=str(hub), OPENAI_API_KEY="none")
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def score(model: str, *arguments: str, hub: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`score`, whatever becomes of it."""
    command = [sys.executable, "-m", "lighteval_tasks", "score", model, *arguments, "--data-dir", str(hub)]
    return call(command, **environment)


def outputs(folder: Path) -> dict[str, list[str]]:
    """The texts of every task, from lighteval's details."""
    found = {}
    for path in folder.rglob("details_*.parquet"):
        rows = pyarrow.parquet.read_table(path)["model_response"].to_pylist()
        found[path.name.partition("|")[0]] = [row["text"][0] for row in rows]
    return found


def results(folder: Path) -> dict[str, dict[str, float]]:
    """The metrics of every task, from lighteval's results; without its means of tasks, which it adds up in any order."""
    (path,) = folder.rglob("results_*.json")
    found = json.loads(path.read_text("utf-8"))["results"]
    return {name: found[name] for name in found if name != "all" and "_average" not in name}


def tasks_of(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The entries of scores.json by task and prompt."""
    return {(task["task"], task["prompt"]): task for task in json.loads((out / "scores.json").read_text())["tasks"]}
