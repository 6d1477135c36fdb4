"""What requirements/install.sh refuses, before it changes anything."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

INSTALL = Path(__file__).parents[1] / "requirements" / "install.sh"


def install(folder: Path, python: str, commands: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run install.sh on a machine where graph-tool is not installed and the PATH holds a shell's basics and these commands."""
    script = folder / "requirements" / "install.sh"
    script.parent.mkdir()
    script.write_text(
        INSTALL.read_text().replace("/usr/lib/python3/dist-packages/graph_tool", "/nonexistent/graph_tool")
    )
    bin = folder / "bin"
    bin.mkdir()
    for name in ("bash", "dirname", "env", "ls"):
        (bin / name).symlink_to(shutil.which(name) or name)
    for name, body in {"python3.11": python, **commands}.items():
        (bin / name).write_text(f"#!/bin/sh\n{body}\n")
        (bin / name).chmod(0o755)
    environment = {"PATH": str(bin), "HOME": str(folder)}
    done = subprocess.run(
        ["bash", script], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert not (folder / ".venv").exists()
    return done


PYTHON_WITHOUT_SITE_PACKAGES = f'exec "{Path(sys.base_prefix, "bin", "python3.11")}" -S "$@"'


@pytest.mark.parametrize("found", ["CPython 3.12.4", "CPython 3.10.14", "PyPy 3.11.13"])
def test_install_refuses_another_python(tmp_path: Path, found: str) -> None:
    message = install(tmp_path, f"echo {found}", {}).stderr
    assert f"found {found} at PYTHON=python3.11; expected CPython 3.11" in message
    assert "PYTHON=/path/to/python3.11 make setup" in message


def test_install_refuses_a_python_that_is_not_there(tmp_path: Path) -> None:
    assert "found nothing that runs at PYTHON=python3.11" in install(tmp_path, "exit 127", {}).stderr


def test_install_without_apt_names_conda_forge(tmp_path: Path) -> None:
    message = install(tmp_path, PYTHON_WITHOUT_SITE_PACKAGES, {}).stderr
    assert "python3-graph-tool" in message
    assert "there is no apt-get here" in message
    assert "-c conda-forge python=3.11 graph-tool-base" in message


@pytest.mark.skipif(not Path("/usr/bin/python3.11").exists(), reason="apt's graph-tool is not for 3.11 on this system")
def test_install_with_apt_needs_root_or_sudo(tmp_path: Path) -> None:
    message = install(tmp_path, PYTHON_WITHOUT_SITE_PACKAGES, {"apt-get": "exit 0", "id": "echo 1000"}).stderr
    assert "needs root or sudo" in message
    assert "apt-get install -y --no-install-recommends python3-graph-tool" in message
    assert "conda-forge" in message


@pytest.mark.skipif(not Path("/usr/bin/python3.11").exists(), reason="apt's graph-tool is not for 3.11 on this system")
@pytest.mark.parametrize(("user", "asked"), [("0", "env"), ("1000", "sudo env")])
def test_install_asks_apt_updates_once_and_gives_up_clearly(tmp_path: Path, user: str, asked: str) -> None:
    commands = {"id": f"echo {user}", "sudo": '"$@"', "apt-get": 'echo "apt-get $*"; [ "$1" = update ]'}
    done = install(tmp_path, PYTHON_WITHOUT_SITE_PACKAGES, commands)
    order = re.findall(r"^apt-get (install|update)", done.stdout, re.MULTILINE)
    assert order == ["install", "update", "install"]
    assert f"setup: {asked} DEBIAN_FRONTEND=noninteractive apt-get install -y" in done.stdout
    assert "apt-get could not install python3-graph-tool" in done.stderr


# --- an environment that a kill left unfinished ------------------------------------------------------------------------

PYTHON = """#!/bin/sh
echo "$*" | head -n 1 >> FOLDER/log
case "$*" in
  *platform.python*) echo CPython 3.11.7 ;;
  *find_spec*) echo FOLDER/graph_tool ;;
  *"print(sys.base_prefix)"*) echo /python ;;
  *venv*--clear*) rm -rf FOLDER/.venv; mkdir -p FOLDER/.venv/bin FOLDER/.venv/lib/python3.11/site-packages; cp "$0" FOLDER/.venv/bin/python ;;
esac
"""


def set_up(folder: Path, script: str) -> list[str]:
    """Run a script of requirements/ with a Python that writes down what it is asked. Returns that, without questions (`-c`)."""
    for name in ("install.sh", "install_all.sh"):
        (folder / "requirements").mkdir(exist_ok=True)
        shutil.copy(INSTALL.with_name(name), folder / "requirements")
    (folder / "graph_tool").mkdir(exist_ok=True)
    (folder / "graph_tool" / "__init__.py").touch()
    (folder / "python").write_text(PYTHON.replace("FOLDER", str(folder)))
    (folder / "python").chmod(0o755)
    (folder / "log").write_text("")
    command = ["bash", folder / "requirements" / script]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHON": str(folder / "python")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in (folder / "log").read_text().splitlines() if not line.startswith("-c")]


def test_an_environment_is_kept_unless_its_set_up_was_interrupted(tmp_path: Path) -> None:
    venv = tmp_path / ".venv"
    install = "requirements/packages.py requirements/slim.lock requirements/claims.lock"
    anew = [f"-m venv --clear --without-pip {venv}", "-Im ensurepip --default-pip", install]
    assert set_up(tmp_path, "install.sh")[:3] == anew
    (venv / ".unfinished").unlink()  # as packages.py does where all is installed
    assert set_up(tmp_path, "install.sh")[0] == install
    (venv / "lib" / "python3.11" / "site-packages" / "lighteval" / "tasks" / "tasks").mkdir(parents=True)
    assert set_up(tmp_path, "install_all.sh") == ["requirements/packages.py requirements/cpu.lock"]
    (venv / ".unfinished").touch()
    assert set_up(tmp_path, "install.sh")[:3] == anew
