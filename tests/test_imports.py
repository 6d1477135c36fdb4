"""Imports run one way, as DECISIONS.md and the design say; read from the ASTs, so that a lazy import counts too."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("kg", "dataset_builder", "sft", "lighteval_tasks")

# who may import what of ours; the longest matching prefix rules
ALLOWED = {
    "kg": ("kg",),
    "dataset_builder": ("dataset_builder", "kg"),
    "dataset_builder.asked": ("dataset_builder.row",),
    "dataset_builder.stems": ("dataset_builder.asked",),
    "dataset_builder.likeness": ("dataset_builder.stems",),
    "dataset_builder.contamination": (
        "kg.embedder",
        *(f"dataset_builder.{m}" for m in ("row", "asked", "stems", "likeness")),
    ),
    "dataset_builder.row": (),
    "dataset_builder.prompt": (),
    "dataset_builder.extraction": ("dataset_builder.declared_answers", "dataset_builder.named_options"),
    "dataset_builder.declared_answers": ("dataset_builder.named_options",),
    "dataset_builder.named_options": (),
    "dataset_builder.raw_data": (),
    "dataset_builder.raw_rows": ("dataset_builder.row",),
    "dataset_builder.sources": tuple(f"dataset_builder.{m}" for m in ("row", "raw_rows", "raw_data")),
    "dataset_builder.raw_splits": tuple(f"dataset_builder.{m}" for m in ("row", "raw_data", "sources")),
    "dataset_builder.json_reply": (),
    "dataset_builder.conversation": ("dataset_builder.json_reply",),
    "dataset_builder.answer_store": (),
    "dataset_builder.pace": (),
    "dataset_builder.stage": tuple(
        f"dataset_builder.{m}" for m in ("row", "answers", "answer_store", "asking", "tally")
    ),
    "dataset_builder.path_line": (),
    "dataset_builder.rationale": (),
    "dataset_builder.rewritten": ("dataset_builder.rationale",),
    "dataset_builder.style": tuple(f"dataset_builder.{m}" for m in ("rationale", "rewritten")),
    "dataset_builder.verdicts": tuple(
        f"dataset_builder.{m}" for m in ("conversation", "extraction", "prompt", "style")
    ),
    "dataset_builder.claim_words": (),
    "dataset_builder.clauses": ("dataset_builder.claim_words",),
    "dataset_builder.claims": ("dataset_builder.claim_words", "dataset_builder.clauses"),
    "dataset_builder.hop_verdicts": ("dataset_builder.claims",),
    "dataset_builder.sentences": ("kg.fold",),
    "dataset_builder.unroll": tuple(f"dataset_builder.{m}" for m in ("prompt", "row")),
    "dataset_builder.stages": tuple(
        f"dataset_builder.{m}"
        for m in (
            *("stage", "conversation", "prompt", "row", "extraction", "rationale", "path_line", "contamination"),
            *("verdicts", "rewritten", "ledger", "style"),
            *("claim_words", "clauses", "claims", "hop_verdicts", "sentences"),
        )
    ),
    "sft": (
        "sft",
        *(f"dataset_builder.{m}" for m in ("sources", "row", "contamination", "benchmarks", "raw_data", "raw_splits")),
    ),
    "lighteval_tasks": (
        "lighteval_tasks",
        *(f"dataset_builder.{m}" for m in ("sources", "raw_data", "questions", "prompt", "row", "extraction")),
        "dataset_builder.hub_failures",  # what the Hub's answers mean, told once
    ),
}


def modules() -> dict[str, Path]:
    files = [path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imports(path: Path) -> set[str]:
    """Every module of ours that a file imports, but for those under TYPE_CHECKING: an annotation is no dependency."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in OURS}


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


@pytest.mark.parametrize("module", modules())
def test_imports_only_what_it_may(module: str) -> None:
    rule = max((prefix for prefix in ALLOWED if within(module, prefix)), key=len)
    strays = {name for name in imports(modules()[module]) if not any(within(name, prefix) for prefix in ALLOWED[rule])}
    assert not strays, f"{module} imports {sorted(strays)}; {rule} may import only {ALLOWED[rule]}"


def test_only_graph_py_imports_graph_tool() -> None:
    importers = {name for name, path in modules().items() if "graph_tool" in imported_roots(path)}
    assert importers == {"kg.graph"}


def imported_roots(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def test_a_wrong_import_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(
        "def f():\n    from dataset_builder.stages.link_nodes import link_nodes\n    import kg.search\n"
    )
    assert imports(tmp_path / "x.py") == {"dataset_builder.stages.link_nodes.link_nodes", "kg.search"}
