"""Commands on a folder full of control characters, and on a terminal that knows ASCII alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_builder.publishing.folder import write_manifest
from tests.publishing.pushing import change_manifest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
OLD = ROOT / "tests/fixtures/format_1/kg_only"
NAME = "x\x1b[2J\x1b]0;y\x07\rall right\u202e.\udcff"  # of a file: no UTF-8
TEXT = "x\x1b[2J\x07\ray\u202e"
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")
ASCII = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
C_LOCALE = {"PYTHONIOENCODING": "", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def ran(*words: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, timeout=120)  # pyright: ignore[reportCallIssue, reportArgumentType]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A dataset folder whose files, pipeline, sources and reasons have such names."""
    folder = shutil.copytree(OLD, tmp_path / f"folder{TEXT}")
    (folder / NAME).write_text("x")
    change_manifest(folder, pipeline=TEXT, funnel={TEXT: {"in": 1, "published": 1, TEXT: 2}})
    return folder


COMMANDS = {
    "verify": ("dataset_builder", "verify", "{}"),
    "verify of nothing": ("dataset_builder", "verify", "{}/nothing"),
    "diff": ("dataset_builder", "diff", OLD, "{}"),
    "report": ("dataset_builder", "report", "{}"),
    "push": ("dataset_builder", "push", "{}", "--repo", "org/x", "--allow-dirty", "--allow-unchecked"),
    "store": ("dataset_builder", "store", "stats", "--store", "{}/manifest.json"),
    "build": ("dataset_builder", "build", "kg_only", "--out", "{}/data"),
    "calibrate": ("kg", "calibrate", "--kg", "{}/x.csv", "--gold", "{}/x.tsv"),
    "preflight": ("sft.preflight", "--config", "sft/tiny.yaml", "--dataset", "{}"),
    "compare": ("lighteval_tasks", "compare", "{}", "{}"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_control_character_of_a_folder_reaches_the_terminal(hostile: Path, name: str) -> None:
    words = [str(word).replace("{}", str(hostile)) for word in COMMANDS[name]]
    done = ran(*words)
    printed = (done.stdout + done.stderr).decode("utf-8")
    assert "\\x1b[2J" in printed and "Traceback" not in printed
    assert not CONTROLS.search(printed), printed


@pytest.mark.parametrize("locale", [ASCII, C_LOCALE], ids=["PYTHONIOENCODING", "LC_ALL"])
def test_no_command_needs_more_than_ascii(tmp_path: Path, locale: dict[str, str]) -> None:
    folder = tmp_path / "é"
    shutil.copytree(OLD, folder)
    write_manifest(folder, {"files": {}, "rows": {}, "columns": {}, "pipeline": "é → β"})
    for words in (
        ("dataset_builder", "stages"),
        ("dataset_builder", "verify", folder),
        ("dataset_builder", "verify", OLD),
        ("dataset_builder", "diff", OLD, folder),
        ("dataset_builder", "report", OLD, "--out", tmp_path / "é.html"),
        ("dataset_builder", "build", "kg_only", "--rows", "5", "--out", tmp_path / "build"),
        ("kg", "calibrate", "--kg", folder / "x.csv", "--gold", folder),
        ("sft.preflight", "--config", "sft/tiny.yaml", "--dataset", folder),
        ("lighteval_tasks", "compare", folder, folder),
    ):
        done = ran(*words, **locale)
        printed = (done.stdout + done.stderr).decode("ascii")
        assert "Traceback" not in printed and "UnicodeEncodeError" not in printed, printed
