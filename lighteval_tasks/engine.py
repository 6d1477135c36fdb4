"""The engine of a run (backend, versions, device), and the tokens with which its model ends an answer."""

import functools
import importlib.metadata
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download

from dataset_builder.publishing.hub.errors import explained
from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks.command import Settings

CPU_BATCH = 8
PACKAGES = {
    "accelerate": ("transformers", "torch", "accelerate"),
    "vllm": ("vllm", "torch"),
    "sglang": ("sglang", "torch"),
}


def engine(settings: Settings) -> dict[str, Any]:
    """The engine's settings and versions. Each of them can change a score by up to several points."""
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


def batch_size(settings: Settings) -> int | None:
    """The batch size of the settings, else CPU_BATCH on a CPU, else None: lighteval searches the largest that fits a GPU.

    On a CPU this search would fill the memory.
    """
    if settings.batch_size or settings.backend != "accelerate":
        return settings.batch_size
    return CPU_BATCH if _device() == "CPU" else None


def commit(settings: Settings) -> str | None:
    """The commit of a Hub model's revision now, from the local cache or the Hub; None for a folder or an endpoint's model.

    Raises SourceError where the model does not exist, or access is denied.
    """
    if settings.backend == "litellm" or settings.is_folder:
        return None
    with explained(f"{settings.model}@{settings.revision}", SourceError):
        return Path(hf_hub_download(settings.model, "config.json", revision=settings.revision)).parent.name


def _device() -> str:
    import torch  # here: seconds to import

    count = torch.cuda.device_count()
    return f"{count} x {torch.cuda.get_device_name(0)}" if count else "CPU"


@functools.cache
def _tokenizer(settings: Settings) -> Any:
    from transformers import AutoTokenizer  # here: seconds to import

    revision = None if settings.is_folder else settings.revision
    try:
        return AutoTokenizer.from_pretrained(settings.model, revision=revision)
    except (OSError, ValueError) as why:
        raise SourceError(
            f"found no tokenizer in {settings.model}; expected a checkpoint that `from_pretrained` loads: {' '.join(str(why).split())[:300]}"
        ) from why


def stop_ids(settings: Settings) -> set[int]:
    """The ids of the tokens at which lighteval's accelerate backend ends an answer."""
    tokenizer = _tokenizer(settings)
    return {token for token in (tokenizer.eos_token_id, tokenizer.pad_token_id) if token is not None}


def has_chat_template(settings: Settings) -> bool:
    """Whether the model has a chat template, which lighteval then uses for the questions."""
    return bool(_tokenizer(settings).chat_template)
