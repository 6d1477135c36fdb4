"""Scores from end to end, each in processes of their own: lighteval's plain command lines, `score`, failing requests, new weights."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from lighteval_tasks.items import ask, read_items
from lighteval_tasks.outcomes import read_run
from tests.lighteval_tasks.test_items import WRITTEN
from tests.llm_server import replies_scores
from tests.llm_server.running import running

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
PROMPTS = {"free": "question", "strict": "question_strict", "huatuo_compat": "question_huatuo_compat"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions of our own writing, in the Hub's layout."""
    folder = tmp_path_factory.mktemp("hub")
    for name, hub_id in (("hle_medical", "cais/hle"), ("medbullets_op4", "medbullets/op4")):
        (folder / hub_id).mkdir(parents=True)
        shutil.copy(WRITTEN / f"{name}.jsonl", folder / hub_id / "test.jsonl")
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    call([sys.executable, "-m", "sft.tiny_model", str(folder)])
    return folder


def call(command: Sequence[str], cwd: Path = ROOT, /, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it, offline: the only network is this machine's own."""
    offline = {"HF_HUB_OFFLINE": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}
    environment = os.environ | offline | {"MEDICAL_MAX_NEW_TOKENS": "8"} | environment
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def lighteval(*arguments: str, hub: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    done = call([sys.executable, "-m", "lighteval", *arguments], cwd, MEDICAL_DATA_DIR=str(hub), OPENAI_API_KEY="none")
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def score(model: str, *arguments: str, hub: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lighteval_tasks", "score", model, *arguments, "--data-dir", str(hub)]
    return call(command, **environment)


def texts(folder: Path) -> list[str]:
    (path,) = folder.rglob("details_*.parquet")
    return [row["text"][0] for row in pyarrow.parquet.read_table(path)["model_response"].to_pylist()]


def tasks_of(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {(task["task"], task["prompt"]): task for task in json.loads((out / "scores.json").read_text())["tasks"]}


def test_lighteval_s_own_command_line_offline_twice_and_with_new_weights(
    tiny: Path, hub: Path, tmp_path: Path
) -> None:
    """Equal outputs when run twice, others when the weights under the same name are others: no cache answers for them."""
    model = tmp_path / "model"
    shutil.copytree(tiny, model)

    def outputs(name: str) -> list[str]:
        arguments = f"model_name={model.name},batch_size=8,cache_dir={tmp_path / 'cache'}"
        also = (
            "--custom-tasks",
            str(ROOT / "lighteval_tasks" / "tasks.py"),
            "--output-dir",
            str(tmp_path / name),
            "--save-details",
        )
        said = lighteval("accelerate", arguments, "medical:medbullets_op4|0", *also, hub=hub, cwd=tmp_path)
        assert "accuracy_low" in said.stdout
        return texts(tmp_path / name)

    once, twice = outputs("once"), outputs("twice")
    assert once == twice
    assert len(once) == 8
    code = "from transformers import AutoModelForCausalLM as M; import sys, torch; torch.manual_seed(1)\n"
    code += "m = M.from_pretrained(sys.argv[1])\nfor p in m.parameters(): torch.nn.init.normal_(p, std=0.05)\nm.save_pretrained(sys.argv[1])"
    assert call([sys.executable, "-c", code, str(model)]).returncode == 0
    assert outputs("new") != once


def test_score_of_a_folder(tiny: Path, hub: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = score(str(tiny), "--batch-size", "4", "--max-new-tokens", "8", "--out", str(out), hub=hub)
    assert done.returncode == 0, done.stderr[-3000:]
    made = json.loads((out / "scores.json").read_text())
    assert {task["task"]: task["items"] for task in made["tasks"]} == {"medbullets_op4": 8, "hle_medical": 6}
    assert (
        made["engine"]["device"] == "CPU"
        and made["engine"]["transformers"]
        and made["engine"]["lighteval"] == "0.13.0"
    )
    assert "medqa" in made["not_scored"] and "Not scored: medqa (expected one file" in done.stdout
    assert sorted(path.name for path in out.iterdir()) == ["details", "results", "scores.json", "scores.md"]
    assert all(task["truncated"] > 0.5 and task["mean_output_tokens"] <= 8 for task in made["tasks"])
    assert not list(tiny.glob("*/")), "lighteval's cache is in the model's folder"


def test_a_scripted_examinee_is_scored_exactly(
    shared_data: Path, hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every task, in every prompt, at most one item from what it meant. The real items, sixty of each task; all: benchmarks.examinee."""
    everything = tmp_path / "hub"
    shutil.copytree(shared_data / "hub", everything)
    shutil.copytree(hub, everything, dirs_exist_ok=True)
    monkeypatch.setenv("MEDICAL_DATA_DIR", str(everything))
    replies_scores.items.cache_clear()
    sources = sorted({row["source"] for row in replies_scores.items().values()})
    names = [source + suffix for source in sources for suffix in ("", "_strict", "_huatuo_compat")]
    out = tmp_path / "out"
    with running(replies_scores.reply) as server:
        arguments = ("--backend", "litellm", "--base-url", server.url, "--tasks", ",".join(names), "--limit", "60")
        done = score("scripted", *arguments, "--out", str(out), hub=everything)
    assert done.returncode == 0, done.stderr[-3000:]
    found = tasks_of(out)
    assert len(found) == 30
    for task in read_run(out / "details"):
        rows = {row["id"]: row for row in read_items(task.source, everything).rows}
        meant = [replies_scores.chosen(ask(rows[one.id], PROMPTS[task.prompt])) == one.gold for one in task.outcomes]
        assert abs(sum(meant) - found[task.task, task.prompt]["correct"]) <= 1, task.name
        assert len(task.outcomes) == min(60, len(rows))


def test_failed_requests_are_no_answers_and_only_they_are_asked_again(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDICAL_DATA_DIR", str(hub))
    replies_scores.items.cache_clear()
    key = "sk-canary-of-a-test"
    with running(replies_scores.reply, fault_500=0.4, permanent=1.0, seed=3) as server:
        arguments = (
            "--backend",
            "litellm",
            "--base-url",
            server.url,
            "--out",
            str(tmp_path / "out"),
            "--retries",
            "1",
        )
        done = score("scripted", *arguments, hub=hub, OPENAI_API_KEY=key)
        answered = server.stats()["paid_distinct"]
        assert done.returncode == 1
        assert f"score: {14 - answered} of 14 requests failed" in done.stderr
        assert "Run the same command again" in done.stderr
        assert not (tmp_path / "out" / "scores.json").exists()
        server.change()
        done = score("scripted", *arguments, hub=hub, OPENAI_API_KEY=key)
        assert done.returncode == 0, done.stderr[-3000:]
        assert (
            server.stats()["paid_distinct"] <= 14 - answered + 2
        )  # those that failed, and empty answers, which are asked twice
        assert sum(task["items"] for task in tasks_of(tmp_path / "out").values()) == 14
        server.change(key="another")
        done = score("scripted", *arguments, hub=hub, OPENAI_API_KEY=key)
        assert done.returncode == 1
        assert key not in done.stdout + done.stderr
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or key.encode() not in path.read_bytes(), path
