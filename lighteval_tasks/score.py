"""Score a checkpoint or an endpoint: lighteval in a process of its own, on fresh caches, and its details made into scores."""

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks import scores
from lighteval_tasks.command import WORK, Settings, arguments, environment, unlink
from lighteval_tasks.engine import batch_size, commit, engine, has_chat_template, stop_ids
from lighteval_tasks.items import TASKS, data_dir, read_items
from lighteval_tasks.ledger import read_ledger
from lighteval_tasks.outcomes import TaskOutcomes, read_run, split_name

UNFINISHED = "unfinished.json"  # in OUT: what a run was in which requests failed
ANSWERS = ".litellm_cache"  # in OUT: where litellm keeps that run's answers


class FailedRequests(RuntimeError):
    """Some requests came to nothing, so there is no score; the message says which, and how to go on."""


def choose(names: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The tasks to run; without names every source in the free prompt, and why any of these is not at hand.

    Raises SourceError for an unknown name, or a named task whose items are not at hand.
    """
    not_scored: dict[str, str] = {}
    for name in names or TASKS:
        source, *_ = split_name(name)
        try:
            read_items(source, data_dir())
        except SourceError as why:
            if names:
                raise
            not_scored[name] = str(why).partition(" (in the folder")[0]
    chosen = tuple(name for name in names or TASKS if name not in not_scored)
    if not chosen:
        raise SourceError("no benchmark is at hand; " + "; ".join(f"{k}: {v}" for k, v in not_scored.items()))
    return chosen, not_scored


def score(settings: Settings, out: Path, *, not_scored: dict[str, str], dataset: str | None) -> dict[str, Any]:
    """Run lighteval and write scores.json, scores.md and the details to ``out``; gives the scores.

    Raises FailedRequests where a request failed, subprocess.CalledProcessError where lighteval did.
    """
    ledger = read_ledger(dataset) if dataset else None
    revision, pinned = settings.revision, commit(settings)
    settings = dataclasses.replace(settings, revision=pinned or revision, batch_size=batch_size(settings))
    out.mkdir(parents=True, exist_ok=True)
    go_on = _same_as_unfinished(settings, out)
    for stale in (WORK, "details", "results", *([] if go_on else [ANSWERS])):
        shutil.rmtree(out / stale, ignore_errors=True)
    for stale in ("scores.json", "scores.md", "README.md"):
        (out / stale).unlink(missing_ok=True)
    unlink(settings, out)
    (out / WORK).mkdir()
    (out / UNFINISHED).write_text(json.dumps(dataclasses.asdict(settings)), "utf-8")
    chat = settings.backend == "litellm" or has_chat_template(settings)
    command = [sys.executable, "-P", "-m", "lighteval", *arguments(settings, out, chat=chat)]
    subprocess.run(command, cwd=out, env=environment(settings), check=True)
    tasks = read_run(out / "details", stop_ids(settings) if settings.backend == "accelerate" else ())
    _expect_no_failures(tasks, out)
    made = {
        "model": settings.model,
        "revision": revision,
        "commit": pinned,
        "engine": engine(settings),
        "limit": settings.limit,
        "dataset": dataset,
        "not_scored": not_scored,
        "tasks": [scores.summarize(task, ledger) for task in tasks],
    }
    scores.write(out, made)
    _tidy(settings, out)
    return made


def _same_as_unfinished(settings: Settings, out: Path) -> bool:
    """Whether the last run into this folder was the same one, and came to no end: then its answers are kept."""
    path = out / UNFINISHED
    return path.is_file() and json.loads(path.read_text("utf-8")) == json.loads(
        json.dumps(dataclasses.asdict(settings))
    )


def _expect_no_failures(tasks: Sequence[TaskOutcomes], out: Path) -> None:
    failed = {task.name: sum(one.failed for one in task.outcomes) for task in tasks}
    if number := sum(failed.values()):
        of = sum(len(task.outcomes) for task in tasks)
        where = ", ".join(f"{name}: {count}" for name, count in failed.items() if count)
        raise FailedRequests(
            f"{number} of {of} requests failed ({where}), so nothing is scored; lighteval's log above says why. Run the same "
            f"command again: what was answered is kept in {out / ANSWERS}, and only the others are asked. To begin anew, delete it"
        )


def _tidy(settings: Settings, out: Path) -> None:
    """Nothing that could be taken for the answers of other weights stays behind."""
    (out / UNFINISHED).unlink()
    unlink(settings, out)
    for folder in (ANSWERS, WORK):
        shutil.rmtree(out / folder, ignore_errors=True)
