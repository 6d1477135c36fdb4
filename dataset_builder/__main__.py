"""python -m dataset_builder build|estimate|stages|verify|count|store: build a dataset folder, say before what it would cost, show
the pipelines, check a folder, count what the sources hold, export the models' answers."""

import argparse
import datetime
import importlib.metadata
import inspect
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset_builder import publish, store_files
from dataset_builder.answer_store import StoreError
from dataset_builder.asking import MissingAnswer
from dataset_builder.check_benchmarks import add_benchmarks, add_command, checked, what_was_checked
from dataset_builder.estimate import estimate, table
from dataset_builder.llm import ModelError
from dataset_builder.model_options import (
    ROLES,
    add_limits,
    add_roles,
    add_store,
    answers_of,
    choices_of,
    default_store,
    models_of,
    own_judge,
    positive,
    shown,
    stages_of,
    stand_ins,
    store_of,
)
from dataset_builder.pipelines import PIPELINES
from dataset_builder.prices import read_prices
from dataset_builder.questions import count_questions, on_disk, read_questions
from dataset_builder.raw_data import SourceError
from dataset_builder.sources import SOURCES, known
from dataset_builder.stage import ROOT, StageRun, code_hash, run, show
from dataset_builder.summary import OUT, pins, print_summary
from dataset_builder.tiers import has_tiers, scores_of, tiers_of
from dataset_builder.verify import verify
from kg import KG, NAMES, Embedder, EmbedderError, GraphError
from kg.embedder import EMBEDDERS, UNPINNED
from kg.guard import UnusableEnvironment

VERSIONS = ("datasets", "huggingface_hub", "pyarrow", "numpy", "pyahocorasick", "openai")
BAD_INPUT = (
    SourceError,
    GraphError,
    EmbedderError,
    publish.FolderError,
    UnusableEnvironment,
    ModelError,
    StoreError,
    MissingAnswer,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status: 0 done, 1 `verify` found something, 2 bad input (with a message, no traceback)."""
    given = parser().parse_args(arguments)
    try:
        return given.command(given)
    except BAD_INPUT as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted. Nothing is lost: the same command goes on where it was", file=sys.stderr)
        return 130
    except OSError as why:  # a full disk, a folder that is not ours to write
        print(f"error: {why}. Nothing is lost: mend it, and run the same command again", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line; its help is the manual."""
    top = argparse.ArgumentParser(prog="python -m dataset_builder", description=__doc__)
    commands = top.add_subparsers(required=True)
    build_ = commands.add_parser("build", help="build a dataset folder")
    build_.set_defaults(command=build)
    add_input(build_)
    build_.add_argument("--out", type=Path, metavar="DIR", help="the dataset folder (default: build/PIPELINE)")
    build_.add_argument("--num-proc", type=positive, metavar="N", help="worker processes (default: 1)")
    estimate_ = commands.add_parser(
        "estimate", help="say what a build would cost, from a sample of rows; asks nothing"
    )
    estimate_.set_defaults(command=print_estimate)
    add_input(estimate_)
    estimate_.add_argument("--sample", type=positive, default=200, metavar="N", help="rows to look at (default: 200)")
    store = commands.add_parser("store", help="the answer store: export it, import one, say what is in it")
    store.add_argument("action", choices=("export", "import", "stats"))
    store.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the .parquet file to write or to read")
    store.add_argument("--store", type=Path, metavar="FILE", help=f"the answer store (default: {default_store()})")
    store.set_defaults(command=handle_store)
    stages = commands.add_parser("stages", help="print each pipeline as a table of its stages")
    stages.set_defaults(command=print_stages)
    verify_ = commands.add_parser("verify", help="check a dataset folder against its manifest")
    verify_.add_argument("folder", type=Path)
    verify_.add_argument("--kg", metavar="NAME_OR_FILE", help="the graph that it was built with, to compare it too")
    verify_.set_defaults(command=verify_folder)
    add_command(commands)
    count = commands.add_parser("count", help="count what each source's files hold, by answer type and reason")
    count.add_argument("data_dir", type=Path, metavar="DIR", help="as --data-dir of build")
    count.set_defaults(command=print_counts)
    return top


def add_input(command: argparse.ArgumentParser) -> None:
    """What shapes the rows, and the models: the same for a build and its estimate."""
    command.add_argument("pipeline", metavar="PIPELINE", help=f"one of: {', '.join(PIPELINES)}")
    command.add_argument(
        "--sources", default="sample", help=f"comma-separated, of: {', '.join(SOURCES)} (default: sample)"
    )
    command.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="SOURCE=SPLIT",
        help="take this split of a source instead of its train split; an evaluation split makes the build a trial",
    )
    command.add_argument("--rows", type=positive, metavar="N", help="only the first N rows of each source")
    command.add_argument(
        "--kg", default="sample", metavar="NAME_OR_FILE", help=f"{', '.join(NAMES)}, or a .csv, .csv.gz, .parquet"
    )
    command.add_argument(
        "--embedder",
        default="none",
        metavar="NAME",
        help=f"links what no look-up knows: {', '.join(EMBEDDERS)}, or org/model@revision (default: none)",
    )
    command.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="read DIR/<Hub id>/[config/]<split>.jsonl[.gz]|.parquet"
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of all draws (default: 0)")
    add_benchmarks(command)
    add_roles(command)
    add_limits(command)
    add_store(command)


