"""All recipes as TRL's own parser reads them, and what follows from them without a model."""

import contextlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM, Trainer
from trl.data_utils import pack_dataset

from dataset_builder.claim_check.measured import measured
from lighteval_tasks.factuality import summary
from lighteval_tasks.outcomes import read_run
from lighteval_tasks.scores import summarize
from sft import attention, eval_results, preflight
from sft.estimate import packs, steps
from sft.facts import Facts
from sft.model_card import card, read_scores
from sft.recipe import FOLDER, RecipeError, parse, source_of
from sft.settings import DERIVED, UPKEEP, launch_of, processes_of, setting, trained
from tests.lighteval_tasks.runs import item, run

FILES = sorted(FOLDER.glob("*.yaml"))
COT = "hf://datasets/org/other@v1.0/cot/train-*.parquet"
RECIPES = {file.stem: parse(file) for file in FILES}
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

HOSTILE = {"name": "<img src=x>", "revision": "`<b>", "manifest": {"funnel": {"<script>|\n": {"in": 1, "[a](b)": 1}}}}


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


def scores() -> dict[str, Any]:
    """What `make score` writes of ten answers, seven of them right, one cut off, each of 300 tokens."""
    with tempfile.TemporaryDirectory() as folder:
        texts = ["The answer is A."] * 7 + ["The answer is B."] * 3
        rows = [item(n, text, tokens=[5] * 300, truncated=n == 9) for n, text in enumerate(texts)]
        (task,) = read_run(run(Path(folder), rows, task="medqa_strict"))
    engine = {"lighteval": "0.13.0", "backend": "vllm", "device": "8 x GPU", "endpoint": None}
    return {"model": "org/x", "revision": "v1.0", "commit": "abc", "engine": engine, "tasks": [summarize(task, None)]}


def with_claims() -> dict[str, Any]:
    """The same with what `KG=…` adds: ten outputs, one of which has a contradicted and a supported claim."""
    made = scores()
    made["tasks"][0]["factuality"] = summary.shares(np.array([[1, 1, 0]] + [[0, 0, 0]] * 9)) | {"outputs": 10}
    graph = {"name": "kg.csv", "sha256": "ab" * 32, "nodes": 4, "edges": 2}
    return made | {"factuality": {"graph": graph, "reader": {"name": "spacy", "version": "2"}, "measured": measured()}}


FOLDER_OF_RESULTS = Path(tempfile.mkdtemp())


def written(given: dict[str, Any] | None) -> str | None:
    """What a model's folder has in .eval_results after its card was written with these scores."""
    eval_results.write(given, FOLDER_OF_RESULTS)
    file = FOLDER_OF_RESULTS / eval_results.FILE
    return file.read_text("utf-8") if file.is_file() else None


def ordered_scores() -> dict[str, Any]:
    """What `make score ORDERS=2` writes of two items, one of which flips."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [item(n // 2, f"The answer is {label}.") for n, label in enumerate("AABA")]
        for row in rows[1::2]:
            row["doc"]["specific"]["id"] += "@1"
        (task,) = read_run(run(Path(folder), rows))
    return scores() | {"orders": 2, "tasks": [summarize(task, None)]}


def main() -> None:
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(num_hidden_layers=1, attention_bias=True))
    decayed = Trainer.get_decay_parameter_names(None, model)  # type: ignore[arg-type]
    limited = Path(tempfile.mkdtemp()) / "scores.json"
    limited.write_text(json.dumps(scores() | {"limit": 20}))
    unknown = limited.with_name("unknown-setting.yaml")
    unknown.write_text("model_name_or_path: x\nlerning_rate: 1\ndatasets: [{path: x}]\n")
    eight = RECIPES["medreason-8b"]
    out = {
        "yaml": {file.stem: list(yaml.safe_load(file.read_text("utf-8"))) for file in FILES},
        "settings": {
            name: {key: setting(recipe, key, processes(name)) for key in (*trained(recipe.method), *DERIVED)}
            for name, recipe in RECIPES.items()
        },
        "upkeep": UPKEEP,
        "hub_model_id": {name: recipe.training.hub_model_id for name, recipe in RECIPES.items()},
        "pinned": {name: recipe.pinned for name, recipe in RECIPES.items()},
        "refusals": {name: preflight.refusals(recipe, recipe.method.columns, 1) for name, recipe in RECIPES.items()},
        "cards": {name: card(recipe) for name, recipe in RECIPES.items()},
        "card_of_other_data": card(parse(FOLDER / "medreason-8b.yaml", dataset=COT)),
        "hostile_card": card(eight, replace(FACTS, origins=[HOSTILE]), scores()),
        "trained_card": card(eight, FACTS, scores()),
        "card_with_claims": card(eight, FACTS, with_claims()),
        "eval_results": [written(with_claims()), written(None)],
        "ordered_card": card(eight, FACTS, ordered_scores()),
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
            "limited scores": error(lambda: read_scores(limited)),
            "no scores": error(lambda: read_scores(Path("/nowhere/scores.json"))),
        },
    }
    print(json.dumps(out))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
