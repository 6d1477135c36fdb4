"""What README, CONTRIBUTING and the card say is so."""

import re
from pathlib import Path

import pytest

from dataset_builder.model_options import stages_of, stand_ins
from dataset_builder.pipelines import PIPELINES
from dataset_builder.row import COLUMNS
from dataset_builder.sources import SOURCES
from dataset_builder.stage import show
from kg import KG

MODELS = stand_ins()
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
STAGES = (ROOT / "docs" / "stages.md").read_text("utf-8")


@pytest.mark.parametrize("name", PIPELINES)
def test_the_stage_table_is_the_pipeline(name: str) -> None:
    written = re.search(rf"<!-- stages: {name} -->\n(.*?)\n?<!-- end -->", STAGES, re.DOTALL)
    assert written is not None
    expected = show(stages_of(PIPELINES[name], KG("sample", "", ""), 0, MODELS))
    assert written.group(1) == expected, f"put this between the marks in docs/stages.md:\n{expected}"


def test_every_make_command_in_the_readme_is_a_target_with_known_variables() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target, variables in re.findall(r"^make ([a-z-]+)(.*)$", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for variable in re.findall(r"([A-Z_]+)=", variables):
            assert f"{variable}=" in makefile, variable


def test_the_tree_names_files_that_exist() -> None:
    tree = README.split("## Tree")[1].split("```")[1]
    folder = Path()
    for line in tree.strip().splitlines():
        names, indented = line[:26].strip(), line.startswith("  ")
        for name in names.split(", "):
            path = (folder if indented else Path()) / name
            assert (ROOT / path).exists(), path
        if not indented:
            folder = Path(names) if names.endswith("/") else Path()


def test_every_reason_code_of_the_code_is_explained() -> None:
    codes: set[str] = set()
    for path in (ROOT / "dataset_builder").rglob("*.py"):
        text = path.read_text("utf-8")
        codes |= (
            set(re.findall(r"Rejects: (\w+)", text))
            | set(re.findall(r'return "(\w+)", f?"', text))
            | set(re.findall(r'"rejected_because": "(\w+)"', text))
        )
    assert len(codes) >= 11
    assert {code for code in codes if f"`{code}`" not in STAGES} == set()


def test_sources_in_the_readme() -> None:
    assert all(f"`{name}`" in README for name in SOURCES)


def test_length_and_columns() -> None:
    assert len(README.splitlines()) <= 150
    assert all(column.islower() for column in COLUMNS)


def test_every_stage_has_a_file_and_a_test_of_its_name() -> None:
    for pipeline in PIPELINES.values():
        for stage in stages_of(pipeline, KG("sample", "", ""), 0, MODELS):
            assert stage.fn.__module__ == f"dataset_builder.stages.{stage.name}"
            assert (ROOT / f"tests/stages/test_{stage.name}.py").is_file()


def test_what_the_readme_links_is_there() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
