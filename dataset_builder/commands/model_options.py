"""The command line's words about models: which ones, at what pace and cost, and where their answers are kept."""

import argparse
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.prices import read_prices
from dataset_builder.llm.runner import Runner
from dataset_builder.row import QUESTION
from dataset_builder.stage import Stage, bind
from kg import KG

ROLES = {
    "writer": "the model that extracts, restates and writes",
    "writers": "the models that write rationales, separated by commas (reasonmed)",
    "judge": "the model that answers from a rationale and judges",
    "editor": "the model that refines and shortens",
}

CHOICES = ("judge_votes", "grounded", "keep_contradicted")


def add_roles(parser: argparse.ArgumentParser) -> None:
    """--writer, --writers, --judge, --editor, and what else a pipeline with models lets somebody choose."""
    for role, meaning in ROLES.items():
        parser.add_argument(
            f"--{role}", metavar="MODEL[@ENDPOINT]", help=f"{meaning}; ENDPOINT names variables of the environment"
        )
    parser.add_argument(
        "--judge-votes",
        type=positive,
        default=1,
        metavar="N",
        help="judgements of each rationale; most votes decide (reasonmed)",
    )
    parser.add_argument(
        "--grounded", action="store_true", help="show the writers the row's paths of the knowledge graph (reasonmed)"
    )
    parser.add_argument(
        "--allow-judge",
        action="store_true",
        help="build also with a judge whose calibration says that it errs too often",
    )
    parser.add_argument(
        "--keep-contradicted",
        action="store_true",
        help="publish rationales that contradict the graph, flagged, instead of rejecting them",
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """What a run may cost, and how fast it may be."""
    parser.add_argument(
        "--max-usd",
        type=above_zero,
        metavar="USD",
        help="stop before the answers of this dataset could cost more, those paid before included",
    )
    parser.add_argument(
        "--rate", type=above_zero, metavar="N", help="requests a minute that a model's endpoint allows, where known"
    )
    parser.add_argument(
        "--in-flight", type=positive, default=256, metavar="N", help="calls at the same time, at most (default: 256)"
    )
    parser.add_argument(
        "--timeout", type=above_zero, default=300.0, metavar="S", help="seconds for a whole answer (default: 300)"
    )
    parser.add_argument(
        "--replay-only", action="store_true", help="ask nothing: a request without an answer in the store is an error"
    )


def add_store(parser: argparse.ArgumentParser) -> None:
    """--store and --price."""
    parser.add_argument("--store", type=Path, metavar="FILE", help=f"the answer store (default: {default_store()})")
    parser.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="MODEL=IN/OUT",
        help="dollars per million tokens, instead of prices.tsv",
    )


def positive(text: str) -> int:
    """A whole number above zero, as argparse wants it checked."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"found {number}, expected a whole number above 0")
    return number


def above_zero(text: str) -> float:
    """A number above zero, as argparse wants it checked."""
    if (number := float(text)) <= 0:
        raise argparse.ArgumentTypeError(f"found {number:g}, expected a number above 0")
    return number


def default_store() -> Path:
    """Among the user's data: answers were paid for, and caches are what people delete."""
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "medreason" / "answers.sqlite"


def store_of(given: argparse.Namespace) -> AnswerStore:
    """The answer store that the command line names."""
    return AnswerStore(given.store or default_store())


def runner_of(given: argparse.Namespace) -> Runner:
    """Where a build's answers come from."""
    if given.replay_only:
        return Runner(store_of(given))
    return Runner(
        store_of(given),
        {
            "prices": read_prices(given.price),
            "in_flight": given.in_flight,
            "per_minute": given.rate,
            "max_usd": given.max_usd,
            "timeout_s": given.timeout,
        },
    )


Models = dict[str, LLM | tuple[LLM, ...]]


def models_of(pipeline: Callable[..., list[Stage]], name: str, given: argparse.Namespace) -> Models:
    """The models that a pipeline takes, by role. Raises ModelError where one is not given."""
    roles = [role for role in inspect.signature(pipeline).parameters if role in ROLES]
    if missing := [role for role in roles if not getattr(given, role)]:
        flags = " ".join(f"--{role} MODEL[@ENDPOINT]" for role in missing)
        raise ModelError(
            f"pipeline {name} asks models; expected {flags} (make: {' '.join(f'{role.upper()}=…' for role in missing)}). "
            "kg_only needs none"
        )
    return {role: _named(role, getattr(given, role)) for role in roles}


def _named(role: str, names: str) -> LLM | tuple[LLM, ...]:
    """One model or, for ``writers``, several."""
    return tuple(map(LLM.named, names.split(","))) if role == "writers" else LLM.named(names)


def stand_ins() -> Models:
    """Models that are called like their roles, to show a pipeline."""
    return {role: _named(role, "writer1,writer2,writer3" if role == "writers" else role) for role in ROLES}


def shown(models: Models) -> dict[str, str]:
    """The models' names by role, as manifest and card have them."""
    return {role: ", ".join(map(str, m)) if isinstance(m, tuple) else str(m) for role, m in models.items()}


def own_judge(models: Models) -> list[str]:
    """A warning where the judge is one of several writers, as in ReasonMed: models prefer their own texts."""
    writers, judge = models.get("writers"), models.get("judge")
    if isinstance(writers, tuple) and judge in writers:
        return [
            f"note: {judge} judges its own rationales too; a judge of another family is fairer to the other writers"
        ]
    return []


def choices_of(pipeline: Callable[..., list[Stage]], given: argparse.Namespace) -> dict[str, Any]:
    """What else the pipeline lets somebody choose, by the names of its arguments."""
    return {name: getattr(given, name) for name in CHOICES if name in inspect.signature(pipeline).parameters}


def stages_of(pipeline: Callable[..., list[Stage]], kg: KG, seed: int, models: Models, **choices: Any) -> list[Stage]:
    """The pipeline's stages with these tools."""
    tools: dict[str, Any] = {"kg": kg, "seed": seed, **models, **choices}
    stages = pipeline(**{name: tools[name] for name in inspect.signature(pipeline).parameters if name in tools})
    return bind(QUESTION, stages)
