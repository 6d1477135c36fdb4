"""Interrupt builds at random moments: every answer that the server sent must be in the store, and the end must be the same.

    python -m benchmarks.interrupted [TIMES] [SEED]        TIMES (default 50) with SIGINT, as many with SIGTERM

Builds `medreason` on the sample with the scripted model server, each time with a store and a cache of its own, interrupts it once at a
random moment, and builds it again to the end. Counts the answers that the server has sent against those in the store, the calls of both
runs against those of a build that is not interrupted, tracebacks, and other rows.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dataset_builder.answer_store.store import AnswerStore
from tests.support.llm_server.running import Running, running

ROOT = Path(__file__).parent.parent
LATENCY_MS = 300


class Build:
    """A build with a store, a cache and a folder of its own."""

    def __init__(self, place: Path, server: Running) -> None:
        self.place, self.server = place, server
        self.environment = os.environ | {
            "HF_HOME": str(place / "hf"), "HF_DATASETS_CACHE": str(place / "hf/datasets"),
            "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "scripted",
        }  # fmt: skip
        self.command = [
            *(
                sys.executable,
                "-m",
                "dataset_builder",
                "build",
                "medreason",
                "--writer",
                "scripted",
                "--judge",
                "scripted",
            ),
            *("--store", str(place / "answers.sqlite"), "--out", str(place / "out")),
        ]

    def start(self) -> "subprocess.Popen[str]":
        """The process."""
        nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
        return subprocess.Popen(self.command, cwd=ROOT, env=self.environment, stdout=nothing, stderr=pipe, text=True)

    def run(self, after_s: float | None = None, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Exit status and stderr; with ``after_s`` the signal is sent so many seconds after the first call reached the server."""
        process = self.start()
        if after_s is not None:
            while not self.server.stats()["requests"] and process.poll() is None:
                time.sleep(0.02)
            time.sleep(after_s)
            process.send_signal(number)
        said = process.communicate()[1]
        return process.returncode, said

    def rows(self) -> dict[str, Any]:
        manifest = json.loads((self.place / "out/manifest.json").read_text("utf-8"))
        return {"content_hash": manifest["content_hash"]}

    def stored(self) -> int:
        store = AnswerStore(self.place / "answers.sqlite")
        return sum(entry.status in ("good", "bad") for entry in store.entries())


def interrupted(after_s: float, number: signal.Signals, whole: dict[str, Any], server: Running) -> dict[str, Any]:
    """One interrupted build, and the one that completes it."""
    with tempfile.TemporaryDirectory(prefix="interrupted-") as place:
        build = Build(Path(place), server)
        server.change(latency_ms=LATENCY_MS, jitter=0.5)
        status, said = build.run(after_s, number)
        sent, stored = server.stats()["paid"], build.stored()
        again, more = build.run()
        stats = server.stats()
        return {
            "signal": number.name, "after_s": round(after_s, 2), "status": status, "sent": sent, "stored": stored,
            "paid_again": stats["paid_again"], "traceback": "Traceback" in said + more, "same": again == 0 and build.rows() == whole,
        }  # fmt: skip


def main(times: int = 50, seed: int = 0) -> int:
    """Exit status 0 where nothing was lost, paid twice or different."""
    draw = random.Random(seed)
    with running() as server:
        place = Path(tempfile.mkdtemp(prefix="interrupted-"))
        server.change(latency_ms=LATENCY_MS, jitter=0.5)
        first = Build(place, server)
        started = time.monotonic()
        assert first.run()[0] == 0
        seconds, whole = time.monotonic() - started, first.rows()
        shutil.rmtree(place)
        found = []
        for number in (signal.SIGINT, signal.SIGTERM):
            for _ in range(times):
                found.append(interrupted(draw.uniform(0.0, 0.4 * seconds), number, whole, server))
                print(json.dumps(found[-1]), flush=True)
    bad = [
        one
        for one in found
        if one["sent"] != one["stored"] or one["paid_again"] or one["traceback"] or not one["same"]
    ]
    ended = sum(one["status"] != 0 for one in found)  # 130: while it asked; minus the signal: between two stages
    print(
        f"{len(found)} builds, {ended} interrupted before their end: {sum(one['sent'] for one in found)} answers sent, {len(bad)} builds at fault"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
