"""python -m dataset_builder build|stages|verify|count: build a dataset folder, show the pipelines, check a folder, count
what the sources hold."""

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

from rich.console import Console
from rich.table import Table

from dataset_builder import publish
from dataset_builder.funnel import reasons_of, total
from dataset_builder.pipelines import PIPELINES
from dataset_builder.questions import Origin, count_questions, on_disk, read_questions
from dataset_builder.raw_data import LOCAL, SourceError
from dataset_builder.sources import SOURCES, UNPINNED, known
from dataset_builder.stage import ROOT, StageRun, code_hash, run, show
from dataset_builder.verify import verify
from kg import KG, NAMES, Embedder, EmbedderError, GraphError
from kg.embedder import EMBEDDERS
from kg.guard import UnusableEnvironment

VERSIONS = ("datasets", "huggingface_hub", "pyarrow", "numpy", "pyahocorasick")
OUT = Console(highlight=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status: 0 done, 1 `verify` found something, 2 bad input (with a message, no traceback)."""
    given = parser().parse_args(arguments)
    try:
        return given.command(given)
    except (SourceError, GraphError, EmbedderError, publish.FolderError, UnusableEnvironment) as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    except OSError as why:  # a full disk, a folder that is not ours to write
        print(f"error: {why}. Nothing is lost: mend it, and run the same command again", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line; its help is the manual."""
    top = argparse.ArgumentParser(prog="python -m dataset_builder", description=__doc__)
    commands = top.add_subparsers(required=True)
    build_ = commands.add_parser("build", help="build a dataset folder")
    build_.set_defaults(command=build)
    build_.add_argument("pipeline", metavar="PIPELINE", help=f"one of: {', '.join(PIPELINES)}")
    build_.add_argument(
        "--sources", default="sample", help=f"comma-separated, of: {', '.join(SOURCES)} (default: sample)"
    )
    build_.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="SOURCE=SPLIT",
        help="take this split of a source instead of its train split; an evaluation split makes the build a trial",
    )
    build_.add_argument("--rows", type=positive, metavar="N", help="only the first N rows of each source")
    build_.add_argument(
        "--kg", default="sample", metavar="NAME_OR_FILE", help=f"{', '.join(NAMES)}, or a .csv, .csv.gz, .parquet"
    )
    build_.add_argument(
        "--embedder",
        default="none",
        metavar="NAME",
        help=f"links what no look-up knows: {', '.join(EMBEDDERS)}, or org/model@revision (default: none)",
    )
    build_.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="read DIR/<Hub id>/[config/]<split>.jsonl[.gz]|.parquet"
    )
    build_.add_argument("--out", type=Path, metavar="DIR", help="the dataset folder (default: build/PIPELINE)")
    build_.add_argument("--num-proc", type=positive, metavar="N", help="worker processes (default: 1)")
    build_.add_argument("--seed", type=int, default=0, metavar="N", help="of all draws (default: 0)")
    stages = commands.add_parser("stages", help="print each pipeline as a table of its stages")
    stages.set_defaults(command=print_stages)
    verify_ = commands.add_parser("verify", help="check a dataset folder against its manifest")
    verify_.add_argument("folder", type=Path)
    verify_.add_argument("--kg", metavar="NAME_OR_FILE", help="the graph that it was built with, to compare it too")
    verify_.set_defaults(command=verify_folder)
    count = commands.add_parser("count", help="count what each source's files hold, by answer type and reason")
    count.add_argument("data_dir", type=Path, metavar="DIR", help="as --data-dir of build")
    count.set_defaults(command=print_counts)
    return top


def positive(text: str) -> int:
    """A whole number above zero, as argparse wants it checked."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"found {number}, expected a whole number above 0")
    return number


def build(given: argparse.Namespace) -> int:
    """Build a dataset folder and print what became of every question."""
    started = time.time()
    pipeline = known("pipeline", given.pipeline, PIPELINES)
    folder = given.out or Path("build") / pipeline
    publish.expect_free(folder)
    kg = KG.load(given.kg, given.embedder)
    stages = PIPELINES[pipeline](kg, given.seed)
    questions, origins = read_questions(
        given.sources.split(","), chosen_splits(given.split), data_dir=given.data_dir, rows=given.rows
    )
    if given.num_proc:
        kg.open()
    rows, runs = run(on_disk(questions), stages, num_proc=given.num_proc)
    inputs = {"graph": kg.digest, "embedder": kg.embedder.facts(), "code": code_hash(), "seed": given.seed}
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
        "run": run_facts(started, runs),
    }
    manifest = publish.write(folder, publish.split_rows(rows), facts)
    print_summary(manifest, runs, folder)
    for line in [*pins(origins), *said_of(kg.embedder)]:
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
    return shlex.join(words)


def run_facts(started: float, runs: Sequence[StageRun]) -> dict[str, Any]:
    """What differs from run to run, and is no part of the content hash."""
    commit, status = git("rev-parse", "HEAD"), git("status", "--porcelain")
    return {
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 1),
        "stages": [{"stage": r.stage, "seconds": round(r.seconds, 2), "cached": r.cached} for r in runs],
        "git": {"commit": commit, "clean": None if status is None else not status},
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
    }


def git(*words: str) -> str | None:
    """What git says of this checkout; None outside of one, or without git."""
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def print_summary(manifest: dict[str, Any], runs: Sequence[StageRun], folder: Path) -> None:
    """The funnel, the time of each stage, and the line that loads the result."""
    counts = total(manifest["funnel"])
    questions = Table(title="questions", title_justify="left")
    for column in ("source", "in", "published", "rejected"):
        questions.add_column(column, justify="left" if column == "source" else "right")
    questions.add_column("because")
    table = {**manifest["funnel"], "all": counts} if len(manifest["funnel"]) > 1 else manifest["funnel"]
    for name, count in table.items():
        because = ", ".join(f"{number} {reason}" for reason, number in reasons_of(count).items())
        questions.add_row(
            name, *map(str, (count["in"], count["published"], count["in"] - count["published"])), because
        )
    times = Table(title="stages", title_justify="left")
    for column in ("stage", "seconds", ""):
        times.add_column(column, justify="right" if column == "seconds" else "left")
    for r in runs:
        times.add_row(r.stage, f"{r.seconds:.2f}", "from cache" if r.cached else "")
    OUT.print(questions, times)
    if manifest["trial"]:
        OUT.print("A trial: it holds rows of an evaluation split, and is never training data.")
    OUT.print(f"{counts['published']} rows published in {folder} ({manifest['run']['seconds']} s). To load them:")
    OUT.print(f"    from datasets import load_dataset; rows = load_dataset({folder.as_posix()!r})", markup=False)


def pins(origins: Sequence[Origin]) -> list[str]:
    """What to write into the record of every source that was read at the newest commit, so that a rebuild reads the same."""
    return [
        f"{origin.source} is not pinned. To read these rows again, put into its record in dataset_builder/sources.py:\n"
        f'    revision="{origin.revision}",'
        for origin in origins
        if SOURCES[origin.source].revision == UNPINNED and origin.revision != LOCAL
    ]


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
    kg = KG.load("sample")
    for name, pipeline in PIPELINES.items():
        OUT.print(f"{name}\n\n{inspect.getdoc(pipeline)}\n\n{show(pipeline(kg, 0))}\n", markup=False)
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
