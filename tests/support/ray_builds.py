"""A slow build on Ray as a process (tests/cluster/slow_build.py), and what is killed of it: for the slow tests, and for benchmarks.ray_kills."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
END_S = 180.0


class SlowBuild:
    """A build in this folder; begun again, it goes on. ``seconds``: of one of its blocks."""

    def __init__(
        self, folder: Path, address: str, token: dict[str, str], blocks: int = 12, seconds: float = 0.4
    ) -> None:
        self.folder, self.blocks = folder, blocks
        folder.mkdir(exist_ok=True)
        home = {"HF_HOME": str(folder / "hf"), "HF_DATASETS_CACHE": str(folder / "cache"), "HOME": str(folder)}
        self.environment = os.environ | home | token
        self.command = [
            sys.executable,
            "-m",
            "tests.cluster.slow_build",
            str(folder),
            address,
            str(blocks),
            str(seconds),
        ]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> "SlowBuild":
        """Start the process."""
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        return self

    def finish(self) -> dict:
        """What it prints. Raises AssertionError with what it said where it failed."""
        assert self.process
        out, said = self.process.communicate(timeout=END_S)
        assert self.process.returncode == 0, said
        return json.loads(out.splitlines()[-1])

    def kill(self) -> list[psutil.Process]:
        """Kill the process of the build. Returns those that it had started."""
        assert self.process
        started = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.communicate()
        return started

    def lines(self) -> list[tuple[int, int]]:
        """What its workers wrote so far: the process, and the number of a batch's first row."""
        with contextlib.suppress(FileNotFoundError):
            words = (line.split() for line in (self.folder / "log").read_text().splitlines())
            return [(int(pid), int(row)) for pid, row in words]
        return []

    def wait_for(self, lines: int) -> None:
        """Wait until the workers have written so many lines. Raises AssertionError where it ended before."""
        assert self.process
        deadline = time.monotonic() + END_S
        while len(self.lines()) < lines:
            assert self.process.poll() is None and time.monotonic() < deadline, self.process.communicate()[1]
            time.sleep(0.02)

    def kill_worker(self) -> None:
        """Kill the worker that wrote last, and works."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.lines()[-1][0], signal.SIGKILL)
