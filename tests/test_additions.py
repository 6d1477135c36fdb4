"""What belongs to a stage, a source, a prompt and a recipe: each test lists all that is missing, and says where it goes."""

import inspect
import json
import re
from pathlib import Path

import pytest

from dataset_builder.pipelines import PIPELINES
from dataset_builder.prompt import FOLDER
from dataset_builder.report.reasons import reason_meanings, rejections
from dataset_builder.row import COLUMNS
from dataset_builder.sources.table import SOURCES
from dataset_builder.stage import Stage
from tests.support.docs import pipeline_stages

ROOT = Path(__file__).parent.parent
STAGES = {stage.name: stage for stages in pipeline_stages().values() for stage in stages}
STAGE_FILES = sorted(path.stem for path in (ROOT / "dataset_builder/stages").glob("*.py") if path.stem != "__init__")
OPTIONAL = {"search_option_paths"}  # in `reasonmed` where it is grounded


@pytest.mark.parametrize("name", STAGE_FILES)
def test_a_stage_has_all_that_belongs_to_it(name: str) -> None:
    lacks = []
    if name not in STAGES and name not in OPTIONAL:
        lacks.append(f"dataset_builder/pipelines.py: no pipeline of {', '.join(PIPELINES)} has the stage")
    if not (ROOT / f"tests/stages/test_{name}.py").is_file():
        lacks.append(f"tests/stages/test_{name}.py: the file is missing")
    lacks += lacking(STAGES[name]) if name in STAGES else []
    meanings = reason_meanings()
    lacks += [
        f'docstring of {name}: say "Rejects: {code}, where …", or explain it in dataset_builder/report/reasons.tsv'
        for code in rejections().get(name, {})
        if not meanings.get(code)
    ]
    assert not lacks, "\n- ".join([f"the stage {name} is not complete:", *lacks])


def lacking(stage: Stage) -> list[str]:
    """What a stage in a pipeline lacks."""
    lacks = []
    if stage.fn.__module__ != f"dataset_builder.stages.{stage.name}":
        lacks.append(f"{stage.fn.__module__}: the function {stage.name} belongs into a file of its name")
    if "Rejects" not in (inspect.getdoc(stage.fn) or "") and stage.name != "refine_rationales":
        lacks.append(f'docstring of {stage.name}: say "Rejects: code, where …", or "Rejects nothing"')
    if missing := [column for column in stage.adds if column not in COLUMNS]:
        lacks.append(f"dataset_builder/row.py: no type and meaning of {', '.join(missing)}")
    if stage.asks_model:
        prompts = [path.name for path in FOLDER.glob("*.jinja") if path.stem == stage.name]
        lacks += [] if prompts else [f"dataset_builder/prompts/{stage.name}.jinja: the file is missing"]
        lacks += [] if stage.guess else [f"@stage of {stage.name}: no guess=…, so an estimate stops there (stage.py)"]
    return lacks


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "sample"])
def test_a_source_has_all_that_belongs_to_it(name: str) -> None:
    source, lacks = SOURCES[name], []
    fixture = ROOT / f"tests/fixtures/sources/{name}.jsonl"
    rows = [json.loads(line) for line in fixture.read_text("utf-8").splitlines()] if fixture.is_file() else []
    if len(rows) != 3:
        lacks.append(f"{fixture.relative_to(ROOT)}: found {len(rows)} raw rows, expected 3 of your own writing")
    if not any("expected" in row for row in rows) and source.to_row.__name__ not in KNOWN_LAYOUTS:
        lacks.append(f'{fixture.relative_to(ROOT)}: give a row "expected": "LABEL. text of the answer"')
    if not source.about:
        lacks.append("its record: about, what it is in a few words")
    assert not lacks, "\n- ".join([f"the source {name} is not complete:", *lacks])


# the layouts whose reading tests/sources/test_raw_rows.py checks row by row
KNOWN_LAYOUTS = {
    *("medqa", "medmcqa", "pubmedqa", "pubmedqa_unlabeled", "mmlu", "mmlu_pro", "medxpertqa", "medbullets"),
    *("huatuo", "hle"),
}


def test_every_prompt_file_is_used() -> None:
    """By `Prompt("name", …)` in the code, by another prompt, or as an evaluation prompt, which is found by its name."""
    files = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.jinja")}
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "dataset_builder").rglob("*.py"))
    used = set(re.findall(r'(?:Prompt|render)\(\s*"(\w+)"', code)) | {
        name for name in files if name.startswith("question")
    }
    assert files.keys() - used == set()


@pytest.mark.parametrize("path", sorted((ROOT / "sft").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_has_all_that_belongs_to_it(path: Path) -> None:
    text, lacks = path.read_text("utf-8"), []
    base = re.search(r"^model_name_or_path: (\S+)", text, re.MULTILINE)
    assert base, f"{path.name} has no model_name_or_path"
    bases = [line.split("\t")[0] for line in (ROOT / "sft/bases.tsv").read_text("utf-8").splitlines()[1:]]
    if base[1] not in bases:
        lacks.append(f"sft/bases.tsv: no line for {base[1]}: its license, link, family and obligations")
    if not (ROOT / f"model_cards/{path.stem}.md").is_file():
        lacks.append(f"model_cards/{path.stem}.md: run `make cards`")
    assert not lacks, "\n- ".join([f"the recipe {path.stem} is not complete:", *lacks])
