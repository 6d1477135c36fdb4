"""Train a recipe with TRL's SFT, GRPO or DPO: check the data, start or continue training, write the card, push.

    python -m sft.train --config sft/tiny.yaml [--dataset FOLDER|hf://…] [--kg FILE] [any flag of TRL]
    accelerate launch --config_file sft/accelerate/zero3.yaml -m sft.train --config sft/medreason-8b.yaml

It adds four things to `trl sft`, `trl grpo` and `trl dpo`: the preflight, the hub branch before the first step, an automatic continuation from the last
complete checkpoint, and a card. The training loop is TRL's.
"""

import sys
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState

from kg import KG
from kg.contents import GraphError
from kg.terminal import protect
from sft import checkpoints, compile_lock, hub, model_card, preflight
from sft.command_line import Command, read
from sft.facts import facts_of
from sft.recipe import Recipe, RecipeError
from sft.settings import run_of
from sft.trainers import trainer_of


def main(argv: list[str]) -> int:
    """Train and push. Returns 0, or 1 where nothing was trained and the reason is printed."""
    command = read(argv, __doc__ or "")
    recipe = command.recipe
    compile_lock.refuse_abandoned()
    state = PartialState()
    with state.main_process_first():
        if state.is_main_process:
            if not preflight.passes(command):
                return 1
            checkpoints.claim(recipe.out, run_of(recipe, state.num_processes))
            if recipe.training.push_to_hub:
                hub.prepare(recipe)
    trainer = train(recipe, command.kg)
    trainer.save_model()
    if state.is_main_process:
        trainer.state.save_to_json(str(recipe.out / "trainer_state.json"))
        finish(command, trainer)
    state.wait_for_everyone()
    return 0


class LogLastStep(TrainerCallback):
    """Logs the last step too: a training shorter than `logging_steps` would have no loss to show."""

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Called by the Trainer after each optimizer step."""
        control.should_log |= state.global_step >= state.max_steps


def train(recipe: Recipe, graph: str | None = None) -> Any:
    """Train, from the last complete checkpoint if there is one. Returns the trainer. ``graph``: name or file of the rewards' graph."""
    trainer = trainer_of(recipe, [LogLastStep()], KG.load(graph) if graph else None)
    last = checkpoints.last_whole(recipe.out)
    if last:
        trainer.accelerator.print(f"continuing from {last}")
        trainer.args.eval_on_start = False  # again, it would draw random numbers
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    return trainer


def finish(command: Command, trainer: Any) -> None:
    """Write card, loss plot and facts into the folder of the model; push if the command says so."""
    recipe = command.recipe
    facts = facts_of(recipe, trainer, allowed=command.allow)
    model_card.write(recipe, facts, recipe.out)
    told, points = next(iter(facts.measured.items()))
    print(
        f"{recipe.out}: model, tokenizer, card; {told} {points[0][1]:.3f} -> {points[-1][1]:.3f} in {trainer.state.global_step} steps"
    )
    if command.push:
        print(f"pushed: {hub.push(recipe, recipe.out).commit_url}")


if __name__ == "__main__":
    protect()
    try:
        sys.exit(main(sys.argv[1:]))
    except (RecipeError, GraphError) as error:
        sys.exit(f"error: {error}")
