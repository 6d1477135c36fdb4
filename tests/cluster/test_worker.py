"""What is sent to a worker, and which nodes may work on a build."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dataset_builder.__main__ import main
from dataset_builder.cluster.worker import ClusterError, SentStage, node_facts
from dataset_builder.stage import stage
from kg import KG
from tests.cluster.stages import Opened, repeat


def test_a_stage_arrives_as_it_was() -> None:
    bound = repeat.using(tool=Opened(2.0)).bound(["id", "question"])
    assert SentStage.of(bound).stage() == bound


def test_a_stage_that_no_other_process_can_import_is_refused() -> None:
    @stage(needs="question", adds="rationale")
    def inner(batch):
        return {"rationale": batch["question"]}

    with pytest.raises(
        ValueError, match=r"'inner' of .* cannot be sent to a cluster; expected one that stands in a module"
    ):
        SentStage.of(inner)


def test_a_stage_of_other_code_is_refused() -> None:
    sent = replace(SentStage.of(repeat.using(tool=Opened())), code="x")
    with pytest.raises(ClusterError, match="has another copy of this project's code"):
        sent.stage()


def test_a_node_with_other_packages_code_or_graph_is_named(tmp_path: Path) -> None:
    own = node_facts(KG.load("sample"))
    assert own.differs(own) == []
    other = replace(own, versions={**own.versions, "pyarrow": "1.0"}, code="x")
    assert other.differs(own) == [
        f"pyarrow 1.0, not {own.versions['pyarrow']}",
        "another copy of this project's code",
    ]
    gone = replace(KG.load("sample"), path=str(tmp_path / "kg.csv"))
    [fault] = node_facts(gone).differs(own)
    assert str(tmp_path / "kg.csv") in fault


@pytest.mark.parametrize("address", ["local", "127.0.0.1:1"])
def test_without_ray_a_build_says_how_to_install_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["build", "kg_only", "--ray", address, "--out", str(tmp_path / "out")]) == 2
    assert "`make ray` installs it" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
