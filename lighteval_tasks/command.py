"""lighteval's command line for what is to be scored, and the files that it reads."""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from huggingface_hub import snapshot_download

from lighteval_tasks.items import data_dir

TASKS_FILE = Path(__file__).with_name("tasks.py")
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

    @property
    def is_folder(self) -> bool:
        """Whether the model is a folder on this machine, which has no revision."""
        return Path(self.model).is_dir()


def arguments(settings: Settings, out: Path, *, chat: bool = True) -> list[str]:
    """What stands behind `lighteval`. ``chat``: the model has a chat template.

    Its own first token is in the template's text, as in training; lighteval would add it once more.
    """
    common = [",".join(f"medical:{name}|0" for name in settings.tasks), "--custom-tasks", str(TASKS_FILE)]
    common += ["--output-dir", ".", "--save-details"]
    common += ["--max-samples", str(settings.limit)] if settings.limit else []
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
    """The model's name as lighteval should get it: of a folder a relative one, since under an absolute one it keeps its cache there.

    lighteval's sglang backend knows no revisions; there the model is fetched at its revision, and is a folder too.
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


def environment(settings: Settings) -> dict[str, str]:
    more = {"MEDICAL_MAX_NEW_TOKENS": str(settings.max_new_tokens), "MEDICAL_GO_ON": "1"}
    more["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TASKS_FILE.parent.parent), os.environ.get("PYTHONPATH")]))
    if folder := data_dir():
        more["MEDICAL_DATA_DIR"] = str(folder.resolve())
    if settings.backend == "litellm":
        more["OPENAI_API_KEY"] = os.environ.get("OPENAI_API_KEY") or "none"  # a server on this machine asks for none
    return os.environ | more
