"""The guard is asked in real interpreters, whose path is made to look like each broken environment."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEBIAN = Path("/usr/lib/python3/dist-packages/graph_tool")
needs_debians_graph_tool = pytest.mark.skipif(
    not DEBIAN.exists(), reason=f"no {DEBIAN}: graph-tool is another one here"
)
CHECK = f"import runpy; check_environment = runpy.run_path({str(ROOT / 'kg' / 'guard.py')!r})['check_environment']"
GUARD = f"{CHECK}; check_environment()"  # the file alone, without kg/__init__.py and what that imports


def run(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that sees no site-packages, only the given folders."""
    code = f"import sys; sys.path[:0] = {[str(folder) for folder in path]!r}; {code}"
    return subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)


def package(folder: Path, name: str, code: str = "") -> Path:
    """A folder with an importable package of that name."""
    folder.mkdir(exist_ok=True)
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(code)
    return folder


def numpy(folder: Path, version: str) -> Path:
    """What importlib.metadata reads of an installed numpy."""
    metadata = folder / f"numpy-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: numpy\nVersion: {version}\n")
    return folder


def debian_graph_tool(folder: Path) -> Path:
    """graph_tool alone, as requirements/install.sh shows it to .venv: through a link."""
    folder.mkdir()
    (folder / "graph_tool").symlink_to(DEBIAN)
    return folder


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, f"an exception was expected, not exit status {done.returncode}: {done.stderr}"
    assert "UnusableEnvironment" in done.stderr
    return done.stderr.splitlines()[-1]


def test_this_environment_is_usable_and_nothing_is_imported_to_find_out() -> None:
    code = f"{GUARD}; import sys; assert not {{'graph_tool', 'numpy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@needs_debians_graph_tool
@pytest.mark.parametrize("version", ["2.0.0", "2.3.5", "10.1"])
def test_numpy_2_beside_debians_graph_tool_is_refused(tmp_path: Path, version: str) -> None:
    message = refusal(run(GUARD, numpy(tmp_path / "np", version), debian_graph_tool(tmp_path / "gt")))
    assert f"found numpy {version} beside Debian's graph-tool" in message
    assert "expected numpy 1.26" in message
    assert "make setup" in message


@needs_debians_graph_tool
def test_the_graph_module_asks_the_guard_before_it_imports_graph_tool(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(numpy(tmp_path, "2.3.5"))}
    command = [sys.executable, "-c", "import kg.graph"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "found numpy 2.3.5 beside Debian's graph-tool" in refusal(done)


@needs_debians_graph_tool
def test_numpy_1_beside_debians_graph_tool_is_accepted(tmp_path: Path) -> None:
    assert run(GUARD, numpy(tmp_path / "np", "1.26.4"), debian_graph_tool(tmp_path / "gt")).returncode == 0


def test_numpy_2_beside_another_graph_tool_is_accepted_without_importing_either(tmp_path: Path) -> None:
    condas = package(tmp_path / "gt", "graph_tool", "raise SystemExit('graph_tool was imported')")
    assert run(GUARD, numpy(tmp_path / "np", "2.3.5"), condas).returncode == 0


def test_a_missing_graph_tool_is_refused(tmp_path: Path) -> None:
    message = refusal(run(GUARD, numpy(tmp_path / "np", "1.26.4")))
    assert "found no graph_tool" in message
    assert "make setup" in message


def test_a_folder_without_graph_tools_code_is_no_graph_tool(tmp_path: Path) -> None:
    (tmp_path / "graph_tool").mkdir()
    assert "found no graph_tool" in refusal(run(GUARD, numpy(tmp_path / "np", "1.26.4"), tmp_path))


def test_a_missing_numpy_is_refused(tmp_path: Path) -> None:
    assert "found no numpy" in refusal(run(GUARD, package(tmp_path / "gt", "graph_tool")))


@pytest.mark.parametrize(
    ("pretend", "found"),
    [
        ("sys.version_info = types.SimpleNamespace(major=3, minor=12)", "cpython 3.12"),
        ("sys.implementation.name = 'pypy'", "pypy 3.11"),
    ],
)
def test_another_python_is_refused(pretend: str, found: str) -> None:
    message = refusal(run(f"import types; {CHECK}; {pretend}; check_environment()"))
    assert f"found {found} at {sys.executable}; expected cpython 3.11" in message
    assert "make setup" in message


# --- what `make setup-all` adds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["sft.train", "sft.preflight", "sft.model_card", "lighteval_tasks"])
def test_a_command_without_its_packages_ends_with_a_message(command: str) -> None:
    done = subprocess.run([sys.executable, "-S", "-m", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    message = r"error: found no [\w, ]*torch.* in \S+; expected the packages of requirements/cpu\.lock\. Run `make setup-all`"
    assert re.match(message, done.stderr), done.stderr


def test_code_that_imports_a_package_is_not_ended() -> None:
    done = subprocess.run([sys.executable, "-S", "-c", "import sft, lighteval_tasks"], cwd=ROOT, check=False)
    assert done.returncode == 0
