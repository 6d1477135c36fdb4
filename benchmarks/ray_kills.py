"""Kill a worker, a node, or the build itself at random moments of a build on Ray: python -m benchmarks.ray_kills [TIMES] [SEED] [KIND].

TIMES (default 10) of each kind; a worker while there are any. The build (tests/cluster/slow_build.py: 3,072 questions of our own, a stage that asks the scripted server, then two that
take their time) runs on two nodes with one CPU each, which are processes of this machine; the killed one is replaced. After each kill the
build must end, where it was killed itself when it is begun again, with the rows of an undisturbed build. Prints a line for each kill: the answers that
the server was asked for again, and the batches that were done again. The build's process is the one that asks, so that to kill it kills
what owns pace, budget and store.
"""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.model_calls_server import Server
from tests.support.ray_builds import SlowBuild
from tests.support.ray_nodes import Nodes, ray_nodes

KINDS = ("worker", "node", "build")
ROWS_OF_BATCH = 64
WORK_S = 12 * 0.4 / 2  # of the blocks of the slow stage, on two workers


def kill(kind: str, slow: SlowBuild, nodes: Nodes) -> str:
    """Kill one of this kind, and begin the build again where that ended it. Returns what was killed, in words."""
    if kind == "build":
        slow.kill()
        time.sleep(0.5)  # what was in flight is answered by now
        slow.start()
        return "the build"
    working = nodes.processes[-1].pid
    if kind == "node":
        nodes.kill(len(nodes.processes) - 1)
        nodes.join(1)
        return "a node"
    workers = [one for one in psutil.Process(working).children(recursive=True) if one.name().startswith("ray::")]
    tasks = [one for one in workers if "Agent" not in one.name()]
    for one in tasks:
        one.kill()
    return f"{len(tasks)} worker"


def one(kind: str, draw: random.Random, nodes: Nodes, seconds: float, whole: dict) -> bool:
    """One build in which something is killed. Whether it ended as it should."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Server("tests.llm.asking:says", latency_ms=100) as server,
    ):
        asks = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "none"}
        slow = SlowBuild(Path(folder), nodes.address, nodes.token | asks).start()
        while not server.stats()["requests"]:
            time.sleep(0.05)
        after = draw.uniform(0.0, 0.9 * seconds)
        if kind == "worker":  # there is none until the first block
            slow.wait_for(1)
            after = draw.uniform(0.0, 0.9 * WORK_S)
        time.sleep(after)
        ended = slow.process is not None and slow.process.poll() is not None
        killed = "nothing, it had ended" if ended else kill(kind, slow, nodes)
        found, stats = slow.finish(), server.stats()
        firsts = [row for _, row in slow.lines()]
        good = found == whole and stats["distinct"] == whole["rows"]
        print(
            f"{killed:22} after {after:4.1f} s: {'the same rows' if good else 'OTHER ROWS'}, {stats['paid_again']} answers paid again, "
            f"{len(firsts) - len(set(firsts))} of {whole['rows'] // ROWS_OF_BATCH} batches done again",
            flush=True,
        )
        return good and (kind == "build" or stats["paid_again"] == 0)


def main(times: int = 10, seed: int = 0, kinds: Sequence[str] = KINDS) -> int:
    """Exit status 0 where no row was lost or changed, and nothing was paid twice but what was in flight when the build itself was killed."""
    draw = random.Random(seed)
    with ray_nodes(1, 1) as nodes, tempfile.TemporaryDirectory() as folder:
        with Server("tests.llm.asking:says", latency_ms=100) as server:
            asks = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "none"}
            slow = SlowBuild(Path(folder), nodes.address, nodes.token | asks).start()
            while not server.stats()["requests"]:
                time.sleep(0.05)
            started = time.monotonic()
            whole = slow.finish()
            seconds = time.monotonic() - started
        print(f"undisturbed: {whole['rows']} rows, {seconds:.1f} s from the first request", flush=True)
        good = [one(kind, draw, nodes, seconds, whole) for kind in kinds for _ in range(times)]
    print(f"{len(good)} kills, {len(good) - sum(good)} at fault")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3]), *([argument] for argument in sys.argv[3:])))
