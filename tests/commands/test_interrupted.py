"""A build that is killed at any moment goes on at the next run, and gives what it would have given."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
