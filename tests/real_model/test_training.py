"""Sixteen steps on real rows with a real model, and its scores before and after: the form is learned; nothing is said of medicine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.real_model.conftest import ROOT

pytestmark = pytest.mark.slow
STEPS, ITEMS = 16, 4


def run(*words: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="module")
def environment(home: Path) -> dict[str, str]:
    return os.environ | {"HF_HOME": str(home / "hf"), "HF_DATASETS_CACHE": str(home / "hf/datasets")}


@pytest.fixture(scope="module")
def trained(home: Path, environment: dict[str, str], base_model: Path, shared_data: Path) -> tuple[Path, str]:
    """The checkpoint, and what its training printed."""
    rows, out = home / "rows", home / "trained"
    graph = shared_data / "primekg" / "kg_subset.csv.gz"
    options = ("--sources", "medqa", "--rows", "150", "--data-dir", str(shared_data / "hub"), "--kg", str(graph))
    run("dataset_builder", "build", "kg_only", *options, "--benchmarks", "none", "--out", str(rows), env=environment)
    flags = ("--model_name_or_path", str(base_model), "--dataset", str(rows), "--output_dir", str(out))
    shorter = ("--max_steps", str(STEPS), "--logging_steps", "100", "--save_steps", "100")
    return out, run("sft.train", "--config", "sft/smollm2-135m.yaml", *flags, *shorter, env=environment)


def test_training_learns_the_form_and_its_card_is_true(trained: tuple[Path, str], base_model: Path) -> None:
    out, said = trained
    facts = json.loads((out / "training.json").read_text())
    assert facts["steps"] == STEPS and facts["tokens_seen"] > 0
    assert [step for step, _ in facts["loss"]] == [STEPS]  # shorter than logging_steps
    assert facts["loss"][0][1] < 2.0
    card = (out / "README.md").read_text("utf-8")
    assert f"{STEPS} steps (the training ended with `max_steps`, not with its epochs)" in card
    assert f"| base model | `{base_model}`, a folder of the machine that trained it |" in card
    assert "base_model:" not in card and "UNPINNED" not in card
    assert f"{STEPS:,} optimizer steps" in said


def test_a_wrong_end_token_is_refused_with_the_line_that_mends_it(
    home: Path, environment: dict[str, str], base_model: Path, trained: tuple[Path, str]
) -> None:
    flags = ("--model_name_or_path", str(base_model), "--dataset", str(home / "rows"), "--output_dir", str(home / "x"))
    words = ("sft.preflight", "--config", "sft/smollm2-135m.yaml", *flags, "--eos_token", "<|endoftext|>")
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert 'eos_token: "<|im_end|>"' in done.stdout
    _, _, refused = done.stdout.partition("REFUSED no_end_token")
    assert 0 < refused.count("medqa:") <= 10


def test_scores_before_and_after_have_their_form(
    home: Path, environment: dict[str, str], base_model: Path, trained: tuple[Path, str], shared_data: Path
) -> None:
    found: dict[str, dict[str, Any]] = {}
    for name, model in (("before", base_model), ("after", trained[0])):
        out = home / f"scores-{name}"
        options = ("--tasks", "medqa", "--limit", str(ITEMS), "--max-new-tokens", "128", "--out", str(out))
        run("lighteval_tasks", "score", str(model), *options, "--data-dir", str(shared_data / "hub"), env=environment)
        [found[name]] = json.loads((out / "scores.json").read_text())["tasks"]
        assert "chosen (right): A " in (out / "scores.md").read_text("utf-8")
    for task in found.values():
        assert task["items"] == ITEMS == sum(task["chosen"].values()) == sum(task["gold"].values())
        assert task["failed"] == 0
        assert 0 <= task["compliance"] <= 1 and task["mean_output_tokens"] > 0
