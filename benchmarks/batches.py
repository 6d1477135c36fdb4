"""Provider batches beside online calls, on real questions: python -m benchmarks.batches same|size|estimate [NUMBER].

same: do medreason and reasonmed of NUMBER questions give the same content online and in batches, and does a second run send nothing?
size: what do NUMBER requests of 4 kB need to be written, read and stored? estimate: after a build of 100 questions, how far is the estimate
of NUMBER from what the server then bills? Questions: $SHARED_DATA/hub (MedQA's train split); the server is the scripted one, a process
of its own, as are the builds.
"""

import argparse
import json
import multiprocessing
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.model_calls_server import Server, environment_of
from benchmarks.reasonmed import MODELS, PRICES, SETTINGS
from tests.support.shared_data import SHARED_DATA

REPLY = "tests.support.llm_server.replies:reply"
IN_BATCHES = ("--dispatch", "batch", "--wait", "--poll", "0.1")
TRIAL = 100  # questions of the build before an estimate
CHARACTERS = 4000  # of a request
REAL = ("--sources", "medqa", "--data-dir", str(SHARED_DATA / "hub"), "--kg", str(SHARED_DATA / "primekg/kg_subset.csv.gz"))  # fmt: skip
PIPELINES = {"medreason": ["--writer", "scripted", "--judge", "scripted"], "reasonmed": MODELS}  # with their models
USD, USD_IN_BATCHES = (1000, 2000), (500, 1000)  # of a million tokens, of every model: an estimate has two decimals


