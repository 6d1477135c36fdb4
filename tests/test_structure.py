"""A reader can hold each piece in mind: few modules in a folder, files of a few screens, functions of one."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("kg", "dataset_builder", "sft", "lighteval_tasks", "tests", "benchmarks")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MAX_MODULES, MAX_LINES, MAX_FUNCTION = 16, 300, 45
KERNEL = ROOT / "kg" / "kernel.py"  # one file, because numba's cache does not see an edit of another


def test_a_folder_of_dataset_builder_holds_few_modules() -> None:
    folders = [
        folder for folder in (ROOT / "dataset_builder").rglob("*") if folder.is_dir() and folder.name != "stages"
    ]
    counts = {folder: len(list(folder.glob("*.py"))) for folder in [ROOT / "dataset_builder", *folders]}
    assert {folder.name: count for folder, count in counts.items() if count > MAX_MODULES} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_and_its_functions_are_short(path: Path) -> None:
    if path == KERNEL:
        return
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length > MAX_FUNCTION} == {}


def test_every_package_says_what_is_in_it() -> None:
    for folder in {path.parent for path in FILES if path.is_relative_to(ROOT / "dataset_builder")}:
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))), folder


def test_tests_mirror_the_packages() -> None:
    # mutated files; whole pipelines; builds, training and scores with a real model; what tests and benchmarks share
    own = {"fixtures", "fuzz", "pipelines", "real_model", "support"}
    packages = {"kg", "sft", "lighteval_tasks"} | {folder.name for folder in (ROOT / "dataset_builder").iterdir()}
    folders = {
        folder.name for folder in (ROOT / "tests").iterdir() if folder.is_dir() and folder.name != "__pycache__"
    }
    assert folders - packages == own
