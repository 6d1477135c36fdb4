"""Builds on a real Ray cluster, in processes of their own: equal rows, and what becomes of them when a worker, a node or the build is killed."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dataset_builder.__main__ import main
from tests.support.llm_server.running import running
from tests.support.ray_builds import ROOT, SlowBuild
from tests.support.ray_nodes import Nodes, ray_nodes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="without Ray: `make ray` installs it"),
]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """A cluster of two nodes that work, with one CPU each."""
    with ray_nodes(1, 1) as started:
        yield started


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The rows of the slow build without a cluster."""
    return SlowBuild(tmp_path_factory.mktemp("plain"), "none", {}, seconds=0.0).start().finish()


def build(folder: Path, environment: dict[str, str], *words: str) -> dict:
    """The manifest of a build of medreason's sample. Raises AssertionError."""
    models = ("--writer", "scripted", "--judge", "scripted", "--store", str(folder / "answers.sqlite"))
    command = [
        sys.executable,
        "-m",
        "dataset_builder",
        "build",
        "medreason",
        *models,
        "--out",
        str(folder / "out"),
        *words,
    ]
    caches = {"HF_HOME": str(folder / "hf"), "HF_DATASETS_CACHE": str(folder / "hf/datasets"), "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | caches | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "out" / "manifest.json").read_text("utf-8"))


def test_a_build_on_two_nodes_is_the_same(nodes: Nodes, tmp_path: Path) -> None:
    with running() as server:
        asks = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-planted-0123456789abcdef"}
        plain = build(tmp_path / "plain", asks)
        on_nodes = build(tmp_path / "ray", asks | nodes.token, "--ray", nodes.address)
        assert server.stats()["paid_again"] == server.stats()["distinct"], "each build has a store of its own"
    assert on_nodes["content_hash"] == plain["content_hash"]
    assert [(one["stage"], one.get("rejected")) for one in on_nodes["run"]["stages"]] == [
        (one["stage"], one.get("rejected")) for one in plain["run"]["stages"]
    ]
    logs = [file for file in nodes.folder.rglob("*") if file.is_file()]
    assert logs and not [file for file in logs if b"sk-planted-0123456789abcdef" in file.read_bytes()]


def test_a_killed_worker_costs_its_block_alone(nodes: Nodes, tmp_path: Path, undisturbed: dict) -> None:
    slow = SlowBuild(tmp_path / "b", nodes.address, nodes.token).start()
    slow.wait_for(10)
    slow.kill_worker()
    assert slow.finish() == undisturbed
    first = [row for _, row in slow.lines()]
    assert len(first) - len(set(first)) <= 4, "a block has four batches"


def test_a_killed_build_leaves_no_process_and_goes_on_elsewhere(
    nodes: Nodes, tmp_path: Path, undisturbed: dict
) -> None:
    slow = SlowBuild(tmp_path / "b", "local", {}).start()
    slow.wait_for(20)
    _, alive = psutil.wait_procs(slow.kill(), timeout=10)
    names = [one.name() for one in alive]
    for one in alive:
        one.kill()
    # Ray's two agents wait until their parent is no more, which a zombie is not: those of a machine whose init does not reap stay
    assert set(names) <= {"ray::DashboardAgent", "ray::RuntimeEnvAgent"}
    before = len(slow.lines())
    again = SlowBuild(tmp_path / "b", nodes.address, nodes.token)
    assert again.start().finish() == undisturbed
    assert len(slow.lines()) - before < 4 * slow.blocks - 8, "blocks that were done before are done again"


def test_a_killed_node_costs_its_blocks_alone(nodes: Nodes, tmp_path: Path, undisturbed: dict) -> None:
    """The last test on these nodes."""
    slow = SlowBuild(tmp_path / "b", nodes.address, nodes.token).start()
    slow.wait_for(10)
    nodes.kill(2)
    assert slow.finish() == undisturbed
    assert len({pid for pid, _ in slow.lines()}) >= 2


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", "the cluster at 127.0.0.1:1 cannot be used (nothing answers there:"),
        ("ray://127.0.0.1:10001", "the cluster at ray://127.0.0.1:10001 cannot be used (it is no host:port)"),
    ],
)
def test_an_address_without_a_cluster_is_a_clear_error(
    address: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", "kg_only", "--ray", address, "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
