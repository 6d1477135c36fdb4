"""A scripted examinee that knows 70 % of the answers, on all items of all tasks: python -m benchmarks.examinee.

Starts a scripted endpoint on this machine, scores it on every task in every prompt through lighteval's litellm backend, and prints how
far each score is from what the examinee meant. Items: $MEDICAL_DATA_DIR, or $SHARED_DATA's, with op4 and HLE of our own writing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.extraction import SHARED_DATA
from dataset_builder.sources.table import SOURCES
from lighteval_tasks.items import ask, read_items
from lighteval_tasks.outcomes import read_run

WRITTEN = {"hle_medical": "cais/hle", "medbullets_op4": "medbullets/op4"}
PROMPTS = {"free": "question", "strict": "question_strict", "huatuo_compat": "question_huatuo_compat"}
SUFFIXES = ("", "_strict", "_huatuo_compat")


def hub(folder: Path) -> Path:
    """The shared data and the rows of our own writing, in the Hub's layout."""
    shutil.copytree(SHARED_DATA / "hub", folder)
    for name, hub_id in WRITTEN.items():
        (folder / hub_id).mkdir(parents=True)
        shutil.copy(Path("tests/fixtures/scoring") / f"{name}.jsonl", folder / hub_id / "test.jsonl")
    return folder


def main() -> None:
    """Print a line per task, and the largest difference."""
    with tempfile.TemporaryDirectory() as scratch:
        if "MEDICAL_DATA_DIR" not in os.environ:
            os.environ["MEDICAL_DATA_DIR"] = str(hub(Path(scratch) / "hub"))
        from tests.support.llm_server import replies_scores  # reads the items when it is asked
        from tests.support.llm_server.running import running

        folder, out = Path(os.environ["MEDICAL_DATA_DIR"]), Path(scratch) / "out"
        sources = sorted({row["source"] for row in replies_scores.items().values()})
        parts = {s: SOURCES[s].configs if len(SOURCES[s].configs) > 1 else () for s in sources}
        names = [name for s in sources for name in (s, *(f"{s}_{part}" for part in parts[s]))]
        tasks = ",".join(name + suffix for name in names for suffix in SUFFIXES)
        with running(replies_scores.reply) as server:
            command = [sys.executable, "-m", "lighteval_tasks", "score", "scripted", "--backend", "litellm"]
            command += ["--base-url", server.url, "--tasks", tasks, "--out", str(out)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        scored = {
            (task["task"], task["prompt"]): task for task in json.loads((out / "scores.json").read_text())["tasks"]
        }
        worst = 0
        for task in read_run(out / "details"):
            rows = {row["id"]: row for row in read_items(task.source, folder).rows}
            asked = [(one, ask(rows[one.id], PROMPTS[task.prompt])) for one in task.outcomes]
            meant = sum(replies_scores.chosen(prompt) == one.gold for one, prompt in asked)
            found = scored[task.task, task.prompt]["correct"]
            worst = max(worst, abs(meant - found))
            print(f"{task.name:50} {len(asked):5} items, meant right {meant:5}, scored right {found:5}")
        print(f"{len(scored)} tasks, largest difference {worst}")


if __name__ == "__main__":
    main()
