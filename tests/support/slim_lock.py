"""Write requirements/slim.lock: python -m tests.support.slim_lock. The lines of cpu.lock that building needs.

That is what pyproject.toml declares for the project itself and for its extra `models`, and setuptools, which installs the project, with all that
these packages declare. Read from the metadata in .venv, so cpu.lock is installed first (`make setup-all`).
"""

import importlib.metadata
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SLIM = ROOT / "requirements" / "slim.lock"
HEAD = """\
# What building needs: the lines of cpu.lock for dataset_builder and for kg without an embedder. No torch, no training, scoring or tests.
# `make setup` installs it and claims.lock; `make setup-all` then adds the rest of cpu.lock. `python -m tests.support.slim_lock` writes it.
#   pip install --no-deps --require-hashes -r requirements/slim.lock -r requirements/claims.lock
"""


def needed(declared: Iterable[str]) -> set[str]:
    """The canonical names of these requirements and of all that they require, as installed.

    Raises importlib.metadata.PackageNotFoundError where one is not installed.
    """
    todo, found = [Requirement(line) for line in declared], set[tuple[str, str]]()
    while todo:
        requirement = todo.pop()
        for extra in {"", *requirement.extras}:
            if (key := (canonicalize_name(requirement.name), extra)) in found:
                continue
            found.add(key)
            lines = map(Requirement, importlib.metadata.requires(requirement.name) or [])
            todo += [line for line in lines if line.marker is None or line.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def slim_lock() -> str:
    """The text of requirements/slim.lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = needed([*project["dependencies"], *project["optional-dependencies"]["models"], "setuptools"])
    lines = (ROOT / "requirements" / "cpu.lock").read_text().splitlines(keepends=True)
    pins = {canonicalize_name(line.split("==")[0]): line for line in lines if not line.startswith("#")}
    if missing := names - pins.keys():
        raise ValueError(f"requirements/cpu.lock lacks {', '.join(sorted(missing))}; add them, with `name==version`")
    return HEAD + "".join(line for name, line in pins.items() if name in names)


if __name__ == "__main__":
    SLIM.write_text(slim_lock())
