"""Kill a build of medreason with SIGKILL at random moments until one ends: what was paid again, and is the dataset the same?"""

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.model_calls_server import Server, environment_of

IN_FLIGHT = 64
BUILD = ("build", "medreason", "--writer", "scripted", "--judge", "scripted", "--in-flight", str(IN_FLIGHT))


def kill_at_random(times: int) -> str:
    """A line with what was found. Raises RuntimeError where a row is lost, doubled or another."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Server("tests.support.llm_server.replies:reply", latency_ms=100) as server,
    ):
        whole = _finish(Path(folder) / "whole", server)
        requests = server.stats()["requests"]
    with (
        tempfile.TemporaryDirectory() as folder,
        Server("tests.support.llm_server.replies:reply", latency_ms=100) as server,
    ):
        again, paid_before = [], 0
        for moment in sorted(random.Random().sample(range(1, requests), times)):
            _kill(Path(folder), server, moment)
            time.sleep(0.2)  # what was in flight is paid by now
            paid = server.stats()["paid_again"]
            again.append(paid - paid_before)
            paid_before = paid
        killed = _finish(Path(folder), server)
        again = [*again[1:], server.stats()["paid_again"] - paid_before]  # a kill is paid for in the next run
        distinct = server.stats()["distinct"]
    if (killed["content_hash"], distinct) != (whole["content_hash"], requests):
        raise RuntimeError(
            f"after {times} kills the dataset is another one ({distinct} requests, {requests} undisturbed)"
        )
    return (
        f"{times} kills in a build of {requests} requests, {IN_FLIGHT} in flight: the same content hash, paid again "
        f"{sorted(again)} (at most {max(again)} after one kill)"
    )


def _process(home: Path, server: Server) -> subprocess.Popen[bytes]:
    environment = environment_of(home, server.url)
    command = [sys.executable, "-m", "dataset_builder", *BUILD, "--out", str(home / "out")]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _finish(home: Path, server: Server) -> dict:
    if _process(home, server).wait():
        raise RuntimeError("the build failed")
    return json.loads((home / "out/manifest.json").read_text())


def _kill(home: Path, server: Server, moment: int) -> None:
    """Kill the build when so many different requests have come in."""
    process = _process(home, server)
    while process.poll() is None and server.stats()["distinct"] < moment:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
