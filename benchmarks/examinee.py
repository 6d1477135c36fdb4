"""Score a scripted examinee that knows 70 % of the answers, on all items of all tasks: python -m benchmarks.examinee.

Starts a scripted endpoint on this machine, scores it on every task in every prompt through lighteval's litellm backend, and prints the
difference between each score and the answers that the examinee intended. Items: $MEDICAL_DATA_DIR, or those of $SHARED_DATA, with op4
and HLE of our own writing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from dataset_builder.sources.table import SOURCES
from lighteval_tasks.items import ask, read_items
from lighteval_tasks.outcomes import read_run
from lighteval_tasks.prompts import PROMPT_NAMES, PROMPTS
from tests.support.scoring_items import write_items
from tests.support.shared_data import SHARED_DATA

FILES = {PROMPT_NAMES[suffix]: file for suffix, file in PROMPTS.items()}  # name of a prompt to its file


def main() -> None:
    """Print a line per task, and the largest difference."""
    with tempfile.TemporaryDirectory() as scratch:
        if "MEDICAL_DATA_DIR" not in os.environ:
            folder = shutil.copytree(SHARED_DATA / "hub", Path(scratch) / "hub")
            os.environ["MEDICAL_DATA_DIR"] = str(write_items(folder))
        from tests.support.llm_server import replies_scores  # reads the items when it is asked
        from tests.support.llm_server.running import running

        folder, out = Path(os.environ["MEDICAL_DATA_DIR"]), Path(scratch) / "out"
        sources = sorted({row["source"] for row in replies_scores.items().values()})
        parts = {s: SOURCES[s].configs if len(SOURCES[s].configs) > 1 else () for s in sources}
        names = [name for s in sources for name in (s, *(f"{s}_{part}" for part in parts[s]))]
        tasks = ",".join(name + suffix for name in names for suffix in PROMPTS)
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
            asked = [(one, ask(rows[one.id], FILES[task.prompt])) for one in task.outcomes]
            meant = sum(replies_scores.chosen(prompt) == one.gold for one, prompt in asked)
            found = scored[task.task, task.prompt]["correct"]
            worst = max(worst, abs(meant - found))
            print(f"{task.name:50} {len(asked):5} items, meant right {meant:5}, scored right {found:5}")
        print(f"{len(scored)} tasks, largest difference {worst}")


if __name__ == "__main__":
    main()
