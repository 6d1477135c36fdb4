"""Which files of this project a stage can reach, and the hash of their content: what its cached result depends on.

Read from the source texts: the modules that the stage's module imports, also inside functions, and so on; those of its tools' classes
(graph, model, ledger); the prompts and word lists that these modules name; and what applies a stage to rows. An import for annotations
alone is none, and neither is a package's __init__, unless a name is imported from it.
"""

import ast
import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dataset_builder.stage import Stage

ROOT = Path(__file__).parent.parent
PACKAGES = ("dataset_builder", "kg")
WORD_LISTS = (".tsv", ".txt")
FRAMEWORK = ("dataset_builder.apply", "dataset_builder.stage")  # these alone, not what they import
ASKING = "dataset_builder.llm.replay"  # of a stage that asks a model: how answers become columns


def stage_hash(stage: Stage) -> str:
    """sha256 of the names and contents of the files that this stage can reach."""
    return _hash_of(stage_files(stage), ROOT)


def stage_files(stage: Stage) -> frozenset[Path]:
    """The files that this stage can reach; of a stage that is defined outside this project, its own file alone."""
    roots = [stage.fn.__module__, *(type(tool).__module__ for tool in _tools(stage.tools.values()))]
    roots += [ASKING] if stage.asks_model else []
    reached = reachable(tuple(sorted(set(roots))))
    own = getattr(sys.modules.get(stage.fn.__module__), "__file__", None)
    framework = {file for name in FRAMEWORK if (file := _file(name)) is not None}
    return reached | framework | ({Path(own)} if own else set())


def hash_of_modules(*modules: str) -> str:
    """sha256 of the names and contents of the files that these modules can reach, themselves among them."""
    return _hash_of(reachable(tuple(sorted(modules))), ROOT)


def _tools(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield from _tools(value) if isinstance(value, tuple) else (value,)


@functools.cache
def reachable(modules: tuple[str, ...]) -> frozenset[Path]:
    """The files of these modules, of all that they import of this project, and the data files that any of them names."""
    found: set[Path] = set()
    waiting, seen = list(modules), set(modules)
    while waiting:
        name = waiting.pop()
        if (file := _file(name)) is None:
            continue  # another project's
        imported, data = _references(file, name)
        found |= {file, *data}
        waiting += imported - seen
        seen |= imported
    return frozenset(found)


@functools.cache
def _file(module: str) -> Path | None:
    """The file of a module of this project; None for any other name."""
    if module.split(".")[0] not in PACKAGES:
        return None
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@functools.cache
def _references(file: Path, module: str) -> tuple[frozenset[str], frozenset[Path]]:
    """The modules that a file imports, and the prompts and word lists that it names."""
    tree = ast.parse(file.read_bytes())
    imported, data = set(), set()
    for node in _executed(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            imported |= {name if _file(name) else node.module for name in names}
            data |= _all_prompts() if "dataset_builder.prompt.FOLDER" in names else set()
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and _name(node.func) in ("Prompt", "render") and node.args:
            data |= _prompt(str(node.args[0].value)) if isinstance(node.args[0], ast.Constant) else set()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(WORD_LISTS):
            data |= {path for path in _word_lists(module.split(".")[0]) if path.name == node.value}
    return frozenset(imported), frozenset(data)


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below, but for what is there for annotations alone."""
    waiting = [node]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if not (isinstance(child, ast.If) and _name(child.test) == "TYPE_CHECKING"):
                yield child
                waiting.append(child)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


@functools.cache
def _word_lists(package: str) -> tuple[Path, ...]:
    return tuple(path for path in (ROOT / package).rglob("*") if path.suffix in WORD_LISTS)


def _all_prompts() -> set[Path]:
    return set((ROOT / "dataset_builder" / "prompts").glob("*.jinja"))


def _prompt(name: str) -> set[Path]:
    """A prompt file, and those that it includes."""
    from dataset_builder.prompt import included  # here: jinja2 is only needed where a prompt is named

    folder = ROOT / "dataset_builder" / "prompts"
    return {folder / f"{one}.jinja" for one in (name, *included(name))}


@functools.cache
def code_hash(root: Path = ROOT) -> str:
    """sha256 of all code, prompts and word lists of dataset_builder and kg. Sample data are an input, not code."""
    suffixes = (".py", ".jinja", *WORD_LISTS)
    return _hash_of((f for part in PACKAGES for f in (root / part).rglob("*") if f.suffix in suffixes), root)


def _hash_of(files: Iterable[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
