"""TRL's trainer for a recipe, by its method, with the recipe's own rewards."""

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from sft import training_rows
from sft.methods import DPO, GRPO
from sft.recipe import Recipe, RecipeError
from sft.rendering import tokenizer_of
from sft.rewards.total import REWARDS
from sft.trainer_arguments import for_trainer

if TYPE_CHECKING:
    from kg import KG


def trainer_of(recipe: Recipe, callbacks: Sequence[TrainerCallback], kg: "KG | None" = None) -> Any:
    """The trainer with its rows, those that are held out too. ``kg``: the graph of the rewards. Raises RecipeError."""
    given: dict[str, Any] = {
        "model": recipe.base,
        "args": for_trainer(recipe),
        "train_dataset": training_rows.load(recipe),
        "processing_class": tokenizer_of(recipe),
        "callbacks": list(callbacks),
    }
    if recipe.training.eval_strategy != "no" and (held_out := training_rows.held_out(recipe)) is not None:
        given["eval_dataset"] = held_out
    if recipe.method is GRPO:
        from trl.trainer.grpo_trainer import GRPOTrainer  # each takes seconds to import

        return GRPOTrainer(reward_funcs=reward_functions(recipe, kg), **given)
    if recipe.method is DPO:
        from trl.trainer.dpo_trainer import DPOTrainer

        return DPOTrainer(**given)
    from trl.trainer.sft_trainer import SFTTrainer

    return SFTTrainer(**given)


def reward_functions(recipe: Recipe, kg: "KG | None") -> list[Any]:
    """The functions that the recipe's `reward_funcs` names by their import paths; ours with the graph.

    Raises RecipeError for a name that leads to none.
    """
    return [_function(name, kg) for name in recipe.script.reward_funcs or ()]


def _function(name: str, kg: "KG | None") -> Callable[..., Any]:
    module, _, function = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), function) if module else None
    except (ImportError, AttributeError):
        found = None
    if found is None:
        raise RecipeError(
            f"found the reward {name}; expected the import path of a function, such as sft.rewards.{', sft.rewards.'.join(REWARDS)}"
        )
    if found not in REWARDS.values():
        return found
    return functools.update_wrapper(functools.partial(found, kg=kg), found)  # TRL logs it under its name
