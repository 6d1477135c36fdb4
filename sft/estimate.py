"""Estimate the cost of a training before a GPU is rented: steps, tokens, GPU hours, memory. Formulas: docs/training.md."""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig

from sft.recipe import Recipe

PEAK = 989e12  # FLOP/s of one H100 in bf16 without sparsity (NVIDIA's data sheet)
MFU = 0.4  # share of the peak that full training of 7-8 billion parameters reaches; measure: python -m benchmarks.training --gpu
STATE_BYTES = 16  # per parameter: bf16 weight and gradient 2 + 2, fp32 weight and Adam's two moments 4 + 4 + 4 (ZeRO paper, section 3.1)
GIB = 2**30


@dataclass(frozen=True)
class Estimate:
    """``state``, ``activations``: GiB per process. ``sequences``: rows, or packs of rows, of one epoch."""

    parameters: int
    sequences: int
    steps: int
    tokens: int
    gpu_hours: float
    state: float
    activations: float


def estimate(recipe: Recipe, lengths: Sequence[int], processes: int, *, zero: bool) -> Estimate:
    """The estimate of a training. ``lengths``: tokens of every row. ``zero``: weights, gradients and optimizer are sharded."""
    config: Any = AutoConfig.from_pretrained(recipe.base, revision=recipe.model.model_revision)
    with torch.device(
        "meta"
    ):  # shapes without weights; not from_config, which under ZeRO-3 would wait for the other processes
        model: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
        parameters = model(config).num_parameters()
    sequences = packs(lengths, recipe.training.max_length or 0) if recipe.training.packing else list(lengths)
    tokens = round(sum(lengths) * epochs(recipe, len(sequences), processes))
    batch = sum(sorted(sequences, reverse=True)[: recipe.training.per_device_train_batch_size])
    return Estimate(
        parameters=parameters,
        sequences=len(sequences),
        steps=steps(recipe, len(sequences), processes),
        tokens=tokens,
        gpu_hours=6 * parameters * tokens / (MFU * PEAK) / 3600,
        state=STATE_BYTES * parameters / (processes if zero else 1) / GIB,
        activations=activations(batch, config.get_text_config(), checkpointed=recipe.training.gradient_checkpointing)
        / GIB,
    )


def steps(recipe: Recipe, sequences: int, processes: int) -> int:
    """The number of optimizer steps, rounded as in the Trainer: the last batches of an epoch make a step of their own."""
    if recipe.training.max_steps > 0:
        return recipe.training.max_steps
    batches = math.ceil(sequences / (recipe.training.per_device_train_batch_size * processes))
    per_epoch = max(1, math.ceil(batches / recipe.training.gradient_accumulation_steps))
    return math.ceil(recipe.training.num_train_epochs * per_epoch)


def epochs(recipe: Recipe, sequences: int, processes: int) -> float:
    """The number of epochs, which `max_steps` can end early or prolong."""
    if recipe.training.max_steps <= 0:
        return recipe.training.num_train_epochs
    rows = recipe.training.per_device_train_batch_size * recipe.training.gradient_accumulation_steps * processes
    return recipe.training.max_steps * rows / max(sequences, 1)


def packs(lengths: Sequence[int], max_length: int) -> list[int]:
    """Tokens of each pack, best fit first, longest row first: TRL's `bfd`."""
    spaces: list[int] = []  # free tokens of every pack, ascending
    for length in sorted((min(length, max_length) for length in lengths), reverse=True):
        tightest = bisect.bisect_left(spaces, length)
        left = spaces.pop(tightest) if tightest < len(spaces) else max_length
        bisect.insort(spaces, left - length)
    return [max_length - left for left in spaces]


def activations(tokens: int, config: Any, *, checkpointed: bool) -> float:
    """Bytes of activations in bf16 for a batch of this many tokens, without padding, with attention that stores no scores.

    Per token and layer: 2·h for the input that checkpointing keeps; about 2·(8·h + 3·f) for everything that the backward pass needs
    (h hidden size, f feed-forward size). With checkpointing only one layer at a time needs everything.
    """
    hidden, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    whole = 2 * (8 * hidden + 3 * inner)
    per_token = 2 * hidden * layers + whole if checkpointed else whole * layers
    return float(tokens * per_token)
