"""The settings of a recipe by name: what the card lists, what a run is compared by, what `settings.tsv` gives a source for."""

from typing import Any

import yaml

from sft import training_rows
from sft.recipe import FOLDER, Recipe

# every key of a recipe's YAML under its own name, and these three
DERIVED = ("data", "processes", "global_batch")
# they say how a run is kept, not what is trained
UPKEEP = (
    *("output_dir", "logging_steps", "save_strategy", "save_steps", "save_total_limit", "report_to"),
    *("push_to_hub", "hub_model_id", "hub_private_repo", "hub_revision"),
)
TRAINED = (
    *("model_name_or_path", "model_revision", "attn_implementation", "dtype", "eos_token", "chat_template_path"),
    *(
        "completion_only_loss",
        "padding_free",
        "packing",
        "packing_strategy",
        "max_length",
        "num_train_epochs",
        "max_steps",
    ),
    *(
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "optim",
        "learning_rate",
        "adam_beta1",
        "adam_beta2",
    ),
    *(
        "adam_epsilon",
        "weight_decay",
        "lr_scheduler_type",
        "warmup_steps",
        "max_grad_norm",
        "bf16",
        "gradient_checkpointing",
    ),
    *("loss_type", "seed"),
)


def processes_of(launch: str) -> int:
    """How many processes a launch configuration in sft/accelerate starts, on all machines together."""
    return int(yaml.safe_load((FOLDER / "accelerate" / f"{launch}.yaml").read_text("utf-8"))["num_processes"])


def launch_of(name: str) -> str | None:
    """The launch configuration that `make sft` takes where LAUNCH is not given: none for tiny, which is one process."""
    return None if name == "tiny" else "zero3"


def setting(recipe: Recipe, name: str, processes: int = 1) -> str:
    """The value of a setting as a card or the table writes it. ``global_batch``: rows, or packs, of one optimizer step."""
    if name == "data":
        return ", ".join(str(source.data_files or source.path) for source in recipe.mixture.datasets)
    if name == "processes":
        return str(processes)
    if name == "global_batch":
        return str(global_batch(recipe, processes))
    for part in (recipe.model, recipe.training):
        if hasattr(part, name):
            return _text(getattr(part, name))
    raise KeyError(
        f"found setting {name}; expected a field of TRL's SFTConfig or ModelConfig, or one of {', '.join(DERIVED)}"
    )


def global_batch(recipe: Recipe, processes: int) -> int:
    """Rows, or packs, of one optimizer step."""
    return recipe.training.per_device_train_batch_size * recipe.training.gradient_accumulation_steps * processes


def run_of(recipe: Recipe, processes: int) -> dict[str, Any]:
    """What makes one training another: all that changes its numbers, but not where or how often it is saved."""
    origins = [training_rows.origin(source) for source in recipe.mixture.datasets]
    return {name: setting(recipe, name, processes) for name in (*TRAINED, *DERIVED)} | {
        "data_revision": [origin["revision"] for origin in origins]
    }


def _text(value: Any) -> str:
    value = getattr(value, "value", value)  # an enum of transformers
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
