"""Can graph-tool be imported here? Checked without importing it, since a failure is a segmentation fault. Is what `make setup-all` adds there?"""

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

DEBIAN = Path("/usr/lib/python3/dist-packages")  # where apt puts graph_tool, built against numpy 1


class UnusableEnvironment(RuntimeError):
    """graph-tool, or what a command needs, cannot be imported here; the message says what was found, what was expected and what to do."""


def check_environment() -> None:
    """Raise UnusableEnvironment where `import graph_tool` would fail, or (Debian's, beside numpy 2) kill Python."""
    python = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
    if python != "cpython 3.11":
        raise _unusable(f"{python} at {sys.executable}", "cpython 3.11")

    spec = importlib.util.find_spec("graph_tool")  # finds a top-level package without importing it
    if spec is None or spec.origin is None:
        raise _unusable(
            f"no graph_tool in {sys.prefix}", "graph_tool from Debian's python3-graph-tool or from conda-forge"
        )

    try:
        numpy = importlib.metadata.version("numpy")
    except importlib.metadata.PackageNotFoundError:
        raise _unusable(f"no numpy in {sys.prefix}", "the numpy of requirements/cpu.lock") from None
    graph_tool = Path(spec.origin).resolve()
    if graph_tool.is_relative_to(DEBIAN) and int(numpy.split(".")[0]) >= 2:
        raise _unusable(
            f"numpy {numpy} beside Debian's graph-tool ({graph_tool.parent}), which then crashes the interpreter",
            "numpy 1.26, as in requirements/cpu.lock",
        )


def _unusable(found: str, expected: str) -> UnusableEnvironment:
    return UnusableEnvironment(
        f"found {found}; expected {expected}. Run `make setup`, then use .venv/bin/python (or a make target)."
    )


def require(*modules: str) -> None:
    """Raise UnusableEnvironment where one of these modules cannot be found: `make setup-all` adds them to what building needs."""
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise UnusableEnvironment(
            f"found no {', '.join(missing)} in {sys.prefix}; expected the packages of requirements/cpu.lock. Run `make setup-all`."
        )


def end_command_without(*modules: str) -> None:
    """For a package's __init__: end `python -m package…` with a message, and no traceback, where one of these modules is missing.

    Code that imports the package gets Python's own ImportError, from the module that needs what is missing.
    """
    if sys.argv[:1] == ["-m"]:  # so it is until the module that Python runs is found
        try:
            require(*modules)
        except UnusableEnvironment as why:
            sys.exit(f"error: {why}")
