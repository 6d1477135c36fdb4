"""The options for models: which ones, at what rate and cost, and where their answers are stored."""

import argparse
import inspect
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.commands.batches.options import add_dispatch, batch_options
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.prices import read_prices
from dataset_builder.llm.runner import Runner
from dataset_builder.row import QUESTION
from dataset_builder.stage import Stage, bind

if TYPE_CHECKING:
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG

ROLES = {
    "writer": "the model that extracts, restates and writes",
    "writers": "the models that write rationales, separated by commas (reasonmed)",
    "judge": "the model that answers from a rationale and judges",
    "editor": "the model that refines and shortens",
}

CHOICES = ("judge_votes", "grounded", "reject_contradicted", "min_relevance")


def add_roles(parser: argparse.ArgumentParser) -> None:
    """Add --writer, --writers, --judge, --editor and the other options of pipelines with models."""
    for role, meaning in ROLES.items():
        parser.add_argument(
            f"--{role}",
            metavar="MODEL[@ENDPOINT]",
            help=f"{meaning}; URL and key of ENDPOINT are read from environment variables",
        )
    parser.add_argument(
        "--judge-votes",
        type=positive,
        default=1,
        metavar="N",
        help="number of judgements per rationale; the majority decides (reasonmed)",
    )
    parser.add_argument(
        "--grounded", action="store_true", help="give the writers the row's paths in the knowledge graph (reasonmed)"
    )
    parser.add_argument(
        "--allow-judge",
        action="store_true",
        help="build even with a judge whose error rate in the calibration is above the threshold",
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the limits of a run on cost, rate, parallel calls and time."""
    parser.add_argument(
        "--max-usd",
        type=above_zero,
        metavar="USD",
        help="stop before all answers of this dataset, those of earlier runs included, could cost more than this",
    )
    _add_pace(parser)
    parser.add_argument(
        "--max-tokens",
        action="append",
        default=[],
        type=room,
        metavar="[ROLE=]N",
        help="tokens of an answer, in place of the papers' 5,000 and 8,192: of every model, or of a role such as judge=1000; repeatable",
    )
    parser.add_argument(
        "--no-sampling",
        action="store_true",
        help="send no temperature, top_p and seed, for endpoints that accept only their own",
    )
    add_dispatch(parser, above_zero)
    parser.add_argument(
        "--replay-only",
        action="store_true",
        help="call no model: a request without an answer in the store is an error",
    )


def _add_pace(parser: argparse.ArgumentParser) -> None:
    """Add --rate, --in-flight and --timeout."""
    parser.add_argument(
        "--rate",
        type=above_zero,
        metavar="N",
        help="requests per minute that a model's endpoint allows, if known; of each of its servers, where it has several",
    )
    parser.add_argument(
        "--in-flight",
        type=positive,
        default=256,
        metavar="N",
        help="maximum number of calls at the same time, of all models and servers together: raise it where these are many (default: 256); "
        "a server gets 32 at first, and more as long as that is faster",
    )
    parser.add_argument(
        "--timeout",
        type=above_zero,
        metavar="S",
        help="time limit for one complete answer, in seconds, from the last answer to an earlier call (default: 300, or as long as "
        "--max-tokens takes at the speed of a slow server)",
    )


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add --store and --price."""
    parser.add_argument("--store", type=Path, metavar="FILE", help=f"the answer store (default: {default_store()})")
    parser.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="MODEL=IN/OUT",
        help="dollars per million tokens, instead of prices.tsv",
    )


def positive(text: str) -> int:
    """A whole number above 0, for argparse. Raises ArgumentTypeError."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"found {number}, expected a whole number above 0")
    return number


def above_zero(text: str) -> float:
    """A number above 0, for argparse. Raises ArgumentTypeError."""
    if not (math.isfinite(number := float(text)) and number > 0):
        raise argparse.ArgumentTypeError(f"found {number:g}, expected a number above 0")
    return number


def probability(text: str) -> float:
    """A number from 0 to 1, for argparse. Raises ArgumentTypeError."""
    if not 0 <= (number := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"found {number:g}, expected a number from 0 to 1")
    return number


def room(text: str) -> tuple[str | None, int]:
    """``N`` or ``ROLE=N``, for argparse. Raises ArgumentTypeError."""
    role, _, number = text.rpartition("=")
    if role and role not in ROLES:
        raise argparse.ArgumentTypeError(f"found {role!r}, expected one of {', '.join(ROLES)}, such as judge=1000")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(
            f"found {text!r}, expected a whole number above 0, or one of a role: judge=1000"
        )
    return role or None, positive(number)


def room_of(role: str, given: argparse.Namespace) -> int | None:
    """The tokens that --max-tokens gives the answers of a role; None where it names none."""
    rooms = dict(given.max_tokens)
    return rooms.get(role, rooms.get(None))


def default_store() -> Path:
    """The default answer store: in the user's data folder, because answers were paid for and caches get deleted."""
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "medreason" / "answers.sqlite"