def build(given: argparse.Namespace) -> int:
    """Build a dataset folder and print what became of every question."""
    started = time.time()
    pipeline = known("pipeline", given.pipeline, PIPELINES)
    folder = given.out or Path("build") / pipeline
    publish.expect_free(folder)
    models = models_of(PIPELINES[pipeline], pipeline, given)
    for line in own_judge(models):
        OUT.print(line, markup=False)
    kg = KG.load(given.kg, given.embedder)
    choices = choices_of(PIPELINES[pipeline], given)
    questions, origins = read_questions(
        given.sources.split(","), chosen_splits(given.split), data_dir=given.data_dir, rows=given.rows
    )
    ledger, contamination = checked(questions, origins, given)
    stages = stages_of(PIPELINES[pipeline], kg, given.seed, models, benchmarks=ledger, **choices)
    if given.num_proc:
        kg.open()
    with answers_of(given) as answers:
        rows, runs = run(on_disk(questions), stages, answers=answers, num_proc=given.num_proc)
        routed = has_tiers(rows.column_names)
        tiers = {"tiers": tiers_of(rows, stages, answers.store), "scores": scores_of(rows)} if routed else {}
    inputs = {"graph": kg.digest, "embedder": kg.embedder.facts(), "code": code_hash(), "seed": given.seed}
    inputs |= {"models": shown(models)} if models else {}
    inputs |= choices
    inputs |= {"benchmarks": {key: contamination[key] for key in ("strict", "embedder", "checked")}}
    facts = {
        "pipeline": pipeline,
        "trial": any(origin.trial for origin in origins),
        "origins": [origin.as_dict() for origin in origins],
        "graph": {"name": kg.name, "sha256": kg.digest, "nodes": len(kg.nodes.index), "edges": kg.edge_count},
        "inputs": inputs,
        "about": inspect.getdoc(PIPELINES[pipeline]),
        "stages": show(stages),
        "folder": folder.as_posix(),
        "command": command_line(given),
        "run": run_facts(started, runs) | tiers,
        "contamination": contamination,
    }
    manifest = publish.write(folder, publish.split_rows(rows), facts, {"contamination": ledger.rows()})
    print_summary(manifest, runs, folder)
    for line in [*pins(origins), *said_of(kg.embedder), *what_was_checked(contamination)]:
        OUT.print(line, markup=False)
    return 0


def chosen_splits(given: Sequence[str]) -> dict[str, str]:
    """``source=split`` words as a dict. Raises SourceError where there is no equals sign."""
    if bad := [word for word in given if "=" not in word]:
        raise SourceError(f"--split {bad[0]!r}: expected SOURCE=SPLIT, such as medmcqa=validation")
    return dict(word.split("=", 1) for word in given)


def command_line(given: argparse.Namespace) -> str:
    """The command that builds the same rows: every argument that shapes them."""
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
    words += ["--embedder", given.embedder] if given.embedder != "none" else []
    words += ["--seed", str(given.seed)] + (["--rows", str(given.rows)] if given.rows else [])
    words += ["--data-dir", str(given.data_dir)] if given.data_dir else []
    words += [word for role in ROLES if (name := getattr(given, role)) for word in (f"--{role}", name)]
    words += ["--judge-votes", str(given.judge_votes)] if given.judge_votes != 1 else []
    words += ["--grounded"] if given.grounded else []
    words += ["--benchmarks", given.benchmarks] if given.benchmarks else []
    words += ["--strict"] if given.strict else []
    return shlex.join(words)


