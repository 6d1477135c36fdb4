"""Train a recipe with TRL: check the data, start or continue training, write the card, push.

    python -m sft.train --config sft/tiny.yaml [--dataset FOLDER|hf://…] [any flag of TRL]
    accelerate launch --config_file sft/accelerate/zero3.yaml -m sft.train --config sft/medreason-8b.yaml

It adds four things to `trl sft`: the preflight, the hub branch before the first step, an automatic continuation from the last
complete checkpoint, and a card. The training loop is TRL's.
"""

import sys
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState
from trl.trainer.sft_trainer import SFTTrainer

from kg.terminal import protect
from sft import checkpoints, compile_lock, hub, model_card, preflight, training_rows
from sft.command_line import Command, read
from sft.facts import facts_of
from sft.recipe import Recipe, RecipeError
from sft.rendering import tokenizer_of
from sft.settings import run_of
from sft.trainer_arguments import for_trainer


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
    trainer = train(recipe)
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


def train(recipe: Recipe) -> SFTTrainer:
    """Train, from the last complete checkpoint if there is one. Returns the trainer."""
    trainer = SFTTrainer(
        model=recipe.base,
        args=for_trainer(recipe),
        train_dataset=training_rows.load(recipe),
        processing_class=tokenizer_of(recipe),
        callbacks=[LogLastStep()],
    )
    last = checkpoints.last_whole(recipe.out)
    if last:
        trainer.accelerator.print(f"continuing from {last}")
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    return trainer


def finish(command: Command, trainer: SFTTrainer) -> None:
    """Write card, loss plot and facts into the folder of the model; push if the command says so."""
    recipe = command.recipe
    facts = facts_of(recipe, trainer, allowed=command.allow)
    model_card.write(recipe, facts, recipe.out)
    print(
        f"{recipe.out}: model, tokenizer, card; loss {facts.loss[0][1]:.3f} -> {facts.loss[-1][1]:.3f} in {trainer.state.global_step} steps"
    )
    if command.push:
        print(f"pushed: {hub.push(recipe, recipe.out).commit_url}")


if __name__ == "__main__":
    protect()
    try:
        sys.exit(main(sys.argv[1:]))
    except RecipeError as error:
        sys.exit(f"error: {error}")
