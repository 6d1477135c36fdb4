"""Facts about a checkpoint that are known only after its training."""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import torch

from sft import training_rows
from sft.methods import SFT
from sft.recipe import Recipe

LIBRARIES = ("trl", "transformers", "accelerate", "datasets", "torch")


@dataclass(frozen=True)
class Facts:
    """Facts of a finished training. ``loss``: (step, loss) as logged; ``origins``: name, revision, manifest of each dataset.

    ``curves``: of a method that does not lower a loss, what it raises, in words, with (step, value) as logged; of held-out rows too.
    """

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
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    @property
    def measured(self) -> dict[str, list[tuple[int, float]]]:
        """What the training lowers or raises, in words, with its (step, value) points, and after it what else is shown."""
        return self.curves or {"loss": self.loss}


def facts_of(recipe: Recipe, trainer: Any, allowed: Sequence[str]) -> Facts:
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
        parameters=trainer.model.num_parameters(),
        processes=trainer.accelerator.num_processes,
        base_commit=getattr(trainer.model.config, "_commit_hash", None),
        rows=passed["rows"],
        tokens=passed["tokens"],
        trained=passed["trained"],
        allowed=list(allowed),
        versions=", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        hardware=f"{trainer.accelerator.num_processes} × {torch.cuda.get_device_name(0) if cuda else f'CPU ({platform.machine()})'}",
        curves=_curves(recipe, history),
        origins=[o | {"manifest": {k: o["manifest"][k] for k in keep if k in o["manifest"]}} for o in origins],
    )


def _curves(recipe: Recipe, history: Sequence[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    method = recipe.method
    if method is SFT:
        return {}
    keys = {method.told: method.measure, f"{method.told}, held-out rows": f"eval_{method.measure}"}
    keys |= {name: name for name in sorted({key for entry in history for key in entry}) if _is_of_one_reward(name)}
    points = {told: [(int(e["step"]), float(e[key])) for e in history if key in e] for told, key in keys.items()}
    return {told: some for told, some in points.items() if some}


def _is_of_one_reward(name: str) -> bool:
    return name.startswith("rewards/") and name.endswith("/mean")  # of GRPO's reward functions
