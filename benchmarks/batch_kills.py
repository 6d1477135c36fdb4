"""Kill builds in provider batches, and their server, with SIGKILL: python -m benchmarks.batch_kills [KILLS [SERVER_KILLS]] [--rows N] [--seed N].

Half of the builds end just before or just after a step (a line is written, a file uploaded, a batch created, looked at, downloaded, its
answers stored), the others at random moments. Is any request answered twice? Is the dataset that of online calls? Questions:
$SHARED_DATA/hub (MedQA's train split); the server is the scripted one, a process of its own, which keeps its batches over a restart.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.model_calls_server import Server, environment_of
from tests.support.llm_server.batch_lines import Work
from tests.support.llm_server.settings import PAID
from tests.support.shared_data import SHARED_DATA

HUB = SHARED_DATA / "hub"
MAIN = Path(__file__).stem
REPLY = "tests.support.llm_server.replies:reply"
PRICES = ("--price", "scripted=1/2", "--price", "scripted:batch=0.5/1")
IN_BATCHES = ("--dispatch", "batch", "--wait", "--poll", "0.05")
SLOW = {"batch_file_wait_ms": 100, "batch_validate_ms": 100, "batch_run_ms": 1500, "batch_finalize_ms": 100}
STEPS = ("write", "upload", "create", "poll", "download", "store")
AT_ONCE = 20  # answers in a transaction, so that a batch has several
FROM_S, TO_S = 2.0, 9.0  # after its start a build is killed at random
OFTEN = 4  # kills of one build, before it may end


def main() -> None:
    """Print what was found. Raises RuntimeError where a row is lost or another, or a request is answered twice by batches."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", nargs="?", type=int, default=40)
    parser.add_argument("server_kills", nargs="?", type=int, default=10)
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder, Server(REPLY) as server:
        whole = finish(Path(folder), server.url, given.rows, ())
        answered = server.stats()["paid_distinct"]
    print(f"online: {given.rows} real questions, {sum(whole['rows'].values())} rows, {answered} requests", flush=True)
    moments = [(step, when) for step in STEPS for when in ("before", "after")]
    aimed = (moments * given.kills)[: max(given.kills // 2, min(given.kills, len(moments)))]
    plan: list[tuple[str, str] | None] = [*aimed, *[None] * (given.kills - len(aimed))]
    draw.shuffle(plan)
    found: Counter[str] = Counter()
    while plan:
        with tempfile.TemporaryDirectory() as folder:
            life = Life(Path(folder), given.rows, draw)
            plan, done = life.kill_builds(plan)
            found += done
            found["paid again online"] += life.end(whole, answered)
        print(f"kills of builds: {sum(found[at] for at in found if at.startswith('kill'))}", flush=True)
    for name, number in sorted(found.items()):
        print(f"    {name}: {number}")
    left, restarts, again = given.server_kills, 0, 0
    while left:
        with tempfile.TemporaryDirectory() as folder:
            life = Life(Path(folder), given.rows, draw)
            some = min(left, OFTEN)
            restarts += life.kill_server(some)
            again += life.end(whole, answered)
            left -= some
        print(f"kills of the server: {given.server_kills - left}", flush=True)
    print(f"    {restarts} builds ended with an error meanwhile and were run again; paid again online: {again}")
    print("every build gave the content hash of the online one; no request was answered twice in batches")


class Life:
    """One dataset that is built in spite of kills: a home, a store, and a server with its folder."""

    def __init__(self, folder: Path, rows: int, draw: random.Random) -> None:
        self.home, self.rows, self.draw, self.folder = folder / "home", rows, draw, folder / "server"
        self.log = folder / "log.tsv"
        self.process, self.url = self.serve(0)

    def serve(self, port: int) -> tuple[subprocess.Popen[str], str]:
        """The scripted server, on the folder of the one before."""
        words = [f"{name}={value}" for name, value in SLOW.items()]
        words += [f"batch_dir={self.folder}", f"log={self.log}", "batch_poll_500=0.05", "batch_torn=0.05"]
        command = [sys.executable, "-m", "tests.llm_server", "--port", str(port), "--reply", REPLY, "--set", *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, process.stdout.readline().split()[-1]

    def kill_builds(self, plan: list[tuple[str, str] | None]) -> tuple[list[tuple[str, str] | None], Counter[str]]:
        """Kill the build as the plan says, until it has ended or was killed often enough; what is left of the plan, and what was done."""
        done: Counter[str] = Counter()
        left, missed = list(plan), []
        for _ in range(OFTEN):
            if not left or (self.home / "out").exists():
                break
            moment = left.pop(0)
            process = build(self.home, self.url, self.rows, IN_BATCHES, moment and (*moment, self.draw.randint(1, 3)))
            try:
                process.wait(600 if moment else self.draw.uniform(FROM_S, TO_S))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.returncode == -signal.SIGKILL:
                done["kill at random" if moment is None else f"kill {moment[1]} {moment[0]}"] += 1
            else:
                missed.append(moment)  # the build had ended before
        return left + missed, done

    def kill_server(self, times: int) -> int:
        """Kill the server so often while a build runs. Returns how often the build gave up and was run again."""
        restarts, process = 0, build(self.home, self.url, self.rows, IN_BATCHES, None)
        for _ in range(times):
            time.sleep(self.draw.uniform(1.0, 4.0))
            if process.poll() is not None:
                restarts += process.returncode != 0
                process = build(self.home, self.url, self.rows, IN_BATCHES, None)
                time.sleep(self.draw.uniform(FROM_S, TO_S))
            self.process.kill()
            self.process.wait()
            time.sleep(self.draw.uniform(0.0, 2.0))
            self.process, _ = self.serve(int(self.url.split(":")[-1].split("/")[0]))
        return restarts + (process.wait() != 0)

    def end(self, whole: dict[str, Any], answered: int) -> int:
        """Let the build end; returns how many requests were answered twice online. Raises RuntimeError where anything else is wrong."""
        built = finish(self.home, self.url, self.rows, IN_BATCHES)
        self.process.terminate()
        self.process.wait()
        in_batches = Counter(key for work in self.folder.glob("work/*.jsonl") for key, *_ in Work(work).paid)
        online = Counter(key for key, outcome in self._logged() if outcome.removesuffix("_abandoned") in PAID)
        twice = [key for key, number in in_batches.items() if number > 1]
        if built["content_hash"] != whole["content_hash"]:
            raise RuntimeError("after kills the dataset is another one")
        if twice or len(in_batches | online) != answered:
            raise RuntimeError(
                f"{len(twice)} requests were answered twice in batches; {len(in_batches | online)} were, {answered} online"
            )
        return sum((in_batches + online).values()) - answered

    def _logged(self) -> Iterator[tuple[str, str]]:
        """Key and outcome of every online call; a server that was killed may have left half a line."""
        for line in self.log.read_text().splitlines():
            if len(fields := line.split("\t")) == 4:
                yield fields[1], fields[3]


def build(
    home: Path, url: str, rows: int, how: tuple[str, ...], moment: tuple[str, str, int] | None
) -> subprocess.Popen[bytes]:
    """A build that ends itself at a moment (step, before or after, of which call), or not."""
    environment = environment_of(home, url)
    words = ["build", "medreason", "--sources", "medqa", "--data-dir", str(HUB), "--rows", str(rows)]
    words += ["--kg", str(SHARED_DATA / "primekg/kg_subset.csv.gz"), "--writer", "scripted", "--judge", "scripted"]
    words += [*PRICES, *how, "--out", str(home / "out")]
    command = [sys.executable, "-c", f"from benchmarks.{MAIN} import part; part()", json.dumps(moment), *words]
    home.mkdir(parents=True, exist_ok=True)
    said = (home / "said").open("wb")
    return subprocess.Popen(command, env=environment, stdout=said, stderr=said)


def finish(home: Path, url: str, rows: int, how: tuple[str, ...]) -> dict[str, Any]:
    """The manifest of a build that nobody disturbs. Raises RuntimeError where it fails."""
    if build(home, url, rows, how, None).wait():
        raise RuntimeError(f"the build failed:\n{(home / 'said').read_text()[-2000:]}")
    return json.loads((home / "out/manifest.json").read_text())


def part() -> None:
    """In the process of a build: run it, and end it with SIGKILL at its moment."""
    from dataset_builder import __main__
    from dataset_builder.answer_store.batches import Journal
    from dataset_builder.llm.batches import batches
    from dataset_builder.llm.batches.provider import Provider
    from dataset_builder.llm.batches.request_file import RequestFile

    batches.AT_ONCE = AT_ONCE
    moment, words = json.loads(sys.argv[1]), sys.argv[2:]
    if moment:
        step, when, call = moment
        at: dict[str, tuple[Any, str]] = {
            "write": (RequestFile, "add"),
            "upload": (Provider, "upload"),
            "create": (Provider, "create"),
            "poll": (Provider, "state"),
            "download": (Provider, "download"),
            "store": (Journal, "take_in"),
        }
        _end_at(*at[step], when == "after", call)
    sys.exit(__main__.main(words))


def _end_at(owner: Any, name: str, after: bool, call: int) -> None:
    """Wrap a method so that a call of it ends this process: a call that is never made ends nothing."""
    method: Callable[..., Any] = getattr(owner, name)
    made = 0

    def ending(*args: Any, **options: Any) -> Any:
        nonlocal made
        made += 1
        if made == call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*args, **options)
        if made == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, ending)


if __name__ == "__main__":
    main()
