"""All recipes as TRL's own parser reads them, and what follows from them without a model."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import torch
import yaml
from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM, Trainer
from trl.data_utils import pack_dataset

from sft import attention, preflight
from sft.estimate import packs, steps
from sft.facts import Facts
from sft.model_card import card
from sft.recipe import FOLDER, RecipeError, parse, source_of
from sft.settings import DERIVED, TRAINED, UPKEEP, launch_of, processes_of, setting

FILES = sorted(FOLDER.glob("*.yaml"))
RECIPES = {file.stem: parse(file) for file in FILES}
SCORE = {"task": "medqa", "prompt": "strict", "items": 10, "correct": 7, "accuracy": 0.7, "low": 0.4, "high": 0.9}
SCORE |= {"clean": None, "compliance": 1.0, "empty": 0, "truncated": 1, "mean_output_tokens": 300.0}
LENGTHS = [(number * 37) % 70 + 1 for number in range(200)]
ROWS = Dataset.from_dict({"input_ids": [[1] * length for length in LENGTHS]})
FACTS = Facts(
    steps=3,
    loss=[(1, 2.0), (3, 1.0)],
    seconds=9.0,
    tokens_seen=300,
    parameters=8,
    processes=8,
    base_commit="c0ffee",
    rows=10,
    tokens=100,
    trained=60,
    allowed=["duplicate"],
    versions="trl 1",
    hardware="8 × GPU",
    origins=[
        {
            "name": "org/medreason",
            "revision": "v1.0",
            "manifest": {"funnel": {"medqa": {"in": 12, "published": 10, "no_path": 2}}},
        }
    ],
)


def error(call: Callable[[], object]) -> str:
    """What a call says that must fail."""
    try:
        call()
    except (RecipeError, ValueError) as why:
        return str(why)
    return "no error"


def processes(name: str) -> int:
    launch = launch_of(name)
    return processes_of(launch) if launch else 1


def main() -> None:
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(num_hidden_layers=1, attention_bias=True))
    decayed = Trainer.get_decay_parameter_names(None, model)  # type: ignore[arg-type]
    unknown = Path("/tmp") / "unknown-setting.yaml"
    unknown.write_text("model_name_or_path: x\nlerning_rate: 1\ndatasets: [{path: x}]\n")
    eight = RECIPES["medreason-8b"]
    out = {
        "yaml": {file.stem: list(yaml.safe_load(file.read_text("utf-8"))) for file in FILES},
        "settings": {
            name: {key: setting(recipe, key, processes(name)) for key in (*TRAINED, *DERIVED)}
            for name, recipe in RECIPES.items()
        },
        "upkeep": UPKEEP,
        "hub_model_id": {name: recipe.training.hub_model_id for name, recipe in RECIPES.items()},
        "pinned": {name: recipe.pinned for name, recipe in RECIPES.items()},
        "refusals": {
            name: preflight.refusals(recipe, ["prompt", "completion"], 1) for name, recipe in RECIPES.items()
        },
        "cards": {name: card(recipe) for name, recipe in RECIPES.items()},
        "trained_card": card(eight, FACTS, {"model": "org/x", "revision": "abc", "tasks": [SCORE]}),
        "not_decayed": sorted(name for name, _ in model.named_parameters() if name not in decayed),
        "leaks": [
            attention.leak("my_kernel", flattens=True, packing=False, strategy="bfd"),
            attention.leak("sdpa", flattens=True, packing=True, strategy="wrapped"),
            attention.leak("my_kernel", flattens=False, packing=False, strategy="bfd"),
        ],
        "steps": {"one epoch of 32,682": steps(eight, 32682, 8) // 3, "rounded up": steps(eight, 129, 8)},
        "packs": [sorted(packs(LENGTHS, 64)), sorted(map(len, pack_dataset(ROWS, 64)["input_ids"]))],
        "errors": {
            "no recipe": error(lambda: parse(FOLDER / "nope.yaml")),
            "unknown setting": error(lambda: parse(unknown)),
            "unpinned data": error(lambda: source_of("hf://datasets/org/x/data/train-*.parquet")),
            "no folder": error(lambda: source_of("/nowhere")),
        },
    }
    print(json.dumps(out))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
