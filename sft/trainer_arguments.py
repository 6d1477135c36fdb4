"""The arguments of TRL's trainer that a recipe comes to, for the training and for its trial steps."""

import copy
from typing import Any

from sft.recipe import Recipe


def for_trainer(recipe: Recipe) -> Any:
    """TRL's arguments as `scripts/sft.py` completes them, with two of them in our hands.

    Pushing: the Trainer would send its own card and pickles with every save. Length: without packing TRL flattens rows only if it
    is not asked to cut them; the preflight has refused rows that are longer, so there is nothing to cut.
    """
    model = recipe.model
    init = {"revision": model.model_revision, "attn_implementation": model.attn_implementation, "dtype": model.dtype}
    training = copy.copy(recipe.training)
    training.model_init_kwargs = init | dict(training.model_init_kwargs or {})  # type: ignore[arg-type]
    training.push_to_hub = False
    if training.padding_free and not training.packing:
        training.max_length = None
    return training
