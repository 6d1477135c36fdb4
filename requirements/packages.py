"""Install locks into .venv, by uv or else by pip: .venv/bin/python requirements/packages.py LOCK …

uv is the one on PATH, or the one of installer.lock, which pip installs into .venv. Where neither can be had, where pip's configuration has
no equivalent, or where uv fails, pip installs, and one line says why. Standard library only: it runs before anything is installed.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import uv_settings

HERE = Path(__file__).parent
OLDEST = (0, 9)  # of the versions of uv that were tried here
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
EXACTLY = ["--quiet", "--no-deps", "--require-hashes"]
# There while packages are written, and after a kill or a full disk: packages that look installed may then lack files. install.sh makes .venv anew.
UNFINISHED = Path(sys.prefix) / ".unfinished"
SITE = Path(sysconfig.get_path("purelib"))


class NoUv(RuntimeError):
    """uv cannot install here; the message says why. pip does it then."""


def main(locks: Sequence[str]) -> int:
    """Install these locks. The exit status of the last command that ran, so 0 where all is installed."""
    files = [word for lock in locks for word in ("-r", lock)]
    UNFINISHED.touch()
    try:
        by_uv(files)
        status = 0
    except NoUv as why:
        say(f"pip installs ({why})")
        status = subprocess.run([*PIP, "install", *EXACTLY, *files], check=False).returncode
    if status == 0:
        UNFINISHED.unlink()
    return status


def by_uv(files: Sequence[str]) -> None:
    """Install by uv, told what pip's configuration says. Raises NoUv; ends the program where uv was ended, or failed, amid its work."""
    listed = subprocess.run([*PIP, "config", "list"], stdout=subprocess.PIPE, text=True, check=False)
    if listed.returncode:
        raise NoUv(f"`pip config list` ended with status {listed.returncode}")
    try:
        variables, arguments = uv_settings.settings(uv_settings.options(listed.stdout), os.environ)
    except ValueError as why:
        raise NoUv(str(why)) from why
    command = [find_uv(), "pip", "install", "--python", sys.executable, *EXACTLY, *arguments, *files]
    before = set(SITE.iterdir())
    status = subprocess.run(command, env={**os.environ, **variables}, check=False).returncode
    if status < 0:
        sys.exit(f"setup: signal {-status} ended uv")  # Ctrl-C, a kill, no memory: pip would go the same way
    if (
        status and set(SITE.iterdir()) != before
    ):  # such as a full disk; pip would take for installed what is there in part
        sys.exit(f"setup: uv ended with status {status} while it wrote packages; its message is above")
    if status:
        raise NoUv(f"uv ended with status {status}; its message is above")


def find_uv() -> str:
    """A uv that runs and is new enough: on PATH, in .venv, or installed there now by its hash. Raises NoUv."""
    on_path, own = shutil.which("uv"), str(Path(sys.executable).with_name("uv"))
    if on_path is not None and on_path != own:
        if (version := version_of(on_path)) >= OLDEST:
            return on_path
        found = f"version {'.'.join(map(str, version))}" if version else "one that does not run"
        say(f"uv on PATH ({on_path}) is {found}; expected {'.'.join(map(str, OLDEST))} or newer: not used")
    if version_of(own) >= OLDEST:
        return own
    command = [*PIP, "install", *EXACTLY, "-r", str(HERE / "installer.lock")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoUv("found no usable uv, and pip could not install the one of requirements/installer.lock")
    if not version_of(own):
        raise NoUv("the uv of requirements/installer.lock does not run here")
    return own


def version_of(uv: str) -> tuple[int, ...]:
    """The version of this uv; () where it does not run, or is something else."""
    try:
        done = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.match(r"uv (\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, found.groups())) if found and done.returncode == 0 else ()


def say(text: str) -> None:
    """A line of the set-up, at once, before those of the commands that follow."""
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
