"""How a recipe trains, by the end of its name: `x-grpo` with TRL's GRPOTrainer, `x-dpo` with its DPOTrainer, any other with its SFTTrainer."""

from dataclasses import dataclass

from trl.scripts.grpo import GRPOScriptArguments
from trl.scripts.utils import ScriptArguments
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.grpo_config import GRPOConfig
from trl.trainer.sft_config import SFTConfig

# the settings of each method that its card lists and a continued training must share, beside those of all
_SFT = ("completion_only_loss", "padding_free", "packing", "packing_strategy", "max_length")
_GRPO = ("reward_funcs", "reward_weights", "num_generations", "max_completion_length", "temperature", "top_p")
_GRPO += (
    "beta",
    "epsilon",
    "epsilon_high",
    "num_iterations",
    "scale_rewards",
    "mask_truncated_completions",
    "test_split_size",
)
_DPO = ("max_length", "beta", "label_smoothing", "test_split_size")


@dataclass(frozen=True)
class Method:
    """A way to train: TRL's classes of its settings, the config of a dataset folder that it reads, with its columns."""

    name: str
    script: type
    arguments: type
    config: str | None  # of a dataset folder; None: the one that a bare `load_dataset` reads
    columns: tuple[str, ...]
    needed: tuple[str, ...]  # of these, those that must be there
    settings: tuple[str, ...]
    measure: str  # in the Trainer's log, what the training is to raise or to lower
    told: str  # the same in words


SFT = Method("sft", ScriptArguments, SFTConfig, None, ("prompt", "completion"), ("prompt", "completion"), _SFT, "loss", "training loss")  # fmt: skip
GRPO = Method(
    "grpo",
    GRPOScriptArguments,
    GRPOConfig,
    "rl",
    ("prompt", "answer_label", "options", "paths"),
    ("prompt", "answer_label", "options"),
    _GRPO,
    "reward",
    "mean reward",
)
DPO = Method(
    "dpo",
    ScriptArguments,
    DPOConfig,
    "preference",
    ("prompt", "chosen", "rejected"),
    ("prompt", "chosen", "rejected"),
    _DPO,
    "rewards/margins",
    "margin of chosen over rejected",
)
METHODS = (SFT, GRPO, DPO)


def method_of(name: str) -> Method:
    """The method of a recipe of this name."""
    return next((method for method in METHODS if name.endswith(f"-{method.name}")), SFT)
