"""The command line for lighteval, its environment, and the files that it reads."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from huggingface_hub import snapshot_download

from lighteval_tasks.items import data_dir

TASKS_FILE = Path(__file__).with_name("tasks.py")
WORK = ".work"  # in OUT: lighteval's cache and other files that only the run needs


@dataclass(frozen=True)
class Settings:
    """The model to score, its tasks, and how to run it."""

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
    orders: int = 1

    @property
    def is_folder(self) -> bool:
        """Whether the model is a folder on this machine, which has no revision."""
        return Path(self.model).is_dir()


def arguments(settings: Settings, out: Path, *, chat: bool = True) -> list[str]:
    """The arguments after `lighteval`. ``chat``: the model has a chat template.

    The template's text already contains the first token, as in training; lighteval would add it once more.
    """
    common = [",".join(f"medical:{name}|0" for name in settings.tasks), "--custom-tasks", str(TASKS_FILE)]
    common += ["--output-dir", ".", "--save-details"]
    # with several orders `items.prepare` limits the items: lighteval would count their outputs
    common += ["--max-samples", str(settings.limit)] if settings.limit and settings.orders == 1 else []
    if settings.backend == "litellm":
        return ["endpoint", "litellm", _endpoint_file(settings, out), *common]
    length = "max_length" if settings.backend == "accelerate" else "max_model_length"
    given = {
        "model_name": _local(settings, out),
        "revision": settings.revision if settings.backend != "sglang" and not settings.is_folder else None,
        "add_special_tokens": "False" if chat else None,
        "dtype": settings.dtype,
        "batch_size": settings.batch_size if settings.backend == "accelerate" else None,
        "context_length" if settings.backend == "sglang" else length: settings.max_length,
        "cache_dir": f"{WORK}/cache",
    }
    return [settings.backend, ",".join(f"{name}={value}" for name, value in given.items() if value), *common]


def _local(settings: Settings, out: Path) -> str:
    """The model's name for lighteval. For a folder a relative path: with an absolute one lighteval would put its cache there.

    lighteval's sglang backend has no revisions; for it the model is downloaded at its revision, and is a folder too.
    """
    if settings.is_folder:
        folder = Path(settings.model)
    elif settings.backend == "sglang":
        folder = Path(snapshot_download(settings.model, revision=settings.revision))
    else:
        return settings.model
    link = _link(settings.model, out)
    link.symlink_to(folder.resolve(), target_is_directory=True)
    return link.name


def unlink(settings: Settings, out: Path) -> None:
    link = _link(settings.model, out)
    if link.is_symlink():
        link.unlink()


def _link(model: str, out: Path) -> Path:
    return out / Path(model).resolve().name


def _endpoint_file(settings: Settings, out: Path) -> str:
    """Write the settings for litellm as lighteval reads them. Returns the path. The key comes from $OPENAI_API_KEY."""
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


def environment(settings: Settings) -> dict[str, str]:
    # lighteval's tables have characters that a terminal may lack
    more = {
        "PYTHONIOENCODING": f"{sys.stdout.encoding}:backslashreplace",
        "MEDICAL_MAX_NEW_TOKENS": str(settings.max_new_tokens),
        "MEDICAL_GO_ON": "1",
        "MEDICAL_ORDERS": str(settings.orders),
        "MEDICAL_LIMIT": str(settings.limit or ""),
    }
    more["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TASKS_FILE.parent.parent), os.environ.get("PYTHONPATH")]))
    if folder := data_dir():
        more["MEDICAL_DATA_DIR"] = str(folder.resolve())
    if settings.backend == "litellm":
        more["OPENAI_API_KEY"] = os.environ.get("OPENAI_API_KEY") or "none"  # a local server needs no key
    return os.environ | more
