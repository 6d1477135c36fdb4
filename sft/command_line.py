"""The command line of preflight and training: our few flags, and any flag of TRL."""

import argparse
import copy
from dataclasses import dataclass, replace
from pathlib import Path

from kg.options import GRAPH, add_min_edge_score
from kg.readers import with_score
from sft.recipe import Recipe, parse


@dataclass(frozen=True)
class Command:
    """A recipe with the options of its command.

    ``allow``: codes of findings that do not stop it. ``benchmarks``, ``data_dir``: the evaluation sets to compare with, and a folder
    with their raw rows. ``launch``: the configuration in sft/accelerate. ``kg``: the graph of the rewards."""

    recipe: Recipe
    allow: tuple[str, ...]
    benchmarks: str | None
    data_dir: Path | None
    launch: str | None
    push: bool
    kg: str | None


def read(argv: list[str], description: str) -> Command:
    """Parse the arguments. Raises RecipeError for a recipe or dataset that does not exist."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, type=Path, help="the recipe: a YAML file in TRL's format")
    parser.add_argument(
        "--dataset",
        help="a dataset folder, or hf://datasets/org/name@tag/data/train-*.parquet, instead of the recipe's",
    )
    parser.add_argument(
        "--allow", default="", help="codes of findings to accept, separated by commas; the model card lists them"
    )
    parser.add_argument(
        "--benchmarks",
        help="evaluation sets to compare with: names separated by commas, or all; from --data-dir, else from the Hub",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        help="folder with raw rows of evaluation sets: DIR/<Hub id>/[config/]<split>.jsonl",
    )
    parser.add_argument("--launch", help="name of a launch configuration in sft/accelerate, without .yaml")
    for name, which in (("--min-pass", "lowest"), ("--max-pass", "highest")):
        parser.add_argument(
            name, type=float, help=f"of rows with a pass rate: the {which} that is trained on, from 0 to 1"
        )
    parser.add_argument("--kg", help=f"for rewards that ask a graph: the one that the dataset was built with: {GRAPH}")
    add_min_edge_score(parser)
    ours, flags = parser.parse_known_args(argv)
    recipe = replace(parse(ours.config, flags, ours.dataset), pass_rates=(ours.min_pass, ours.max_pass))
    allow = tuple(code for code in ours.allow.split(",") if code)
    graph = with_score(ours.kg, ours.min_edge_score) if ours.kg else None
    # the Trainer changes its arguments; the copy keeps the recipe unchanged
    kept = replace(recipe, training=copy.copy(recipe.training))
    return Command(kept, allow, ours.benchmarks, ours.data_dir, ours.launch, recipe.training.push_to_hub, graph)
