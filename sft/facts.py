"""Facts about a checkpoint that are known only after its training."""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import torch

from sft import training_rows
from sft.recipe import Recipe

if TYPE_CHECKING:
    from trl.trainer.sft_trainer import SFTTrainer

LIBRARIES = ("trl", "transformers", "accelerate", "datasets", "torch")


@dataclass(frozen=True)
class Facts:
    """Facts of a finished training. ``loss``: (step, loss) as logged; ``origins``: name, revision, manifest of each dataset."""

    steps: int
    loss: list[tuple[int, float]]
    seconds: float
    tokens_seen: int
    parameters: int
    processes: int
    base_commit: str | None
    rows: int
    tokens: int
    trained: int
    allowed: list[str]
    versions: str
    hardware: str
    origins: list[dict[str, Any]]


def facts_of(recipe: Recipe, trainer: "SFTTrainer", allowed: Sequence[str]) -> Facts:
    """The facts, read from a trainer that has finished and from the result of its preflight."""
    history = trainer.state.log_history
    passed = json.loads((recipe.out / "preflight.json").read_text("utf-8"))
    origins = [training_rows.origin(source) for source in recipe.mixture.datasets]
    keep = ("content_hash", "funnel")
    cuda = torch.cuda.is_available()
    return Facts(
        steps=trainer.state.global_step,
        loss=[(int(entry["step"]), entry["loss"]) for entry in history if "loss" in entry],
        seconds=next((entry["train_runtime"] for entry in reversed(history) if "train_runtime" in entry), 0.0),
        tokens_seen=int(max((entry.get("num_tokens", 0) for entry in history), default=0)),
        parameters=trainer.model.num_parameters(),  # type: ignore[union-attr]
        processes=trainer.accelerator.num_processes,
        base_commit=getattr(trainer.model.config, "_commit_hash", None),  # type: ignore[union-attr]
        rows=passed["rows"],
        tokens=passed["tokens"],
        trained=passed["trained"],
        allowed=list(allowed),
        versions=", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        hardware=f"{trainer.accelerator.num_processes} × {torch.cuda.get_device_name(0) if cuda else f'CPU ({platform.machine()})'}",
        origins=[o | {"manifest": {k: o["manifest"][k] for k in keep if k in o["manifest"]}} for o in origins],
    )
