"""The tiny recipes of GRPO and DPO on this machine: python -m benchmarks.learning [grpo] [dpo] [--at DIR] [--kill].

``grpo``: SFT on the answers of the sample's `kg_only` alone, stopped early, then `tiny-grpo`: mean reward of training and of held-out rows,
before and after.
``dpo``: `tiny-dpo` on pairs of real texts: of a MedQA question that one of GPT-4 and GPT-3.5 answered rightly and the other wrongly,
lengths within a factor of 1.5 ($SHARED_DATA/model_outputs, test split of MedQA in $SHARED_DATA/hub). ``--kill``: each is killed (SIGKILL) after
its first checkpoint and begun again, and compared with the run that was not.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset

from dataset_builder.answer_extraction import extract
from dataset_builder.configs import MOST_LONGER
from tests.support.shared_data import SHARED_DATA, lines_of, output_of, raw_outputs

ROOT = Path(__file__).parent.parent
EPOCHS, OF_ANSWERS, PAIRS = 22, 10, 240  # epochs: as in the Makefile
FIRST, OTHER = "mirage.medqa.cot.gpt-4-32k", "mirage.medqa.cot.gpt-35-turbo-16k"


def main() -> None:
    """Run the parts that are named, or both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["grpo", "dpo"])
    parser.add_argument("--at", type=Path, help="keep everything in this folder, and go on from what it has")
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    at = given.at or Path(tempfile.mkdtemp(prefix="learning-"))
    if not (at / "kg_only").is_dir():
        run(["-m", "dataset_builder", "build", "kg_only", "--out", str(at / "kg_only")])
    if "grpo" in given.parts:
        if not (at / "answers").is_dir():
            run(["-m", "sft.tiny_answers", str(at / "kg_only"), str(at / "answers")])
        early = early_checkpoint(at, "tiny-answers", at / "answers", OF_ANSWERS)
        measure("tiny-grpo", ["--dataset", str(at / "kg_only")], early, at, kill=given.kill)
    if "dpo" in given.parts:
        early = early_checkpoint(at, "tiny-early", at / "kg_only", EPOCHS)
        if not (at / "pairs").is_dir():
            write_pairs(at / "pairs")
        measure("tiny-dpo", ["--dataset", str(at / "pairs")], early, at, kill=given.kill)


def early_checkpoint(at: Path, name: str, data: Path, epochs: int) -> Path:
    """The model that a recipe begins with: `tiny` after so many of its 40 epochs."""
    early = at / name
    if not (early / "model.safetensors").is_file():
        if not (at / "tiny-base").is_dir():
            run(["-m", "sft.tiny_model", str(at / "tiny-base")])
        flags = ["--model_name_or_path", str(at / "tiny-base"), "--num_train_epochs", str(epochs)]
        train("tiny", [*flags, "--dataset", str(data)], early)
    return early


def measure(recipe: str, flags: Sequence[str], base: Path, at: Path, *, kill: bool) -> None:
    """Train, and print how long it took and what rose."""
    flags = [*flags, "--model_name_or_path", str(base)]
    started = time.time()
    train(recipe, flags, at / recipe)
    print(f"{recipe}: {time.time() - started:.0f} s")
    whole = curves(at / recipe)
    for name, points in whole.items():
        print(f"  {name}: {', '.join(f'{value:.3f} at {step}' for step, value in shown(points))}")
    if kill:
        out = at / f"{recipe}-killed"
        code = killed(recipe, flags, out)
        train(recipe, flags, out)
        again = curves(out)
        print(
            f"  killed ({code}) after the first checkpoint and begun again: equal to the whole run: {again == whole}"
        )
        for name, points in again.items():
            print(f"    {name}: {', '.join(f'{value:.3f} at {step}' for step, value in shown(points))}")


def shown(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The first, some, and the last."""
    return [*points[: -1 : max(1, len(points) // 4)], points[-1]]


def curves(out: Path) -> dict[str, list[tuple[int, float]]]:
    """What rose, from the facts of a training."""
    facts = json.loads((out / "training.json").read_text("utf-8"))
    return {name: [(step, value) for step, value in points] for name, points in facts["curves"].items()}


def train(recipe: str, flags: Sequence[str], out: Path) -> None:
    """`make sft` of a recipe. Raises CalledProcessError where it fails."""
    run([*command(recipe, flags, out)])


def command(recipe: str, flags: Sequence[str], out: Path) -> list[str]:
    """The arguments of Python for a training."""
    return ["-m", "sft.train", "--config", str(ROOT / "sft" / f"{recipe}.yaml"), *flags, "--output_dir", str(out)]


def killed(recipe: str, flags: Sequence[str], out: Path) -> int:
    """Kill a training once its first checkpoint is whole, and say how it ended."""
    process = subprocess.Popen(
        [sys.executable, *command(recipe, flags, out)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and not any(out.glob("checkpoint-*/trainer_state.json")):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def run(arguments: Sequence[str]) -> None:
    """Run Python from the checkout. Raises CalledProcessError, and prints what it said, where it fails."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:])
    done.check_returncode()


def write_pairs(folder: Path) -> None:
    """A folder that `load_dataset(folder, "preference")` reads, of PAIRS pairs."""
    (folder / "preference").mkdir(parents=True)
    pairs = list(real_pairs())[:PAIRS]
    lengths = [len(pair["chosen"][0]["content"]) - len(pair["rejected"][0]["content"]) for pair in pairs]
    print(f"{len(pairs)} pairs; chosen longer by {sum(lengths) / len(lengths):.0f} characters on average")
    Dataset.from_list(pairs).to_parquet(folder / "preference" / "train-00000-of-00001.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: preference\n  data_files:\n  - split: train\n    path: preference/train-*\n---\n"
    )


def real_pairs() -> Iterator[dict[str, Any]]:
    """Pairs of outputs of the two models on one question, in the order of the questions."""
    asked = list(lines_of(SHARED_DATA / "hub/GBaker/MedQA-USMLE-4-options/test.jsonl.gz"))
    by_model = dict(raw_outputs(SHARED_DATA, "mirage.medqa.cot.*"))
    others = {row["id"]: row for row in by_model[OTHER]}
    for one in by_model[FIRST]:
        id_ = one["id"]
        texts, right = [], []
        for row in (one, others[id_]):
            text, options_of, gold, _ = output_of(row)
            texts.append(text)
            right.append(extract(text, options_of).label == gold)
        if sorted(right) != [False, True]:
            continue
        chosen, rejected = (texts[right.index(which)] for which in (True, False))
        shorter, longer = sorted((len(chosen), len(rejected)))
        if shorter and longer <= MOST_LONGER * shorter:
            options = "\n".join(f"{label}. {text}" for label, text in one["options"].items())
            prompt = f"{asked[int(id_)]['question']}\n\n{options}"
            said = {"chosen": chosen, "rejected": rejected}
            yield {"id": id_, "prompt": [{"role": "user", "content": prompt}]} | {
                name: [{"role": "assistant", "content": text}] for name, text in said.items()
            }


if __name__ == "__main__":
    main()
