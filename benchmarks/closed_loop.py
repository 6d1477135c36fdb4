"""Score a tiny model before and after training on the sample, on its training questions and on others:

    python -m benchmarks.closed_loop [FOLDER]

From question to score with the commands of a user: `build`, `sft.train`, `score`. The others are the choice questions of the sample
that are not among the first rows that are built. Needs no network; the results stay in FOLDER (build/closed_loop).
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset

from dataset_builder.prompt import render
from dataset_builder.sources.table import SOURCES
from lighteval_tasks.items import ask, read_items
from lighteval_tasks.scores import interval, percent

TRAINED_ROWS = 50  # of the sample's 76
TASKS = "medqa,medqa_strict,medqa_huatuo_compat"


def python(module: str, *arguments: str | Path) -> None:
    """Run one of our commands; its own words go to stderr."""
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True, stdout=sys.stderr)


def dataset(folder: Path, *arguments: str) -> Dataset:
    """The published rows of a build of the sample."""
    python("dataset_builder", "build", "kg_only", "--out", folder, *arguments)
    found = load_dataset("parquet", data_files=str(folder / "data" / "train-*.parquet"), split="train")
    assert isinstance(found, Dataset)
    return found


def as_items(rows: list[dict[str, Any]], folder: Path) -> Path:
    """A folder in the Hub's layout with these questions as MedQA's test split: lighteval asks them as it asks any other."""
    file = folder / SOURCES["medqa"].hub_id / "test.jsonl"
    file.parent.mkdir(parents=True)
    with file.open("w", encoding="utf-8") as written:
        for row in rows:
            options = {option["label"]: option["text"] for option in row["options"]}
            raw = {"question": row["question"], "options": options}
            raw |= {"answer": row["answer"], "answer_idx": row["answer_label"]}
            written.write(json.dumps(raw, ensure_ascii=False) + "\n")
    asked = [ask(item, "question") for item in read_items("medqa", folder).rows]
    assert asked == [
        render("question", **{k: row[k] for k in ("question", "context", "options", "answer_type")}) for row in rows
    ]
    return folder


def scored(model: Path, items: Path, out: Path) -> list[dict[str, Any]]:
    """The tasks of scores.json. 500 tokens: the longest trained answer has 400."""
    limits = ("--max-new-tokens", "500", "--batch-size", "16")
    python("lighteval_tasks", "score", model, "--tasks", TASKS, "--data-dir", items, *limits, "--out", out)
    return json.loads((out / "scores.json").read_text("utf-8"))["tasks"]


def main() -> None:
    """Print a table; the scores of the four runs lie in FOLDER."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/closed_loop").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    ids = set(dataset(folder / "trained_rows", "--rows", str(TRAINED_ROWS))["id"])
    choices = [dict(row) for row in dataset(folder / "all_rows") if row["answer_type"] == "choice"]
    rows = {
        "trained": [row for row in choices if row["id"] in ids],
        "others": [row for row in choices if row["id"] not in ids],
    }
    items = {name: as_items(chosen, folder / "items" / name) for name, chosen in rows.items()}
    python("sft.tiny_model", folder / "base")
    recipe = Path(__file__).parents[1] / "sft" / "tiny.yaml"
    given = ("--dataset", folder / "trained_rows", "--model_name_or_path", folder / "base")
    python("sft.train", "--config", recipe, *given, "--output_dir", folder / "model")
    print("| model | items | prompt | right | accuracy [95 %] | answer read |\n|---|---|---|---:|---:|---:|")
    for model, when in (("base", "before"), ("model", "after")):
        for name, where in items.items():
            for task in scored(folder / model, where, folder / "scores" / f"{when}_{name}"):
                right = f"{task['correct']} of {task['items']}"
                cells = (when, name, task["prompt"], right, interval(task), percent(task["compliance"]))
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
