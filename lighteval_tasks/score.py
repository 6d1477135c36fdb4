"""Score a checkpoint or an endpoint: run lighteval in its own process with fresh caches, and score its details."""

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

UNFINISHED = "unfinished.json"  # in OUT: the settings of a run that has not finished, or in which requests failed
ANSWERS = ".litellm_cache"  # in OUT: litellm's folder with the answers of that run


class FailedRequests(RuntimeError):
    """Some requests failed, so there is no score; the message says how many per task, and how to continue."""


def choose(names: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The tasks to run, and the reason for every source that is not available. Default: every source in the free prompt.

    Raises SourceError for an unknown name, for a named task whose items are not available, or if no task is left.
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
        raise SourceError("no benchmark is available; " + "; ".join(f"{k}: {v}" for k, v in not_scored.items()))
    return chosen, not_scored


def score(settings: Settings, out: Path, *, not_scored: dict[str, str], dataset: str | None) -> dict[str, Any]:
    """Run lighteval and write scores.json, scores.md and the details to ``out``. Returns the scores.

    Raises FailedRequests where a request failed, subprocess.CalledProcessError where lighteval failed.
    """
    ledger = read_ledger(dataset) if dataset else None
    revision, pinned = settings.revision, commit(settings)
    settings = dataclasses.replace(settings, revision=pinned or revision, batch_size=batch_size(settings))
    out.mkdir(parents=True, exist_ok=True)
    go_on = _same_as_unfinished(settings, out)
    for stale in (WORK, "details", "results", *([] if go_on else [ANSWERS])):
        shutil.rmtree(out / stale, ignore_errors=True)
    for stale in ("scores.json", "scores.md", "claims.parquet", "README.md"):
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
        **({"orders": settings.orders} if settings.orders > 1 else {}),
        "dataset": dataset,
        "not_scored": not_scored,
        "tasks": [scores.summarize(task, ledger) for task in tasks],
    }
    scores.write(out, made)
    _tidy(settings, out)
    return made


def _same_as_unfinished(settings: Settings, out: Path) -> bool:
    """Whether the last run in this folder had the same settings and did not finish; then its answers are kept."""
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
            f"{number} of {of} requests failed ({where}), so no scores were written; lighteval's log above says why. Run the same "
            f"command again: it keeps the answers in {out / ANSWERS} and asks only for the others. To ask for all again, delete this folder"
        )


def _tidy(settings: Settings, out: Path) -> None:
    """Delete the stored answers, so that they cannot be used for other weights under the same name."""
    (out / UNFINISHED).unlink()
    unlink(settings, out)
    for folder in (ANSWERS, WORK):
        shutil.rmtree(out / folder, ignore_errors=True)
