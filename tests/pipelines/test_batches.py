"""The pipeline medreason in provider batches, as a command: the same content as online, also after kills."""

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.pipelines.test_medreason import MODELS, Builder, calls, server  # noqa: F401  a fixture
from tests.support.llm_server.running import Running

IN_BATCHES = ("--dispatch", "batch", "--price", "scripted:batch=0.5/1", "--wait", "--poll", "0.05")
UNDER_WAY = 75


@pytest.mark.slow
def test_batches_and_online_calls_give_the_same_content(server: Running, tmp_path: Path) -> None:  # noqa: F811
    online = Builder(tmp_path / "online", server.url).build()
    paid = server.stats()["paid"]
    here = Builder(tmp_path / "batches", server.url)
    built = here.build(*IN_BATCHES)
    told = server.stats()
    assert built["content_hash"] == online["content_hash"] and told["batch_answers"] > 0.9 * paid
    assert "dispatch" not in str(built["inputs"])
    again = here.build(*IN_BATCHES, out="again")
    assert again["content_hash"] == built["content_hash"] and sum(calls(again).values()) == 0
    assert server.stats()["batch_answers"] == told["batch_answers"]


@pytest.mark.slow
def test_a_build_for_a_scheduler_ends_until_its_batches_have_ended(server: Running, tmp_path: Path) -> None:  # noqa: F811
    server.change(batch_run_ms=1)
    here, rounds = Builder(tmp_path, server.url), 0
    words = ("build", "medreason", *MODELS, *IN_BATCHES[:4], "--rows", "8", "--out", str(tmp_path / "out"))
    while not (tmp_path / "out").exists():
        rounds += 1
        done = subprocess.run(
            here.command(*words), cwd=here.code, env=here.environment, capture_output=True, text=True
        )
        assert done.returncode in (0, UNDER_WAY), done.stderr[-2000:]
        assert done.returncode == 0 or "Run the same command again later" in done.stderr.splitlines()[-1]
        time.sleep(0.2)
    told = server.stats()
    assert rounds > 2 and told["paid_again"] == 0
    assert "taken in" in here.run("batches")


@pytest.mark.slow
def test_ctrl_c_leaves_the_batches_and_says_how_to_go_on(server: Running, tmp_path: Path) -> None:  # noqa: F811
    server.change(batch_stuck=1.0)
    here = Builder(tmp_path, server.url)
    words = here.command("build", "medreason", *MODELS, *IN_BATCHES, "--rows", "8", "--out", str(tmp_path / "out"))
    with subprocess.Popen(words, cwd=here.code, env=here.environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None and any("wait for 1 batches" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130 and "1 batches go on at their provider; `batches cancel` ends them" in said
    assert "Nothing is lost: run the same command again" in said
    assert sum(server.stats()["batches"].values()) == 1 and "taken in" not in here.run("batches")


@pytest.mark.slow
def test_a_build_that_is_killed_pays_nothing_twice(server: Running, tmp_path: Path) -> None:  # noqa: F811
    """Three kills at random moments; the moments one by one are in tests/llm/test_batches.py."""
    whole = Builder(tmp_path / "online", server.url).build()
    server.change(batch_validate_ms=100, batch_run_ms=500, batch_finalize_ms=100)
    here, draw = Builder(tmp_path / "killed", server.url), random.Random(0)
    words = here.command("build", "medreason", *MODELS, *IN_BATCHES, "--out", str(here.home / "out"))
    for _ in range(3):
        process = subprocess.Popen(words, cwd=here.code, env=here.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # fmt: skip
        time.sleep(draw.uniform(4.0, 8.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    built = here.build(*IN_BATCHES)
    told = server.stats()
    assert built["content_hash"] == whole["content_hash"]
    assert told["paid_again"] <= 3, "the one request that each run asks online may be paid when it is killed"
