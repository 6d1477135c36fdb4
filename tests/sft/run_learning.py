"""`sft.train` with GRPO and with DPO, from a folder of rows to a card; killed and begun again.

python -m tests.sft.run_learning grpo | dpo      each prints what it saw
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from datasets import Dataset

from sft import tiny_model
from sft.recipe import FOLDER
from tests.sft.run_training import BASE, FACTS, furthest, killed_at

STEPS, SAVED = 4, 2
OURS = "tests.sft.run_learning.letters"  # a reward that random texts differ in
SMALL = {"--max_steps": STEPS, "--save_steps": SAVED, "--logging_steps": 1}
OF = {
    "grpo": {
        "--per_device_train_batch_size": 8,
        "--num_generations": 4,
        "--num_iterations": 1,
        "--max_completion_length": 12,
    }
    | {"--reward_funcs": f"sft.rewards.answer_reward {OURS}", "--reward_weights": "1 100"}
    | {"--eval_on_start": "true", "--eval_steps": 2, "--per_device_eval_batch_size": 8, "--test_split_size": 0.25},
    "dpo": {"--per_device_train_batch_size": 2, "--learning_rate": "1e-3"},
}


def letters(completions: list[list[dict[str, str]]], **_: Any) -> list[float]:
    """The share of a text's characters that are an e."""
    texts = [completion[0]["content"] for completion in completions]
    return [text.count("e") / max(1, len(text)) for text in texts]


def rl_rows() -> list[dict[str, Any]]:
    rows = []
    for number, (question, (_, answer)) in enumerate(FACTS.items()):
        label, _, text = answer.partition(". ")
        options = [{"label": one, "text": text if one == label else f"Another {one}"} for one in "ABCD"]
        listed = "\n".join(f"{option['label']}. {option['text']}" for option in options)
        prompt = [{"role": "user", "content": f"{question}\n\n{listed}"}]
        rows.append({"id": f"fact-{number}", "prompt": prompt, "answer_label": label, "options": options})
    return rows


# an open question, which is left out and refuses nothing
OPEN = {"grpo": [rl_rows()[0] | {"id": "open", "answer_label": None, "options": []}], "dpo": []}


def pairs() -> list[dict[str, Any]]:
    rows = []
    for number, (question, (why, answer)) in enumerate(FACTS.items()):
        texts = {"chosen": f"{why} The answer is {answer}.", "rejected": f"{why} The answer is E. Something."}
        said = {name: [{"role": "assistant", "content": text}] for name, text in texts.items()}
        rows.append({"id": f"fact-{number}", "prompt": [{"role": "user", "content": question}]} | said)
    return rows


def write(folder: Path, config: str, rows: list[dict[str, Any]]) -> Path:
    """A folder that `load_dataset(folder, config)` reads."""
    (folder / config).mkdir(parents=True)
    Dataset.from_list(rows).to_parquet(folder / config / "train-00000-of-00001.parquet")
    files = {"config_name": config, "data_files": [{"split": "train", "path": f"{config}/train-*"}]}
    (folder / "README.md").write_text(f"---\n{json.dumps({'configs': [files]})}\n---\n")
    return folder


def training(method: str, data: Path, out: Path) -> list[str]:
    settings = {"--model_name_or_path": BASE, "--dataset": data, "--output_dir": out, **SMALL, **OF[method]}
    named = [part for name, value in settings.items() for part in (name, *str(value).split(" "))]
    return [sys.executable, "-m", "sft.train", "--config", str(FOLDER / f"tiny-{method}.yaml"), *named]


def log(out: Path) -> list[dict[str, Any]]:
    """What was logged, without what a clock measured."""
    history = json.loads((out / "trainer_state.json").read_text("utf-8"))["log_history"]
    since_start = ("time", "per_second", "runtime", "train_loss", "num_tokens")  # or counted from the last start
    return [{name: value for name, value in entry.items() if not name.endswith(since_start)} for entry in history]


def main(method: str) -> dict[str, Any]:
    config, rows = {"grpo": ("rl", rl_rows()), "dpo": ("preference", pairs())}[method]
    env = os.environ | {"PYTHONPATH": str(FOLDER.parent), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.chdir(home)
        tiny_model.make(home / BASE)
        data = write(home / "data", config, [*rows, *OPEN[method]])
        nothing = (
            {"answer_label": "E"} if method == "grpo" else {"rejected": rows[0]["chosen"], "chosen": rows[0]["chosen"]}
        )
        spoilt = [row | nothing if number % 2 else row for number, row in enumerate(rows)]
        refused = training(method, write(home / "spoilt", config, spoilt), home / "refused")
        said = subprocess.run(refused, env=env, capture_output=True, text=True)
        done = subprocess.run(training(method, data, home / "whole"), env=env, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{done.stdout[-2000:]}\n{done.stderr[-5000:]}")
        status = killed_at(training(method, data, home / "killed"), env, home / "killed" / f"checkpoint-{SAVED}")
        again = subprocess.run(training(method, data, home / "killed"), env=env, capture_output=True, text=True)
        return {
            "refused": [said.returncode, said.stdout[-1500:] + said.stderr[-500:]],
            "told": done.stdout[-300:],
            "log": log(home / "whole"),
            "card": (home / "whole" / "README.md").read_text("utf-8"),
            "moved": furthest(home / BASE, home / "whole"),
            "killed": [status, again.returncode],
            "continued": f"continuing from {home}/killed/checkpoint-{SAVED}" in again.stdout,
            "same_log": log(home / "whole") == log(home / "killed"),
            "furthest": furthest(home / "whole", home / "killed"),
        }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
