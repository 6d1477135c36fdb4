"""What our own code of reasonmed costs: python -m benchmarks.reasonmed_speed [ROWS] [--pad 6000] [--profile FILE]

A build of real questions ($SHARED_DATA/hub, MedQA's train split) with texts of some 6 kB of the scripted server, which is a process of its
own; then the same build again without the stages' caches, so that every answer is read from the store; then once more, where nothing
has changed. CPU and wall seconds of the build's process, and milliseconds of CPU per request.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.model_calls_server import Server
from benchmarks.reasonmed import HUB, IN_FLIGHT, MODELS, PRICES, SETTINGS, manifest


def main() -> None:
    """Print a line for each of the three builds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reasonmed_speed", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=60)
    parser.add_argument("--pad", type=int, default=6000, help="characters of each text beside what it says")
    parser.add_argument("--profile", type=Path, help="write cProfile's figures of the second build here")
    given = parser.parse_args()
    os.environ |= {"SCRIPTED_SOURCES": "medqa", "SCRIPTED_DATA_DIR": str(HUB)}
    with (
        tempfile.TemporaryDirectory() as folder,
        Server("tests.support.llm_server.replies:reply", **SETTINGS, pad=given.pad) as server,
    ):
        home, requests = Path(folder) / "home", 0
        for what in ("asked", "answers in the store", "nothing changed"):
            if what == "answers in the store":
                shutil.rmtree(home / "datasets")
                shutil.rmtree(home / "out.intermediates")
            cpu, wall = build(home, server, given.rows, given.profile if what == "answers in the store" else None)
            sent, requests = server.stats()["requests"] - requests, server.stats()["requests"]
            each = (
                f", {1000 * cpu / sent:.2f} ms of CPU and {sent / wall:.0f} requests/s for {sent:,} requests"
                if sent
                else ""
            )
            print(f"{what}: {cpu:.1f} s of CPU, {wall:.1f} s{each}", flush=True)
        print(f"content hash {manifest(home)['content_hash'][:12]}")


def build(home: Path, server: Server, rows: int, profile: Path | None) -> tuple[float, float]:
    """CPU and wall seconds of a build in a process of its own. Raises RuntimeError where it fails."""
    environment = os.environ | {
        "HF_HOME": str(home),
        "HF_DATASETS_CACHE": str(home / "datasets"),
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": "none",
    }
    words = ["build", "reasonmed", "--sources", "medqa", "--data-dir", str(HUB), "--rows", str(rows), *MODELS]
    words += [word for name, price in PRICES.items() for word in ("--price", f"{name}={price}")]
    words += ["--in-flight", str(IN_FLIGHT), "--out", str(home / "out"), "--store", str(home / "answers.sqlite")]
    python = [sys.executable, *(["-m", "cProfile", "-o", str(profile)] if profile else [])]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([*python, "-m", "dataset_builder", *words], env=environment, capture_output=True, text=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"the build failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


if __name__ == "__main__":
    main()
