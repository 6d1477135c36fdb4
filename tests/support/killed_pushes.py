"""SIGKILL a push, or its Hub, at random moments: is the last revision complete, and does the next push succeed?"""

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.support.hub.running import ROOT, Process, Running
from tests.support.push_folder import write_folder

NAME = "org/killed"
MEGABYTES = 80  # of a push: its upload takes a while, and can be hit
CHECK = f"""
import sys
from datasets import load_dataset
from dataset_builder.__main__ import main
assert load_dataset({NAME!r})["train"].num_rows > 1
sys.exit(main(["verify", {NAME!r}]))
"""


def kill(victim: str, times: int, megabytes: float = MEGABYTES) -> str:
    """A line with what was found. ``victim``: client or server. Raises RuntimeError where a revision is not whole, or a push fails."""
    found = Counter[str]()
    with tempfile.TemporaryDirectory() as folder, Process(Path(folder) / "hub") as process:
        hub = process.start()
        seconds = _undisturbed(hub, Path(folder), megabytes)
        for number in range(1, times + 1):
            data = Path(folder) / "data"
            write_folder(data, megabytes, seed=number)
            before = _head(hub)
            push = _push(hub, data)
            time.sleep(random.uniform(0.6, 1) * seconds)  # before that it imports its libraries
            found["it had ended before"] += push.poll() is not None
            if victim == "server":
                process.kill()
                process.start()
            else:
                push.kill()
            found[f"exit status {push.wait()}"] += 1
            found["the new revision was there"] += _head(hub) != before
            _expect_whole(hub, f"after kill {number} of the {victim}")
            if _push(hub, data).wait() != 0:
                raise RuntimeError(f"the push after kill {number} of the {victim} failed")
            _expect_whole(hub, f"after the push that followed kill {number}")
    counts = ", ".join(f"{what}: {count}" for what, count in sorted(found.items()))
    return f"{times} kills of the {victim} in pushes of {megabytes} MB and {seconds:.1f} s: every revision whole, every next push done ({counts})"


def _undisturbed(hub: Running, folder: Path, megabytes: float) -> float:
    write_folder(folder / "data", megabytes, seed=0)
    started = time.perf_counter()
    if _push(hub, folder / "data").wait() != 0:
        raise RuntimeError("the first push failed")
    return time.perf_counter() - started


def _push(hub: Running, data: Path) -> subprocess.Popen[bytes]:
    """As somebody at a terminal; a cache of its own each time."""
    command = [sys.executable, "-m", "dataset_builder", "push", str(data), "--repo", NAME]
    return subprocess.Popen(command, cwd=ROOT, env=hub.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _head(hub: Running) -> str:
    return (hub.root / f"datasets/{NAME}.git/refs/heads/main").read_text()


def _expect_whole(hub: Running, when: str) -> None:
    """Loaded and verified in a new process with an empty cache, and found whole by git where there is one."""
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=ROOT, env=hub.env(), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{when}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    repository = hub.root / f"datasets/{NAME}.git"
    git = subprocess.run(["git", "-C", str(repository), "fsck", "--full"], capture_output=True, text=True)
    if git.returncode:
        raise RuntimeError(f"{when}: git fsck: {git.stderr}")
