"""A training recipe: TRL's own YAML, read by TRL's own parser; any flag of TRL may follow it on the command line.

The end of its name says with which of TRL's trainers it trains (methods.py).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from trl.scripts.utils import DatasetConfig, DatasetMixtureConfig, TrlParser
from trl.trainer.model_config import ModelConfig

from sft.methods import SFT, Method, method_of

FOLDER = Path(__file__).parent
COMMIT = re.compile(r"[0-9a-f]{40}")
PINNED_DATA = re.compile(r"hf://datasets/(?P<repo>[^/@]+/[^/@]+)@(?P<revision>[^/]+)/(?P<file>.+)")


class RecipeError(ValueError):
    """A recipe, or its model or data, cannot be used for training; the message says what was found and what to do."""


@dataclass(frozen=True)
class Recipe:
    """The result of TRL's parser for a YAML file: its four parts, and the name of the file.

    ``script``, ``training``: the classes of its method. ``pass_rates``: the lowest and the highest pass rate of its rows, each None for no limit.
    """

    name: str
    script: Any
    training: Any
    model: ModelConfig
    mixture: DatasetMixtureConfig
    pass_rates: tuple[float | None, float | None] = (None, None)

    @property
    def method(self) -> Method:
        """How it trains."""
        return method_of(self.name)

    @property
    def rewards_answers(self) -> bool:
        """Whether the answer to a question is among its rewards."""
        return any(name.endswith(".answer_reward") for name in getattr(self.script, "reward_funcs", None) or ())

    @property
    def base(self) -> str:
        """Hub id or folder of the base model."""
        return self.model.model_name_or_path or ""

    @property
    def local(self) -> bool:
        """Whether the base model is a folder on a machine, not a name on the Hub: `build/smollm2`, an absolute path, a folder that exists."""
        return self.base.startswith(("build/", "/", "./", "../")) or Path(self.base).is_dir()

    @property
    def pinned(self) -> bool:
        """Whether the base model is fixed: a commit, or a folder on this machine."""
        return self.local or bool(COMMIT.fullmatch(self.model.model_revision))

    @property
    def flattens(self) -> bool:
        """Whether rows are put end to end in one sequence without padding, so that attention must be kept within a row."""
        return getattr(self.training, "padding_free", False) or getattr(self.training, "packing", False)

    @property
    def out(self) -> Path:
        """The folder of checkpoints, model and card."""
        return Path(self.training.output_dir or f"build/sft/{self.name}")


def parse(path: Path, flags: Sequence[str] = (), dataset: str | None = None) -> Recipe:
    """Read a recipe with TRL's parser. ``dataset``: a folder or ``hf://datasets/org/name@tag/…`` instead of the recipe's.

    Raises RecipeError where the file or the dataset does not exist, and ValueError (TRL's) for a setting that TRL does not know.
    """
    if not path.is_file():
        names = ", ".join(sorted(file.stem for file in FOLDER.glob("*.yaml")))
        raise RecipeError(
            f"found no recipe {path}; expected one of {names}, or the path of a YAML file in TRL's format"
        )
    method = method_of(path.stem)
    parts: Any = (method.script, method.arguments, ModelConfig, DatasetMixtureConfig)
    parser = TrlParser(parts)
    if not torch.cuda.is_available():
        flags = [
            *flags,
            "--use_cpu",
            "true",
        ]  # without it TRL refuses a recipe with bf16 on this machine, even for a check of the data
    script, training, model, mixture = parser.parse_args_and_config(["--config", str(path), *flags])
    if dataset:
        mixture.datasets = [source_of(dataset, method)]
    if not mixture.datasets:
        raise RecipeError(
            f"{path} names no `datasets`; expected one with `path`, and with `data_files` if it is on the Hub"
        )
    return Recipe(path.stem, script, training, model, mixture)


def source_of(dataset: str, method: Method = SFT) -> DatasetConfig:
    """TRL's description of a dataset folder, of which the method's config is read, or of files at a tag on the Hub.

    Raises RecipeError for anything else.
    """
    columns = list(method.columns)
    if dataset.startswith("hf://"):
        if not PINNED_DATA.fullmatch(dataset):
            raise RecipeError(
                f"found {dataset}; expected hf://datasets/org/name@tag/data/train-*.parquet, with a tag or commit that pins it"
            )
        return DatasetConfig(path="parquet", data_files=dataset, split="train", columns=columns)
    if not Path(dataset).is_dir():
        raise RecipeError(
            f"found no folder {dataset}; expected a dataset folder (`make dataset OUT={dataset}`), or hf://datasets/org/name@tag/…"
        )
    return DatasetConfig(path=dataset, name=method.config, split="train", columns=columns)
