"""Take two optimizer steps on the longest rows: does the largest batch fit into memory, and how fast is it?

accelerate launch --config_file sft/accelerate/zero3.yaml -m sft.trial_steps --config sft/medreason-8b.yaml
"""

import copy
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace

import torch
from trl.trainer.sft_trainer import SFTTrainer

from kg.terminal import protect
from sft import training_rows
from sft.command_line import read
from sft.recipe import FOLDER
from sft.rendering import tokenizer_of
from sft.settings import global_batch
from sft.trainer_arguments import for_trainer

STEPS = 2


def launch(argv: list[str], configuration: str | None) -> str:
    """Take the steps in processes that are launched like the training. Returns a line to print. Raises CalledProcessError."""
    with_accelerate = [
        "-m",
        "accelerate.commands.launch",
        "--config_file",
        str(FOLDER / "accelerate" / f"{configuration}.yaml"),
    ]
    flags = [flag for flag in argv if flag != "--trial"]
    command = [sys.executable, *(with_accelerate if configuration else []), "-m", "sft.trial_steps", *flags]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    facts = json.loads(next(line for line in reversed(done.stdout.splitlines()) if line.startswith("{")))
    return (
        f"  {STEPS} optimizer steps on the longest rows: loss {facts['loss']:.3f}, {facts['tokens_per_second']:,.0f} tokens/s, "
        f"{facts['peak_gib']:.3g} GiB at most on a device"
    )


def main(argv: list[str]) -> None:
    """Print the last loss, tokens per second over both steps and peak memory (GiB) as a line of JSON."""
    command = read(argv, __doc__ or "")
    recipe = command.recipe
    with tempfile.TemporaryDirectory() as out:
        training = copy.copy(recipe.training)
        training.output_dir, training.max_steps, training.save_strategy, training.logging_steps = out, STEPS, "no", 1
        rows = training_rows.load(recipe)
        longest = sorted(
            range(len(rows)),
            key=lambda i: -sum(len(m["content"]) for m in [*rows[i]["prompt"], *rows[i]["completion"]]),
        )
        needed = STEPS * global_batch(recipe, training.world_size)
        chosen = rows.select((longest * (needed // len(longest) + 1))[:needed])
        trainer = SFTTrainer(
            model=recipe.base,
            args=for_trainer(replace(recipe, training=training)),
            train_dataset=chosen,
            processing_class=tokenizer_of(recipe),
        )
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
    losses = [entry for entry in trainer.state.log_history if "loss" in entry]
    peak = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
    if trainer.is_world_process_zero():
        facts = {"loss": losses[-1]["loss"], "tokens_per_second": losses[-1]["num_tokens"] / seconds, "peak_gib": peak}
        print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    protect()
    main(sys.argv[1:])
