"""Imports run one way, between rooms: a room is a package, a sub-package of dataset_builder, or one of its own modules."""

import ast
import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("kg", "dataset_builder", "sft", "lighteval_tasks")

# The rooms that each room may import, beside itself; a lazy import counts, one for an annotation alone does not.
MAY_IMPORT = {
    "kg": "",
    "row": "",
    "configs": "row",
    "stage": "",
    "prompt": "",
    "answer_store": "row configs",
    "answer_extraction": "",
    "extraction": "answer_extraction",
    "claim_check": "kg",
    "relevance": "kg row",
    "sources": "kg row",
    "contamination": "kg row configs sources",
    "llm": "stage mapped answer_store answer_extraction",
    "text_checks": "prompt answer_extraction llm",
    "apply": "row stage answer_store llm",
    "stage_code": "stage prompt",
    "mapped": "",
    "cluster": "kg row stage apply mapped stage_code answer_store llm",
    "run": "row stage apply mapped stage_code answer_store llm cluster",
    "stages": "row stage prompt answer_extraction llm text_checks claim_check relevance",
    "pipelines": "kg stage stages llm contamination relevance",
    "agreement": "configs",
    "judge_calibration": "stage stages answer_store llm text_checks",
    "publishing": "kg row configs agreement relevance stage stages prompt mapped run stage_code sources answer_store answer_extraction claim_check llm contamination",
    "report": "prompt sources llm publishing",
    "audit": "kg row sources answer_extraction text_checks claim_check contamination publishing report",
    "review": "configs relevance sources publishing",
    "sft": "kg row configs prompt sources answer_extraction claim_check text_checks contamination publishing.hub publishing.schema publishing.layout publishing.metadata.citation",
    "lighteval_tasks": "kg row prompt sources answer_extraction claim_check llm.secrets publishing.hub publishing.schema publishing.layout",
}
ALL = ("commands", "__main__")  # these may import every room of dataset_builder, and kg


@cache
def modules() -> dict[str, Path]:
    files = [path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def room_of(module: str) -> str:
    """``dataset_builder.llm.model`` is in the room llm, ``kg.fold`` in kg; of dataset_builder's own modules each is a room."""
    package, *inner = module.split(".")
    return inner[0] if package == "dataset_builder" and inner else package


def imports(path: Path, *, annotations: bool = False) -> set[str]:
    """Every module of ours that a file imports; ``annotations``: those under TYPE_CHECKING too."""
    found = set()
    for node in ast.walk(_tree(path, annotations)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules() else str(node.module) for name in inner}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in OURS}


def _tree(path: Path, annotations: bool) -> ast.Module:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = node.body if annotations else []
    return tree


def allowed(room: str, module: str) -> bool:
    """Whether a module may be imported in this room."""
    if room == room_of(module) or room in ALL:
        return room not in ALL or module.split(".")[0] in ("kg", "dataset_builder")
    names = MAY_IMPORT[room].split()
    return room_of(module) in names or any(f"{module}.".startswith(f"dataset_builder.{name}.") for name in names)


@pytest.mark.parametrize("module", [name for name in modules() if name != "dataset_builder"])
def test_a_room_imports_only_the_rooms_that_it_may(module: str) -> None:
    room = room_of(module)
    strays = sorted(name for name in imports(modules()[module]) if not allowed(room, name))
    assert not strays, f"{module} imports {strays}; the room {room} may import only: {MAY_IMPORT.get(room)}"


def test_a_stage_imports_no_other_stage() -> None:
    for module, path in modules().items():
        if module.startswith("dataset_builder.stages."):
            assert not [name for name in imports(path) if name.startswith("dataset_builder.stages.")], module


def test_no_circle_of_imports() -> None:
    """Between modules, those for annotations included: whoever reads one never has to have read another before it."""
    arrows = {name: imports(path, annotations=True) - {name} for name, path in modules().items()}
    while free := [name for name, targets in arrows.items() if not targets & arrows.keys()]:
        for name in free:
            del arrows[name]
    assert not arrows, f"each of these imports another of them: {sorted(arrows)}"


def test_only_graph_py_imports_graph_tool() -> None:
    importers = {name for name, path in modules().items() if "graph_tool" in imported_roots(path)}
    assert importers == {"kg.graph"}


def imported_roots(path: Path) -> set[str]:
    nodes = list(ast.walk(_tree(path, annotations=False)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def test_a_wrong_import_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(
        "def f():\n    from dataset_builder.stages.link_nodes import link_nodes\n    import kg.search\n"
    )
    assert imports(tmp_path / "x.py") == {"dataset_builder.stages.link_nodes", "kg.search"}
    assert not allowed("kg", "dataset_builder.stages.link_nodes") and not allowed("stages", "kg.search")
    assert allowed("sft", "dataset_builder.publishing.hub.errors") and not allowed(
        "sft", "dataset_builder.publishing.card"
    )


def test_what_benchmarks_import_is_there() -> None:
    """Nothing runs them in a test, so a name that was moved would be missed."""
    for path in sorted((ROOT / "benchmarks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in (*OURS, "tests", "benchmarks"):
                module = importlib.import_module(str(node.module))
                missing = [
                    alias.name
                    for alias in node.names
                    if not hasattr(module, alias.name) and not _is_module(module, alias.name)
                ]
                assert not missing, f"{path.name} imports {missing} from {node.module}"


def _is_module(package: ModuleType, name: str) -> bool:
    return importlib.util.find_spec(f"{package.__name__}.{name}") is not None
