"""The arguments for TRL's trainer from a recipe, for the training and for its trial steps."""

import copy
from typing import Any

from sft.methods import SFT
from sft.recipe import Recipe


def for_trainer(recipe: Recipe) -> Any:
    """TRL's arguments as its scripts complete them, with two changes.

    No push by the Trainer: it would send its own card and pickles with every save. No max_length without packing: TRL does not
    flatten rows with max_length set. The preflight has already refused longer rows, so none needs to be truncated.
    """
    model = recipe.model
    init = {"revision": model.model_revision, "attn_implementation": model.attn_implementation, "dtype": model.dtype}
    training = copy.copy(recipe.training)
    training.model_init_kwargs = init | dict(training.model_init_kwargs or {})  # type: ignore[arg-type]
    training.push_to_hub = False
    if recipe.method is SFT and training.padding_free and not training.packing:
        training.max_length = None
    return training
