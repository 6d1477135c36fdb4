"""Builds beside each other on one store, as processes: each request is paid once, and one cap holds for all."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dataset_builder.answer_store.store import AnswerStore
from tests.llm.ask_beside import IN_FLIGHT
from tests.llm.asking import PRICES, WRITER
from tests.support.at_once import begin
from tests.support.llm_server.running import Running

ROOT = Path(__file__).parents[2]
ROWS = 80
Start = Callable[..., subprocess.Popen[str]]
pytestmark = pytest.mark.slow


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start a build; each has caches of its own, so that they share the store and nothing else."""

    def start(name: str, first: int = 0, rows: int = ROWS, max_usd: float | None = None) -> subprocess.Popen[str]:
        environment = os.environ | {
            "HF_HOME": str(tmp_path / name),
            "HF_DATASETS_CACHE": str(tmp_path / name / "datasets"),
        }
        words = [str(tmp_path / "s.sqlite"), str(first), str(rows), *([] if max_usd is None else [str(max_usd)])]
        command = [sys.executable, "-m", "tests.llm.ask_beside", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)

    return start


def finish(process: subprocess.Popen[str]) -> dict:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize("builds", [2, 4])
def test_each_request_is_paid_once(server: Running, start: Start, builds: int) -> None:
    server.change(latency_ms=400, jitter=0.5)
    begin(started := [start(str(i), first=20 * i) for i in range(builds)])
    done = [finish(process) for process in started]
    assert [one["codes"] for one in done] == [{"published": ROWS}] * builds
    assert (server.stats()["requests"], server.stats()["paid_again"]) == (ROWS + 20 * (builds - 1), 0)
    assert sum(one["sent"] > 0 for one in done) == builds
    assert max(one["usd"] + one["before"] for one in done) <= sum(one["usd"] for one in done)


@pytest.mark.parametrize("builds", [2, 4])
def test_one_cap_holds_for_all(server: Running, start: Start, builds: int) -> None:
    """They ask different requests, each of which may cost ten times what it does."""
    server.change(latency_ms=100, jitter=0.5)
    price, bound = PRICES[WRITER.model], 650e-6
    cap = 35e-4  # of builds * ROWS answers, at some 45e-6 each
    begin(started := [start(str(i), first=1000 * i, max_usd=cap) for i in range(builds)])
    done = [finish(process) for process in started]
    spent = price.usd(server.stats()["prompt_tokens"], server.stats()["completion_tokens"])
    assert sum(one["usd"] for one in done) == pytest.approx(spent)
    assert cap - bound < spent <= cap
    assert all(set(one["codes"]) <= {"published", "over_budget"} for one in done)


def test_a_killed_build_holds_nobody_up(server: Running, start: Start, tmp_path: Path) -> None:
    server.change(latency_ms=600)
    begin([killed := start("killed"), other := start("other")])
    while server.stats()["requests"] < 24:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    at = time.monotonic()
    assert finish(other)["codes"] == {"published": ROWS}
    assert time.monotonic() - at < 14, "it waited for the lease"
    # a place is free again while the answer before it is written, and a call takes far longer than that
    assert server.stats()["paid_again"] <= 2 * IN_FLIGHT, "more than what was in flight or about to be written"
    known = AnswerStore(tmp_path / "s.sqlite")
    assert sum(entry.status == "good" for entry in known.entries()) == ROWS
