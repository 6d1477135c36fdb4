"""``stages``: print each pipeline as a table of its stages."""

import argparse
import inspect

from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import placeholder_models, placeholder_reader, stages_of
from dataset_builder.pipelines import PIPELINES
from dataset_builder.stage import show
from kg import KG, SAMPLE


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `stages`."""
    command.set_defaults(command=print_stages)


def print_stages(given: argparse.Namespace) -> int:
    """Print each pipeline, with the columns that every stage reads and adds, and the tools that it uses."""
    kg = KG("sample", str(SAMPLE), digest="")  # only its name is printed, so the graph is not read
    models = placeholder_models()
    for name, pipeline in PIPELINES.items():
        stages = stages_of(pipeline, kg, placeholder_reader(), 0, models)
        OUT.print(f"{name}\n\n{inspect.getdoc(pipeline)}\n\n{show(stages)}\n", markup=False)
    return 0
