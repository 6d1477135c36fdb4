"""Run a script of this folder in a process of its own, and read what it prints: transformers and TRL must not be imported in the
pytest process (what they pull in crashes the interpreter at its exit)."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
QUIET = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}

ON_A_HUB = ("run_training", "run_strangers")  # on loopback


@functools.cache
def result(name: str, *arguments: str) -> Any:
    """The last line that the script prints, as JSON; once for all tests of a session."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.sft.{name}", *arguments],
        cwd=ROOT,
        env=os.environ | QUIET | ({"HF_HUB_OFFLINE": "0"} if name in ON_A_HUB else {}),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{name}:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    return json.loads(done.stdout.splitlines()[-1])
