"""The tables in docs/ that are made from the code. `make docs` writes them; a test compares them with the code."""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from dataset_builder.audit.findings import codes
from dataset_builder.audit.layouts import known
from dataset_builder.commands.model_options import placeholder_models, placeholder_reader, stages_of
from dataset_builder.pipelines import PIPELINES
from dataset_builder.report.reasons import reason_meanings, rejecting_stages
from dataset_builder.sources.table import SOURCES, Source
from dataset_builder.stage import Stage, show
from kg import KG

DOCS = Path(__file__).parents[2] / "docs"
SFT = Path(__file__).parents[2] / "sft"


def pipeline_stages() -> dict[str, list[Stage]]:
    """The stages of every pipeline, with models that are called like their roles; no graph is read."""
    return {
        name: stages_of(pipeline, KG("sample", "", ""), placeholder_reader(), 0, placeholder_models())
        for name, pipeline in PIPELINES.items()
    }


def tables() -> dict[tuple[str, str], str]:
    """(file, name of the mark) to what belongs there."""
    stages = {("stages.md", f"stages: {name}"): show(stages) for name, stages in pipeline_stages().items()}
    return stages | {
        ("stages.md", "reasons"): reasons_table(),
        ("sources.md", "sources"): sources_table(SOURCES),
        ("training.md", "recipes"): recipes_table(),
        ("audit.md", "findings"): findings_table(),
        ("audit.md", "layouts"): layouts_table(),
    }


def findings_table() -> str:
    """Every kind of finding of an audit."""
    rows = [
        f"| {one.check} | `{one.code}` | {one.level} | {one.meaning} | {one.false_alarms} |"
        for one in codes().values()
    ]
    return "\n".join(["| check | finding | level | meaning | known false alarms |", "|---|---|---|---|---|", *rows])


def layouts_table() -> str:
    """The layouts that an audit knows, and from what they were read."""
    rows = [f"| `{one.name}` | {one.hub_id} | `{one.files}` | `{one.as_line()}` | {one.evidence} |" for one in known()]
    return "\n".join(["| layout | dataset | file | columns | read from |", "|---|---|---|---|---|", *rows])


def reasons_table() -> str:
    """Every reason code with the stages that reject by it."""
    stages = rejecting_stages()
    rows = [f"| `{code}` | {why} | {stages[code]} |" for code, why in reason_meanings().items()]
    return "\n".join(["| code | because | rejected by |", "|---|---|---|", *rows])


def sources_table(sources: Mapping[str, Source]) -> str:
    """What each source is, which split builds and which scores, and its terms."""
    head = ["| source | what it is | builds | scores | license | note |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *(_source_row(name, source) for name, source in sources.items())])


def _source_row(name: str, source: Source) -> str:
    notes = [source.terms] if source.terms else []
    notes += ["Local files only." if source.local_only else "", "Gated." if source.gated and not source.terms else ""]
    place = source.url if source.url and not source.url.startswith("http") else f"[{source.hub_id}]({source.page})"
    test = "" if source.test is None else f"{source.test}, the official ids" if source.test_ids else source.test
    cells = (
        f"`{name}`",
        f"{source.about} ({place})",
        source.train or "",
        test,
        source.license,
        " ".join(filter(None, notes)),
    )
    return f"| {' | '.join(cells)} |"


def recipes_table() -> str:
    """The base model of each training recipe, at which revision, and the rows that it is trained on."""
    rows = []
    for path in sorted(SFT.glob("*.yaml"), key=lambda path: (path.stem == "tiny", path.stem)):
        recipe = yaml.safe_load(path.read_text("utf-8"))
        revision = str(recipe.get("model_revision", ""))
        pinned = f"`{revision[:8]}`" if re.fullmatch("[0-9a-f]{40}", revision) else "**UNPINNED**" if revision else ""
        data = ", ".join(f"`{source.get('data_files') or source['path']}`" for source in recipe["datasets"])
        rows.append(f"| `{path.stem}` | {recipe['model_name_or_path']} | {pinned} | {data} |")
    return "\n".join(["| recipe | base model | revision | rows |", "|---|---|---|---|", *rows])


def written(text: str, mark: str, table: str) -> str:
    """The page with this table between its marks. Raises ValueError where the marks are missing."""
    pattern = re.compile(rf"(<!-- {re.escape(mark)} -->\n).*?\n?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"found no marks <!-- {mark} --> … <!-- end -->")
    return pattern.sub(lambda match: f"{match[1]}{table}\n{match[2]}", text)


def pages() -> dict[Path, str]:
    """Every page with generated tables, as it should be."""
    texts: dict[Path, str] = {}
    for (file, mark), table in tables().items():
        path = DOCS / file
        texts[path] = written(texts.get(path) or path.read_text("utf-8"), mark, table)
    return texts


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
