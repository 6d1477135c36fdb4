"""Builds with a real model and nothing but defaults: every row decided, calls finite, a second run asks nothing, a killed one goes on.

What the model writes is not judged here: it has 135 million parameters. The cases are its own replies to our sample questions.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.judge_calibration import calibration
from dataset_builder.llm.model import LLM
from dataset_builder.llm.runner import Runner
from tests.real_model.conftest import ROOT

pytestmark = pytest.mark.slow
MEDREASON = ("medreason", "--writer", "smollm2", "--judge", "smollm2", "--allow-judge", "--rows", "4")
REASONMED = (
    *(
        "reasonmed",
        "--writers",
        "smollm2,smollm2,smollm2",
        "--judge",
        "smollm2",
        "--editor",
        "smollm2",
        "--allow-judge",
    ),
    *("--rows", "1", "--max-tokens", "200"),
)
MOST_CALLS = {"medreason": 15, "reasonmed": 100}  # of one row


def command(home: Path, url: str, *words: str) -> tuple[list[str], dict[str, str]]:
    own = {"HF_HOME": str(home / "hf"), "HF_DATASETS_CACHE": str(home / "hf/datasets"), "OPENAI_BASE_URL": url}
    out = ("--out", str(home / "out"), "--store", str(home / "answers.sqlite"))
    return [sys.executable, "-m", "dataset_builder", "build", *words, *out], os.environ | own


def build(home: Path, url: str, *words: str) -> tuple[dict[str, Any], str]:
    """The manifest of a build, and what it printed."""
    argv, environment = command(home, url, *words)
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((home / "out" / "manifest.json").read_text()), done.stdout + done.stderr


def calls(manifest: dict[str, Any], what: str = "sent") -> int:
    return sum(stage["calls"][what] for stage in manifest["run"]["stages"] if "calls" in stage)


def expect_decided(manifest: dict[str, Any], rows: int) -> None:
    [counts] = manifest["funnel"].values()
    assert counts["in"] == rows == sum(counts.values()) - counts["in"]


def test_medreason_decides_every_row_and_a_second_run_asks_nothing(model_url: str, tmp_path: Path) -> None:
    manifest, _ = build(tmp_path, model_url, *MEDREASON)
    expect_decided(manifest, 4)
    assert 4 <= calls(manifest) <= 4 * MOST_CALLS["medreason"]
    shutil.rmtree(tmp_path / "out")
    again, _ = build(tmp_path, model_url, *MEDREASON, "--replay-only")
    assert again["content_hash"] == manifest["content_hash"]


def test_reasonmed_killed_while_it_asks_goes_on_and_decides_its_row(model_url: str, tmp_path: Path) -> None:
    argv, environment = command(tmp_path, model_url, *REASONMED)
    with subprocess.Popen(
        argv, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        ends = time.monotonic() + 120
        while answers(tmp_path) < 3:
            assert process.poll() is None and time.monotonic() < ends
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    kept = answers(tmp_path)
    manifest, _ = build(tmp_path, model_url, *REASONMED)
    expect_decided(manifest, 1)
    assert calls(manifest) <= MOST_CALLS["reasonmed"]
    assert answers(tmp_path) == kept + calls(manifest, "good") + calls(manifest, "bad")


def answers(home: Path) -> int:
    """Answers of the model in the store."""
    file = home / "answers.sqlite"
    if not file.is_file():
        return 0
    with sqlite3.connect(file) as store:
        try:
            return store.execute("select count(*) from answers where response is not null").fetchone()[0]
        except sqlite3.OperationalError:  # the table is not made yet
            return 0


def test_a_judge_that_calls_wrong_right_is_refused(
    model_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = calibration.calibration_cases
    monkeypatch.setattr(calibration, "calibration_cases", lambda stage: whole(stage)[::12])
    monkeypatch.setenv("OPENAI_BASE_URL", model_url)
    with Runner(AnswerStore(tmp_path / "answers.sqlite"), {"prices": {}}) as runner:
        found = calibration.examine("judge_rationales", LLM("smollm2"), 1, runner)
    assert found.false_positives.of >= 5 and found.false_negatives.of >= 1
    assert found.faults, "a model of 135 million parameters is no judge"


def test_a_port_in_use_and_a_folder_that_exists_are_named(model_url: str, tmp_path: Path) -> None:
    port = model_url.removesuffix("/v1").rpartition(":")[2]
    for words, said in (
        (("serve", "--port", port), f"port {port} is in use"),
        (("convert", str(tmp_path)), "expected a new folder"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "sft.smollm2", *words], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1
        assert said in done.stderr and "Traceback" not in done.stderr
