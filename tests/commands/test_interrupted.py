"""A build that is killed at any moment goes on at the next run, and gives what it would have given."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.interrupted import Build, interrupted
from tests.support.llm_server.running import running

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_kill_9_at_three_moments_then_again(shared_data: Path, tmp_path: Path) -> None:
    def command(out: str) -> list[str]:
        return [
            *(sys.executable, "-m", "dataset_builder", "build", "kg_only", "--sources", "medqa,pubmedqa_labeled"),
            *("--data-dir", str(shared_data / "hub"), "--kg", str(shared_data / "primekg/kg_subset.csv.gz")),
            *("--out", str(tmp_path / out)),
        ]  # fmt: skip

    def environment(home: str) -> dict[str, str]:
        return os.environ | {"HF_HOME": str(tmp_path / home), "HF_DATASETS_CACHE": str(tmp_path / home / "datasets")}

    started = time.perf_counter()
    subprocess.run(command("whole"), cwd=ROOT, env=environment("a"), capture_output=True, check=True)
    seconds = time.perf_counter() - started
    for share in (0.45, 0.65, 0.85):
        process = subprocess.Popen(
            command("killed"), cwd=ROOT, env=environment("b"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(share * seconds)
        process.send_signal(signal.SIGKILL)
        assert process.wait() in (-signal.SIGKILL, 0)
        assert not (tmp_path / "killed").exists() or (tmp_path / "killed/manifest.json").is_file()
    subprocess.run(command("killed"), cwd=ROOT, env=environment("b"), capture_output=True, check=True)
    hashes = {
        json.loads((tmp_path / out / "manifest.json").read_text())["content_hash"] for out in ("whole", "killed")
    }
    assert len(hashes) == 1


@pytest.mark.slow
def test_what_is_in_flight_at_a_signal_is_taken_in_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """Fifty of each signal at random moments: `python -m benchmarks.interrupted`."""
    with running() as server:
        whole = Build(tmp_path, server)
        assert whole.run()[0] == 0
        for after_s, number in ((0.2, signal.SIGINT), (0.8, signal.SIGTERM), (1.4, signal.SIGINT)):
            found = interrupted(after_s, number, whole.rows(), server)
            assert found["status"] in (130, -signal.SIGTERM)
            assert found["sent"] == found["stored"] > 0
            assert (found["paid_again"], found["traceback"], found["same"]) == (0, False, True)


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    with running(latency_ms=60_000) as server:
        process = Build(tmp_path, server).start()
        while not server.stats()["requests"]:
            time.sleep(0.05)
        started = time.monotonic()
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        said = process.communicate(timeout=30)[1]
    assert time.monotonic() - started < 15 and process.returncode == 130
    assert "Waiting up to 60 s for the answers to" in said and "Traceback" not in said
    assert "interrupted. Nothing is lost: run the same command again, and it continues" in said
