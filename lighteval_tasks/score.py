"""Score a checkpoint or an endpoint: lighteval in a process of its own, on fresh caches, and its details made into scores."""

import dataclasses
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from dataset_builder.raw_data import SourceError
from lighteval_tasks import scores
from lighteval_tasks.items import TASKS, data_dir, read_items
from lighteval_tasks.ledger import read_ledger
from lighteval_tasks.outcomes import TaskOutcomes, read_run, split_name

TASKS_FILE = Path(__file__).with_name("tasks.py")
PACKAGES = {
    "accelerate": ("transformers", "torch", "accelerate"),
    "vllm": ("vllm", "torch"),
    "sglang": ("sglang", "torch"),
}
UNFINISHED = "unfinished.json"  # in OUT: what a run was in which requests failed
ANSWERS = ".litellm_cache"  # in OUT: where litellm keeps that run's answers
WORK = ".work"  # in OUT: lighteval's cache and what else only the run needs


@dataclass(frozen=True)
class Settings:
    """What is scored, and how."""

    model: str
    revision: str
    tasks: tuple[str, ...]
    backend: str = "accelerate"
    limit: int | None = None
    base_url: str | None = None
    dtype: str | None = None
    batch_size: int | None = None
    max_length: int | None = None
    max_new_tokens: int = 4096
    concurrency: int = 16
    retries: int = 8


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
    out.mkdir(parents=True, exist_ok=True)
    go_on = _same_as_unfinished(settings, out)
    for stale in (WORK, "details", "results", *([] if go_on else [ANSWERS])):
        shutil.rmtree(out / stale, ignore_errors=True)
    for stale in ("scores.json", "scores.md", "README.md", _link(settings.model, out).name):
        (out / stale).unlink(missing_ok=True)
    (out / WORK).mkdir()
    (out / UNFINISHED).write_text(json.dumps(dataclasses.asdict(settings)), "utf-8")
    command = [sys.executable, "-P", "-m", "lighteval", *_arguments(settings, out)]
    subprocess.run(command, cwd=out, env=_environment(settings), check=True)
    tasks = read_run(out / "details", stop_ids(settings) if settings.backend == "accelerate" else ())
    _expect_no_failures(tasks, out)
    made = {
        "model": settings.model,
        "revision": settings.revision,
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


def _arguments(settings: Settings, out: Path) -> list[str]:
    common = [",".join(f"medical:{name}|0" for name in settings.tasks), "--custom-tasks", str(TASKS_FILE)]
    common += ["--output-dir", ".", "--save-details"]
    common += ["--max-samples", str(settings.limit)] if settings.limit else []
    if settings.backend == "litellm":
        return ["endpoint", "litellm", _endpoint_file(settings, out), *common]
    length = "max_length" if settings.backend == "accelerate" else "max_model_length"
    given = {
        "model_name": _local(settings.model, out),
        "revision": settings.revision if not Path(settings.model).is_dir() else None,
        "dtype": settings.dtype,
        "batch_size": settings.batch_size if settings.backend == "accelerate" else None,
        "context_length" if settings.backend == "sglang" else length: settings.max_length,
        "cache_dir": f"{WORK}/cache",
    }
    return [settings.backend, ",".join(f"{name}={value}" for name, value in given.items() if value), *common]


def _local(model: str, out: Path) -> str:
    """A model's name as lighteval should get it: of a folder a relative one, since under an absolute one it keeps its cache there."""
    if not Path(model).is_dir():
        return model
    link = _link(model, out)
    link.symlink_to(Path(model).resolve(), target_is_directory=True)
    return link.name


def _link(model: str, out: Path) -> Path:
    return out / Path(model).resolve().name


def _endpoint_file(settings: Settings, out: Path) -> str:
    """litellm's settings as lighteval reads them. The key is not among them: it comes from $OPENAI_API_KEY."""
    parameters = {
        "model_name": f"openai/{settings.model}",
        "provider": "openai",
        "base_url": settings.base_url,
        "concurrent_requests": settings.concurrency,
        "api_max_retry": settings.retries,
        "max_model_length": settings.max_length or 32768,
        "cache_dir": f"{WORK}/cache",
        "generation_parameters": {"temperature": 0.0},
    }
    path = out / WORK / "endpoint.yaml"
    path.write_text(yaml.safe_dump({"model_parameters": parameters}), "utf-8")
    return str(path.relative_to(out))


def _environment(settings: Settings) -> dict[str, str]:
    more = {"MEDICAL_MAX_NEW_TOKENS": str(settings.max_new_tokens), "MEDICAL_GO_ON": "1"}
    more["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TASKS_FILE.parent.parent), os.environ.get("PYTHONPATH")]))
    if folder := data_dir():
        more["MEDICAL_DATA_DIR"] = str(folder.resolve())
    if settings.backend == "litellm":
        more["OPENAI_API_KEY"] = os.environ.get("OPENAI_API_KEY") or "none"  # a server on this machine asks for none
    return os.environ | more


def stop_ids(settings: Settings) -> set[int]:
    """The tokens with which lighteval's accelerate backend lets an answer end."""
    from transformers import AutoTokenizer  # here: seconds to import

    local = Path(settings.model).is_dir()
    tokenizer = AutoTokenizer.from_pretrained(settings.model, revision=None if local else settings.revision)
    return {token for token in (tokenizer.eos_token_id, tokenizer.pad_token_id) if token is not None}


def _expect_no_failures(tasks: Sequence[TaskOutcomes], out: Path) -> None:
    failed = {task.name: sum(one.failed for one in task.outcomes) for task in tasks}
    if number := sum(failed.values()):
        of = sum(len(task.outcomes) for task in tasks)
        where = ", ".join(f"{name}: {count}" for name, count in failed.items() if count)
        raise FailedRequests(
            f"{number} of {of} requests failed ({where}), so nothing is scored; lighteval's log above says why. Run the same "
            f"command again: what was answered is kept in {out / ANSWERS}, and only the others are asked. To begin anew, delete it"
        )


def engine(settings: Settings) -> dict[str, Any]:
    """What the outputs were made with: they differ by up to several points with any of it."""
    names = ("lighteval", *PACKAGES.get(settings.backend, ("litellm",)))
    return {
        "backend": settings.backend,
        "dtype": settings.dtype or ("the checkpoint's" if settings.backend != "litellm" else None),
        "device": _device() if settings.backend != "litellm" else None,
        "endpoint": settings.base_url,
        "batch_size": settings.batch_size,
        "temperature": 0,
        "max_new_tokens": settings.max_new_tokens,
        **{name: _version(name) for name in names},
        "python": ".".join(map(str, sys.version_info[:3])),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device() -> str:
    import torch  # here: seconds to import

    count = torch.cuda.device_count()
    return f"{count} x {torch.cuda.get_device_name(0)}" if count else "CPU"


def _tidy(settings: Settings, out: Path) -> None:
    """Nothing that could be taken for the answers of other weights stays behind."""
    (out / UNFINISHED).unlink()
    _link(settings.model, out).unlink(missing_ok=True)
    for folder in (ANSWERS, WORK):
        shutil.rmtree(out / folder, ignore_errors=True)