def main() -> None:
    """Print what was found. Raises RuntimeError where a build fails, and in `same` where content or counts differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("same", "size", "estimate"))
    parser.add_argument("number", nargs="?", type=int)
    given = parser.parse_args()
    if given.what == "size":
        return size(given.number or 200_000)
    for pipeline in PIPELINES:
        if given.what == "same":
            same(pipeline, given.number or 100)
        else:
            for how in ((), IN_BATCHES):
                estimate(pipeline, given.number or 400, how)


def words_of(pipeline: str) -> list[str]:
    """The options of a pipeline on real questions, with prices."""
    found = [pipeline, *REAL, *PIPELINES[pipeline]]
    for name in ("scripted", *PRICES):
        for kind, usd in (("", USD), (":batch", USD_IN_BATCHES)):
            found += ["--price", f"{name}{kind}={usd[0]}/{usd[1]}"]
    return found


def run(home: Path, server: Server, *words: str) -> str:
    """What a command of the builder prints. Raises RuntimeError where it fails."""
    environment = environment_of(home, server.url)
    done = subprocess.run(
        [sys.executable, "-m", "dataset_builder", *words], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def build(
    home: Path, server: Server, pipeline: str, rows: int, how: Sequence[str], out: str = "out"
) -> dict[str, Any]:
    """The manifest of a build."""
    words = [*words_of(pipeline), *how, "--rows", str(rows), "--out", str(home / out)]
    run(home, server, "build", *words)
    return json.loads((home / out / "manifest.json").read_text())


def same(pipeline: str, rows: int) -> None:
    """Online, in batches, and again."""
    with tempfile.TemporaryDirectory() as folder, Server(REPLY, **SETTINGS) as server:
        online = build(Path(folder) / "online", server, pipeline, rows, ())
        paid = server.stats()
        batches = build(Path(folder) / "batches", server, pipeline, rows, IN_BATCHES)
        told = server.stats()
        again = build(Path(folder) / "batches", server, pipeline, rows, IN_BATCHES, "again")
        last = server.stats()
    if not online["content_hash"] == batches["content_hash"] == again["content_hash"]:
        raise RuntimeError(f"{pipeline}: another content in batches")
    asked = told["paid"] - paid["paid"]
    if last["paid"] != told["paid"] or asked != paid["paid"]:
        raise RuntimeError(f"{pipeline}: {paid['paid']} answers online, {asked} with batches, then {last['paid'] - told['paid']} more")  # fmt: skip
    print(
        f"{pipeline}, {rows} real questions: the same content hash online, in batches and again; {paid['paid']:,} answers online; "
        f"{told['batch_answers']:,} in {told['batches']} batches and {asked - told['batch_answers']} online; none at the second run",
        flush=True,
    )


def estimate(pipeline: str, rows: int, how: Sequence[str]) -> None:
    """A trial, the estimate of all rows, and the bill for what the trial has not answered."""
    with tempfile.TemporaryDirectory() as folder, Server(REPLY, **SETTINGS) as server:
        home = Path(folder)
        build(home, server, pipeline, TRIAL, (), "trial")
        before = _bill(server)
        said = run(home, server, "estimate", *words_of(pipeline), "--rows", str(rows), "--sample", str(rows))
        wanted = r"In batches[^$]*\$([\d.,]+)" if how else r"About [^$]*\$([\d.,]+)"
        if (found := re.search(wanted, said)) is None:
            raise RuntimeError(f"found no sum in the estimate:\n{said}")
        expected = float(found[1].replace(",", "").rstrip("."))
        build(home, server, pipeline, rows, how)
        billed = _bill(server) - before
    print(
        f"{pipeline}, {rows} real questions after {TRIAL}, {'in batches' if how else 'online'}: estimated ${expected:,.2f}, "
        f"billed ${billed:,.2f} ({expected / billed - 1:+.1%})",
        flush=True,
    )


def _bill(server: Server) -> float:
    """Dollars for all tokens so far."""
    told = server.stats()
    online = told["prompt_tokens"] * USD[0] + told["completion_tokens"] * USD[1]
    batches = told["batch_prompt_tokens"] * USD_IN_BATCHES[0] + told["batch_completion_tokens"] * USD_IN_BATCHES[1]
    return (online + batches) / 1e6


def size(number: int) -> None:
    """The process that asks is measured, and the server is not."""
    with tempfile.TemporaryDirectory() as folder, Server("echo", answer_tokens=200) as server:
        environment = environment_of(Path(folder), server.url)
        command = [sys.executable, "-c", "from benchmarks.batches import part; part()", folder, str(number)]
        subprocess.run(command, env=environment, check=True)
        told = server.stats()
    print(f"the server: {told['batches']}, {told['batch_answers']:,} answers, {told['paid_again']} of them again")


def part() -> None:
    """In the process that asks: the first half of a stage, and nothing else."""
    from datasets import Dataset

    from dataset_builder.answer_store.batches import Journal
    from dataset_builder.answer_store.store import AnswerStore
    from dataset_builder.llm.batches.options import BatchOptions
    from dataset_builder.llm.batches.rounds import BatchRounds
    from dataset_builder.llm.prices import read_prices
    from dataset_builder.llm.remaining import Remaining
    from dataset_builder.llm.runner import Runner
    from tests.llm.asking import WRITER, say

    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    with multiprocessing.get_context("spawn").Pool(1) as other:  # what it needs is not counted here
        other.apply(_write_rows, (folder / "rows", number))
    rows = Dataset.load_from_disk(str(folder / "rows"))
    store = AnswerStore(folder / "s.sqlite")
    started, before, last = time.perf_counter(), _cpu(), [0.0]
    whole = BatchRounds._pass

    async def measured(self: BatchRounds, rows: Remaining) -> int:
        begun = _cpu()
        waiting = await whole(self, rows)
        last[0] = _cpu() - begun
        return waiting

    BatchRounds._pass = measured
    with Runner(store, {"prices": read_prices(["scripted=1/2", "scripted:batch=0.5/1"])}, BatchOptions(wait=True, poll_s=1.0)) as runner:  # fmt: skip
        runner.fetch_answers(say.using(llm=WRITER), rows)
    cpu, peak = _cpu() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{number:,} requests of {CHARACTERS:,} characters in {len(Journal(store).all())} files: {cpu - last[0]:.1f} s CPU to write, fetch "
        f"and store, {last[0]:.1f} s to run the conversations on the answers; {time.perf_counter() - started:.1f} s, peak {peak:.0f} MB, "
        f"store {store.path.stat().st_size / 1e6:.0f} MB",
        flush=True,
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _write_rows(folder: Path, number: int) -> None:
    from datasets import Dataset

    Dataset.from_generator(_questions, gen_kwargs={"number": number}).save_to_disk(folder)


def _questions(number: int) -> Any:
    for i in range(number):
        yield {"id": f"q{i}", "question": f"{i} {'is it so? ' * (CHARACTERS // 10)}"[:CHARACTERS], "rejected_because": None, "source": "medqa"}  # fmt: skip


if __name__ == "__main__":
    main()
