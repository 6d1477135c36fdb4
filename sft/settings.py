"""The settings of a recipe by name: those of the card, of the comparison of two trainings, and of `settings.tsv`."""

from typing import Any

import yaml

from sft import training_rows
from sft.methods import SFT, Method
from sft.recipe import FOLDER, Recipe

# settings that are not keys of a recipe's YAML
DERIVED = ("data", "processes", "global_batch")
# settings of saving and logging, which do not change what is trained
UPKEEP = (
    *("output_dir", "logging_steps", "save_strategy", "save_steps", "save_total_limit", "report_to"),
    *("eval_strategy", "eval_steps", "eval_on_start", "per_device_eval_batch_size"),
    *("push_to_hub", "hub_model_id", "hub_private_repo", "hub_revision"),
)
MODEL = ("model_name_or_path", "model_revision", "attn_implementation", "dtype")
_TEMPLATE = ("eos_token", "chat_template_path")  # which only SFT may set
_OF_ALL = (
    *("num_train_epochs", "max_steps"),
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


def trained(method: Method) -> tuple[str, ...]:
    """The names of the settings that change what a recipe of this method trains."""
    template = _TEMPLATE if method is SFT else ()
    return (*MODEL, *template, *method.settings, *_OF_ALL)


def processes_of(launch: str) -> int:
    """The number of processes that a launch configuration in sft/accelerate starts, on all machines together."""
    return int(yaml.safe_load((FOLDER / "accelerate" / f"{launch}.yaml").read_text("utf-8"))["num_processes"])


ON_CPU = ("tiny", "tiny-grpo", "tiny-dpo", "smollm2-135m")  # recipes for one process on a CPU


def launch_of(name: str) -> str | None:
    """The launch configuration that a recipe's card names; None for one process."""
    return None if name in ON_CPU else "zero3"


def setting(recipe: Recipe, name: str, processes: int = 1) -> str:
    """The value of a setting as text, as in cards and in `settings.tsv`. Raises KeyError for a name that is no setting."""
    if name == "data":
        return ", ".join(str(source.data_files or source.path) for source in recipe.mixture.datasets)
    if name == "processes":
        return str(processes)
    if name == "global_batch":
        return str(global_batch(recipe, processes))
    for part in (recipe.model, recipe.training, recipe.script, recipe.mixture):
        if hasattr(part, name):
            return _text(getattr(part, name))
    raise KeyError(
        f"found setting {name}; expected a field of TRL's ModelConfig or {type(recipe.training).__name__}, or one of {', '.join(DERIVED)}"
    )


def global_batch(recipe: Recipe, processes: int) -> int:
    """The number of rows, or packs, per optimizer step."""
    return recipe.training.per_device_train_batch_size * recipe.training.gradient_accumulation_steps * processes


def run_of(recipe: Recipe, processes: int) -> dict[str, Any]:
    """The settings that identify a training: all that change its result, but not where or how often it is saved."""
    origins = [training_rows.origin(source) for source in recipe.mixture.datasets]
    limits = {} if recipe.pass_rates == (None, None) else {"pass_rates": list(recipe.pass_rates)}
    return {name: setting(recipe, name, processes) for name in (*trained(recipe.method), *DERIVED)} | {
        "data_revision": [origin["revision"] for origin in origins],
        **limits,
    }


def _text(value: Any) -> str:
    value = getattr(value, "value", value)  # an enum of transformers
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
