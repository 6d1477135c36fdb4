"""The CPU time of reasonmed's parts with long rationales: python -m benchmarks.reasonmed_long [ROWS [CHARACTERS]] [--profile FILE].

How much does a request cost while it is asked? How much does the same build cost again: without its caches, with them? How often
is each distinct text read? Questions: $SHARED_DATA/hub (MedQA's train split); the server is a process of its own.
"""

import argparse
import cProfile
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.model_calls_server import Server
from benchmarks.reasonmed import HUB, SETTINGS, build_of

MAIN = Path(__file__).stem


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="?", type=int, default=600)
    parser.add_argument("characters", nargs="?", type=int, default=6000)
    parser.add_argument(
        "--profile", help="file of cProfile, of the first build; FILE.again: of the one with its caches"
    )
    given = parser.parse_args()
    os.environ |= {"SCRIPTED_SOURCES": "medqa", "SCRIPTED_DATA_DIR": str(HUB)}
    how: dict[str, Any] = SETTINGS | {"latency_ms": 20, "long": given.characters}
    with tempfile.TemporaryDirectory() as folder, Server("tests.support.llm_server.replies:reply", **how) as server:
        home = Path(folder)
        profile = ["--profile", given.profile] if given.profile else []
        first = build(home, server, given.rows, profile)
        print(line("first build", first))
        shutil.rmtree(home / "datasets")
        print(line("again, the caches deleted", build(home, server, given.rows)))
        for written in home.glob("out*"):  # the folder and what lies beside it
            shutil.rmtree(written)
        again = ["--profile", f"{given.profile}.again"] if given.profile else []
        print(line("again, the output deleted, with its caches", build(home, server, given.rows, again)))


def line(what: str, told: dict[str, Any]) -> str:
    """What one build took."""
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in told["cpu_of"].items())
    requests = told["requests"]
    each = f"; asking {1000 * told['cpu_of']['fetch_answers'] / requests:.2f} ms per request" if requests else ""
    rate = f", {requests / told['wall_of']['fetch_answers']:.0f} requests/s" if requests else ""
    read = ", ".join(f"{name} {n:,} times on {told['distinct'][name]:,} texts" for name, n in told["calls"].items())
    return (
        f"{what}: {told['cpu']:.1f} s CPU, {told['wall']:.1f} s, {told['rss_mb']:.0f} MB, {requests:,} requests{each}{rate}\n"
        f"    of it: {parts}; read: {read}"
    )


def build(home: Path, server: Server, rows: int, options: list[str] | None = None) -> dict[str, Any]:
    """A build in a process of its own. Raises CalledProcessError where it fails."""
    environment, words = build_of(home, server, rows)
    words += ["--store", str(home / "answers.sqlite")]
    before = server.stats()["requests"]
    command = [sys.executable, "-c", f"from benchmarks.{MAIN} import part; part()", *(options or []), "--", *words]
    said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(said.splitlines()[-1]) | {"requests": server.stats()["requests"] - before}


class Meter:
    """CPU and wall-clock seconds of functions, and how often they were called on how many texts."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self.calls: Counter[str] = Counter()
        self.texts: dict[str, set[int]] = {}

    def time(self, owner: Any, name: str) -> None:
        """Measure this function from now on."""

        def measured(*args: Any, **options: Any) -> Any:
            started, cpu = time.perf_counter(), time.process_time()
            try:
                return function(*args, **options)
            finally:
                self.wall[name] += time.perf_counter() - started
                self.cpu[name] += time.process_time() - cpu

        function: Callable[..., Any] = getattr(owner, name)
        self.cpu[name] = self.wall[name] = 0
        setattr(owner, name, measured)

    def count(self, owner: Any, name: str) -> None:
        """Count the calls of this function of a text from now on."""

        def counted(text: str, *args: Any, **options: Any) -> Any:
            self.calls[name] += 1
            self.texts[name].add(hash(text))
            return function(text, *args, **options)

        function: Callable[..., Any] = getattr(owner, name)
        self.calls[name], self.texts[name] = 0, set()
        setattr(owner, name, counted)


def part() -> None:
    """In the process of a build: run the command line after ``--`` and print what it took, as JSON."""
    from dataset_builder import __main__, run
    from dataset_builder.answer_extraction import extraction
    from dataset_builder.commands import build_folder
    from dataset_builder.llm.runner import Runner
    from dataset_builder.text_checks import style

    options, words = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
    meter = Meter()
    for owner, name in ((Runner, "fetch_answers"), (run, "_map"), (build_folder, "tiers_of")):
        meter.time(owner, name)
    for owner, name in ((extraction, "_extract"), (style, "_defects")):
        meter.count(owner, name)
    started, profile = time.perf_counter(), cProfile.Profile()
    if options:
        profile.enable()
    code = __main__.main(words)
    if options:
        profile.disable()
        profile.dump_stats(options[1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "code": code,
        "cpu": used.ru_utime + used.ru_stime,
        "wall": time.perf_counter() - started,
        "rss_mb": used.ru_maxrss / 1024,
        "cpu_of": meter.cpu,
        "wall_of": meter.wall,
        "calls": meter.calls,
        "distinct": {name: len(texts) for name, texts in meter.texts.items()},
    }
    print(f"\n{json.dumps(told)}")


if __name__ == "__main__":
    main()