def run_facts(started: float, runs: Sequence[StageRun]) -> dict[str, Any]:
    """What differs from run to run, and is no part of the content hash."""
    commit, status = git("rev-parse", "HEAD"), git("status", "--porcelain")
    return {
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 1),
        "stages": [stage_facts(r) for r in runs],
        "git": {"commit": commit, "clean": None if status is None else not status},
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
    }


def stage_facts(one: StageRun) -> dict[str, Any]:
    """Time and, where a model was asked, calls and costs."""
    calls = {"calls": one.calls.as_dict()} if one.calls else {}
    return {"stage": one.stage, "seconds": round(one.seconds, 2), "cached": one.cached, **calls}


def git(*words: str) -> str | None:
    """What git says of this checkout; None outside of one, or without git."""
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def said_of(embedder: Embedder) -> list[str]:
    """What a reader should know of an embedder: that it may change under its name, that nobody has measured it."""
    lines = []
    if embedder.revision == UNPINNED:
        lines.append(f"Embedder {embedder} is not pinned: give it as {embedder.model}@REVISION.")
    if embedder.accept is None:
        lines.append(
            f"Embedder {embedder} is not calibrated: it orders similar names, and only their text accepts them."
        )
    return lines


def print_counts(given: argparse.Namespace) -> int:
    """What every split that has a file in this folder holds."""
    print(count_questions(given.data_dir))
    return 0


def print_stages(given: argparse.Namespace) -> int:
    """Each pipeline, with what every stage reads, adds and uses."""
    kg, models = KG.load("sample"), stand_ins()
    for name, pipeline in PIPELINES.items():
        stages = stages_of(pipeline, kg, 0, models)
        OUT.print(f"{name}\n\n{inspect.getdoc(pipeline)}\n\n{show(stages)}\n", markup=False)
    return 0


def print_estimate(given: argparse.Namespace) -> int:
    """Calls, tokens, dollars and hours of what is not in the store yet."""
    pipeline = known("pipeline", given.pipeline, PIPELINES)
    models = models_of(PIPELINES[pipeline], pipeline, given)
    choices = choices_of(PIPELINES[pipeline], given)
    splits = chosen_splits(given.split)
    questions, origins = read_questions(given.sources.split(","), splits, data_dir=given.data_dir, rows=given.rows)
    choices |= {"benchmarks": checked(questions, origins, given)[0]}
    stages = stages_of(PIPELINES[pipeline], KG.load(given.kg, given.embedder), given.seed, models, **choices)
    found, stopped = estimate(on_disk(questions), stages, store_of(given), sample=given.sample, seed=given.seed)
    OUT.print(f"{len(questions)} questions, estimated from {min(given.sample, len(questions))} of them:", markup=False)
    for line in table(found, read_prices(given.price), given.in_flight, given.rate):
        OUT.print(line, markup=False)
    if stopped:
        OUT.print(
            f"What follows {stopped} cannot be counted before its answers are there: build a few rows (--rows 20) first."
        )
    return 0


def handle_store(given: argparse.Namespace) -> int:
    """Export or import a Parquet file, or print what the store holds."""
    store = store_of(given)
    if given.action == "stats":
        print(store_files.stats(store))
    elif given.file is None:
        raise StoreError(f"store {given.action}: expected a FILE, such as answers.parquet")
    elif given.action == "export":
        print(f"{store_files.export(store, given.file)} entries of {store} written to {given.file}")
    else:
        added, total = store_files.import_(store, given.file)
        print(f"{added} of {total} entries of {given.file} added to {store}; the others were there")
    return 0


def verify_folder(given: argparse.Namespace) -> int:
    """Say what does not match, or that all does, and what could not be checked here."""
    found = verify(given.folder, KG.load(given.kg) if given.kg else None)
    for line in [*found.wrong, *found.notes]:
        print(line)
    places = len(found.wrong)
    print(
        f"{given.folder}: {f'does not match its manifest ({places} times)' if places else 'all matches the manifest'}"
    )
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
