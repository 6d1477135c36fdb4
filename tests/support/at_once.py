"""Processes that begin at the same moment: each says `ready`, and waits for a line."""

import subprocess
from collections.abc import Sequence


def begin(started: Sequence[subprocess.Popen[str]]) -> None:
    """Let them begin, when all are ready."""
    for process in started:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
