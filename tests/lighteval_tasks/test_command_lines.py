"""The command lines of docs/scoring.md, on every task with its real items (a few of each), without a network."""

import contextlib
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dataset_builder.sources.table import SOURCES
from lighteval_tasks.items import TASKS
from lighteval_tasks.prompts import PROMPTS
from tests.lighteval_tasks.commands import ROOT, lighteval, outputs, results, score, tasks_of
from tests.support.llm_server import replies_scores
from tests.support.llm_server.running import running

pytestmark = pytest.mark.slow


def every(hub: Path) -> str:
    """The tasks of all sources that have items here, in every prompt: at least the ten whose data we have."""
    names = [name for name in TASKS if (hub / SOURCES[name].hub_id).is_dir()]
    assert len(names) >= 10
    return ",".join(f"medical:{name}{suffix}|0" for name in names for suffix in PROMPTS)


def documented(command: str, **put: str) -> list[str]:
    """A command line of the page, with other words put in the place of some."""
    lines = (ROOT / "docs" / "scoring.md").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"lighteval {command} ")]
    words = shlex.split(line)[1:]
    assert set(put) <= set(words), f"the page says {line}"
    return [put.get(word, word) for word in words]


def twice(command: list[str], hub: Path, folder: Path) -> dict[str, list[str]]:
    """The outputs of two runs, which must be equal, and so must their scores."""
    for name in ("one", "other"):
        where = [str(folder / name) if word == "out" else word for word in command]
        lighteval(*where, "--max-samples", "3", hub=hub)
    one, other = outputs(folder / "one"), outputs(folder / "other")
    assert one == other and results(folder / "one") == results(folder / "other")
    assert len(one) == every(hub).count(",") + 1
    assert all(len(texts) == 3 for texts in one.values())
    return one


def endpoint_file(folder: Path, url: str, model: str) -> str:
    """lighteval_tasks/endpoint.yaml with another model and address."""
    settings = yaml.safe_load((ROOT / "lighteval_tasks" / "endpoint.yaml").read_text("utf-8"))
    settings["model_parameters"] |= {
        "model_name": f"openai/{model}",
        "base_url": url,
        "cache_dir": str(folder / "cache"),
    }
    path = folder / "endpoint.yaml"
    path.write_text(yaml.safe_dump(settings), "utf-8")
    return str(path)


@contextlib.contextmanager
def transformers_serve(model: Path) -> Iterator[str]:
    """The address of an endpoint as `make serve` starts it where there is no GPU."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    (Path(os.environ["HF_HOME"]) / "hub").mkdir(parents=True, exist_ok=True)
    options = ("--host", "127.0.0.1", "--port", port, "--device", "cpu", "--dtype", "float32")
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + 120
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                        break
                except (urllib.error.URLError, ConnectionError):
                    assert server.poll() is None and time.monotonic() < deadline, "the server did not start"
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


def test_accelerate(tiny: Path, every_item: Path, tmp_path: Path) -> None:
    given = "batch_size=8,add_special_tokens=False"
    model = {f"model_name=build/model,{given}": f"model_name={tiny},{given},cache_dir={tmp_path / 'cache'}"}
    twice(documented("accelerate", **model, **{"medical:medqa_strict|0": every(every_item)}), every_item, tmp_path)


def test_the_scripted_endpoint(every_item: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDICAL_DATA_DIR", str(every_item))
    with running(replies_scores.reply) as server:
        file = {"lighteval_tasks/endpoint.yaml": endpoint_file(tmp_path, server.url, "scripted")}
        command = documented("endpoint", **file, **{"medical:medqa|0": every(every_item)})
        twice(command, every_item, tmp_path)
        assert server.stats()["paid"] >= 2 * 90  # asked again, not answered from litellm's cache


def test_transformers_serve(tiny: Path, every_item: Path, tmp_path: Path) -> None:
    with transformers_serve(tiny) as url:
        file = {"lighteval_tasks/endpoint.yaml": endpoint_file(tmp_path, url, str(tiny)), "out": str(tmp_path / "out")}
        lighteval(
            *documented("endpoint", **file), "--max-samples", "8", hub=every_item
        )  # every task: in the tests above
        assert any(any(texts) for texts in outputs(tmp_path / "out").values())
        out = tmp_path / "score"
        also = ("--backend", "litellm", "--base-url", url, "--max-new-tokens", "8", "--tasks", "medbullets_op4")
        done = score(str(tiny), *also, "--out", str(out), hub=every_item)
    assert done.returncode == 0, done.stderr[-3000:]
    (task,) = tasks_of(out).values()
    assert (task["items"], task["failed"], task["truncated"]) == (8, 0, pytest.approx(1.0, abs=0.5))
