"""Refuse to train while an abandoned compile lock exists.

PyTorch compiles DeepSpeed's operators at their first use and marks the folder with a file `lock`. A run that is killed meanwhile
leaves the file, and every later run waits for it forever, without a message."""

import os
import time
from pathlib import Path

from torch.utils.cpp_extension import get_default_build_root

from sft.recipe import RecipeError

LONGEST = 1800.0
"""Seconds. The operators that the recipes use compile in about a minute."""


def refuse_abandoned() -> None:
    """Raises RecipeError where a lock is older than LONGEST, more than any compilation takes."""
    root = Path(os.environ.get("TORCH_EXTENSIONS_DIR") or get_default_build_root())
    left = [lock for lock in sorted(root.glob("**/lock")) if time.time() - lock.stat().st_mtime > LONGEST]
    if left:
        raise RecipeError(
            f"found {', '.join(map(str, left))}, older than {LONGEST / 60:.0f} minutes; expected no such lock. A run was killed "
            "while it compiled, and training would wait forever. If no other run compiles now, remove it and start again"
        )