def store_of(given: argparse.Namespace) -> AnswerStore:
    """The answer store that the command line names."""
    return AnswerStore(given.store or default_store())


def runner_of(given: argparse.Namespace) -> Runner:
    """The runner that gets the answers of a build: with --replay-only from the store alone, else also by calls."""
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
            "sampling": not given.no_sampling,
        },
        batch_options(given),
    )


Models = dict[str, LLM | tuple[LLM, ...]]


def models_of(pipeline: Callable[..., list[Stage]], name: str, given: argparse.Namespace) -> Models:
    """The models that a pipeline takes, by role. Raises ModelError where one is missing."""
    roles = [role for role in inspect.signature(pipeline).parameters if role in ROLES]
    if missing := [role for role in roles if not getattr(given, role)]:
        flags = " ".join(f"--{role} MODEL[@ENDPOINT]" for role in missing)
        raise ModelError(
            f"pipeline {name} needs models; expected {flags} (make: {' '.join(f'{role.upper()}=…' for role in missing)}). "
            "The pipeline kg_only needs no model"
        )
    return {role: _named(role, getattr(given, role), room_of(role, given)) for role in roles}


def _named(role: str, names: str, max_tokens: int | None = None) -> LLM | tuple[LLM, ...]:
    """One model or, for ``writers``, several."""
    if role == "writers":
        return tuple(LLM.named(name, max_tokens) for name in names.split(","))
    return LLM.named(names, max_tokens)


def placeholder_models() -> Models:
    """Placeholder models that have the names of their roles, to print a pipeline."""
    return {role: _named(role, "writer1,writer2,writer3" if role == "writers" else role) for role in ROLES}


def reader_of(given: argparse.Namespace) -> "ClaimReader | None":
    """The claim reader that the command line names. Raises ReaderMissing."""
    from dataset_builder.claim_check.reader import ReaderMissing, claim_reader

    if given.claims == "none" and given.reject_contradicted:
        raise ReaderMissing(
            "found --reject-contradicted with --claims none; expected a reader, since what is not read cannot contradict the graph. Leave one out"
        )
    return claim_reader(given.claims)


def placeholder_reader() -> "ClaimReader":
    """A claim reader that is called like the default one, to print a pipeline; it need not be installed."""
    from dataset_builder.claim_check.reader import ClaimReader

    return ClaimReader("spacy", "", None)


def model_names(models: Models) -> dict[str, str]:
    """The models' names by role, as in manifest and card."""
    return {role: ", ".join(map(str, m)) if isinstance(m, tuple) else str(m) for role, m in models.items()}


def self_judging_note(models: Models) -> list[str]:
    """A warning where the judge is one of several writers, as in ReasonMed: models prefer their own texts."""
    writers, judge = models.get("writers"), models.get("judge")
    if isinstance(writers, tuple) and judge in writers:
        return [
            f"note: {judge} also judges its own rationales; a judge of another model family is fairer to the other writers"
        ]
    return []


def choices_of(pipeline: Callable[..., list[Stage]], given: argparse.Namespace) -> dict[str, Any]:
    """The pipeline's other options, by the names of its arguments; without those that change nothing."""
    choices = {name: getattr(given, name) for name in CHOICES if name in inspect.signature(pipeline).parameters}
    if choices.get("grounded") is False:
        del choices["min_relevance"]  # no path is searched
    return choices


def stages_of(
    pipeline: Callable[..., list[Stage]],
    kg: "KG",
    reader: "ClaimReader | None",
    seed: int,
    models: Models,
    **choices: Any,
) -> list[Stage]:
    """The pipeline's stages with these tools."""
    tools: dict[str, Any] = {"kg": kg, "reader": reader, "seed": seed, **models, **choices}
    stages = pipeline(**{name: tools[name] for name in inspect.signature(pipeline).parameters if name in tools})
    return bind(QUESTION, stages)
