"""The options that determine the rows of a build and of its estimate: pipeline, sources, splits, graph, models."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset_builder.commands.contamination import add_benchmarks
from dataset_builder.commands.model_options import ROLES, add_limits, add_roles, add_store, positive, probability
from dataset_builder.pipelines import PIPELINES
from dataset_builder.relevance.model import MIN_RELEVANCE
from dataset_builder.sources.licenses import commercial, expect_commercial_graph
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES
from kg.embedder import EMBEDDERS
from kg.options import GRAPH, add_min_edge_score

CLAIMS = ("spacy", "none")  # names for claim_check.reader, which a build that changes nothing does not import


def add_input(command: argparse.ArgumentParser) -> None:
    """Add the options that determine the rows, and those for models; the same for a build and its estimate."""
    command.add_argument("pipeline", metavar="PIPELINE", help=f"one of: {', '.join(PIPELINES)}")
    command.add_argument(
        "--sources", default="sample", help=f"comma-separated list of: {', '.join(SOURCES)} (default: sample)"
    )
    command.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="SOURCE=SPLIT",
        help="use this split of a source instead of its train split; an evaluation split makes the build a trial",
    )
    command.add_argument(
        "--license",
        choices=("any", "commercial"),
        default="any",
        help="commercial: leave out sources whose license does not allow commercial use (default: any)",
    )
    command.add_argument("--rows", type=positive, metavar="N", help="only the first N rows of each source")
    add_graph(command)
    command.add_argument(
        "--embedder",
        default="none",
        metavar="NAME",
        help=f"embedding model for names that exact lookup misses: {', '.join(EMBEDDERS)}, or org/model@revision (default: none)",
    )
    command.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="read the sources from DIR/<Hub id>/[config/]<split>.jsonl[.gz]|.parquet",
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all random draws (default: 0)")
    add_shuffle(command)
    add_benchmarks(command)
    add_evidence(command)
    add_roles(command)
    add_limits(command)
    add_store(command)


def add_graph(command: argparse.ArgumentParser) -> None:
    """Add --kg and --min-edge-score."""
    command.add_argument(
        "--kg",
        default="sample",
        metavar="NAME_OR_FILE",
        help=f"the graph: {GRAPH} (default: sample)",
    )
    add_min_edge_score(command)


def add_shuffle(command: argparse.ArgumentParser) -> None:
    """Add --shuffle-options."""
    command.add_argument(
        "--shuffle-options",
        type=int,
        metavar="SEED",
        help="put the options of each question in an order drawn from this seed and its id, unless a text refers to the published order (default: published)",
    )


def add_evidence(command: argparse.ArgumentParser) -> None:
    """Add --min-relevance, --claims, --reject-contradicted, and the earlier name of its opposite."""
    command.add_argument(
        "--min-relevance",
        type=probability,
        default=MIN_RELEVANCE,
        metavar="P",
        help="publish only paths that are relevant to the answer with this probability (kg_only), or flag rows without one; 0: paths are chosen "
        f"without it (default: {MIN_RELEVANCE:g})",
    )
    command.add_argument(
        "--claims",
        choices=CLAIMS,
        default=CLAIMS[0],
        help="what reads the claims of rationales, to look them up in the graph; none: no claim is read (default: spacy)",
    )
    either = command.add_mutually_exclusive_group()
    either.add_argument(
        "--reject-contradicted",
        action="store_true",
        help="reject rationales with a claim that contradicts the graph, instead of flagging them",
    )
    either.add_argument(
        "--keep-contradicted", action=KeepContradicted, help="the default; it is accepted, and changes nothing"
    )


class KeepContradicted(argparse.Action):
    """An option of earlier versions that asks for what is now the default: it says so, and leaves no trace in the arguments."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, **more)

    def __call__(self, *_: Any) -> None:
        sys.stderr.write(
            "warning: --keep-contradicted (make: KEEP_CONTRADICTED) published rationales that contradict the graph, flagged; this is now the "
            "default. Leave it out; --reject-contradicted (make: REJECT_CONTRADICTED=1) rejects them, as was the default before\n"
        )


def chosen_sources(given: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """The names of the sources to read, and the licenses of those that --license leaves out. Raises SourceError."""
    names = given.sources.split(",")
    if given.license == "any":
        return names, {}
    if _uses_graph(given):
        expect_commercial_graph(given.kg)
    return commercial(names)


def wants_commercial_graph(given: argparse.Namespace) -> bool:
    """Whether --license commercial holds for the graph."""
    return given.license == "commercial" and _uses_graph(given)


def _uses_graph(given: argparse.Namespace) -> bool:
    return given.grounded or given.pipeline != "reasonmed"  # reasonmed uses no graph without --grounded


def chosen_splits(given: Sequence[str]) -> dict[str, str]:
    """The ``source=split`` arguments as a dict. Raises SourceError where the equals sign is missing."""
    if bad := [word for word in given if "=" not in word]:
        raise SourceError(f"--split {bad[0]!r}: expected SOURCE=SPLIT, such as medmcqa=validation")
    return dict(word.split("=", 1) for word in given)


def command_line(given: argparse.Namespace) -> str:
    """The command that builds the same rows: all arguments that determine them."""
    words = [
        "python",
        "-m",
        "dataset_builder",
        "build",
        given.pipeline,
        "--sources",
        given.sources,
        "--kg",
        str(given.kg),
    ]
    words += [word for split in given.split for word in ("--split", split)]
    words += ["--shard", str(given.shard)] if given.shard else []
    words += ["--license", given.license] if given.license != "any" else []
    words += ["--embedder", given.embedder] if given.embedder != "none" else []
    words += ["--min-edge-score", f"{given.min_edge_score!r}"] if given.min_edge_score is not None else []
    words += ["--seed", str(given.seed)] + (["--rows", str(given.rows)] if given.rows else [])
    words += ["--shuffle-options", str(given.shuffle_options)] if given.shuffle_options is not None else []
    words += ["--data-dir", str(given.data_dir)] if given.data_dir else []
    words += [word for role in ROLES if (name := getattr(given, role)) for word in (f"--{role}", name)]
    words += ["--judge-votes", str(given.judge_votes)] if given.judge_votes != 1 else []
    words += ["--grounded"] if given.grounded else []
    words += ["--benchmarks", given.benchmarks] if given.benchmarks else []
    words += ["--strict"] if given.strict else []
    words += ["--claims", given.claims] if given.claims != CLAIMS[0] else []
    words += ["--min-relevance", f"{given.min_relevance:g}"] if given.min_relevance != MIN_RELEVANCE else []
    words += ["--reject-contradicted"] if given.reject_contradicted else []
    return shlex.join(words)
