"""What README, CONTRIBUTING and the card say is so."""

import re
from pathlib import Path

import pytest

from dataset_builder.relevance.model import MIN_RELEVANCE
from dataset_builder.report.reasons import reason_meanings
from dataset_builder.row import COLUMNS
from tests.support.docs import pages

PAGES = pages()
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
STAGES = (ROOT / "docs" / "stages.md").read_text("utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_generated_tables_say_what_the_code_says(path: Path) -> None:
    assert path.read_text("utf-8") == PAGES[path], f"{path} is out of date; run `make docs`"


def test_make_help_names_each_variable_once() -> None:
    shown = "".join(re.findall("^#>(.*\n)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    names = re.findall(r"(?<![\w=|])([A-Z_]{2,})=", shown)
    assert len(names) > 40 and sorted(names) == sorted(set(names))


def test_readme_and_make_name_the_default_of_min_relevance() -> None:
    for file in ("README.md", "Makefile"):
        named = re.findall(r"\bMIN_RELEVANCE=([\d.]*\d)", (ROOT / file).read_text("utf-8"))
        assert [float(number) for number in named] == [MIN_RELEVANCE], file


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
    assert {code for code in codes if not reason_meanings().get(code)} == set()
    assert {code for code in codes if f"`{code}`" not in STAGES} == set()


def test_length_and_columns() -> None:
    assert len(README.splitlines()) <= 150
    assert all(column.islower() for column in COLUMNS)


def test_what_the_readme_links_is_there() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
