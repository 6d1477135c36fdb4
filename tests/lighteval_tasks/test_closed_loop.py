"""From the sample's questions to a score: what a model was trained on it answers, and before training it did not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lighteval_tasks.commands import ROOT

pytestmark = pytest.mark.slow


def test_trained_questions_are_answered(tmp_path: Path) -> None:
    """`python -m benchmarks.closed_loop`, four to ten minutes of two cores."""
    command = [sys.executable, "-m", "benchmarks.closed_loop", str(tmp_path / "loop")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]

    def tasks(run: str) -> dict[str, tuple[int, int]]:
        found = json.loads((tmp_path / "loop" / "scores" / run / "scores.json").read_text("utf-8"))["tasks"]
        return {task["prompt"]: (task["correct"], task["items"]) for task in found}

    assert set(tasks("before_trained").values()) == {(0, 27)}
    right, items = tasks("after_trained")["free"]
    assert items == 27 and right >= 26
    assert tasks("after_others")["free"][1] == 5
    assert "| after | trained | free | " in done.stdout
