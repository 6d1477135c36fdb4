"""What a stage's cached result depends on: the files that it can reach are at least those that it uses."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.apply import apply_to_live_rows
from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.pipelines import kg_only
from dataset_builder.sources.questions import on_disk, read_questions
from dataset_builder.stage import Stage
from dataset_builder.stage_code import ROOT, stage_files
from kg import KG
from tests.support.converse import converse
from tests.support.record_files import recorded
from tests.support.record_requests import asking_stages
from tests.support.record_requests import recorded as recorded_requests


def names(files: Iterable[Path]) -> set[str]:
    return {file.relative_to(ROOT).as_posix() for file in files}


def applied() -> Iterator[tuple[Stage, set[Path]]]:
    """Each stage of kg_only, applied to the rows of the sample, and each that asks a model, to its recorded rows; with what it used."""
    batch: dict[str, list[Any]] = on_disk(read_questions(["sample"], {}, rows=20)[0]).to_dict()  # pyright: ignore[reportAssignmentType]
    for stage in kg_only(KG.load("sample"), claim_reader("spacy"), 0):
        columns, used = recorded(lambda stage=stage, batch=batch: apply_to_live_rows(batch, stage))
        batch |= columns
        yield stage, used
    lines = recorded_requests()
    for name, stage in asking_stages().items():
        if not name.startswith("calibration"):
            yield stage, recorded(lambda stage=stage, line=lines[name]: replayed(stage, line))[1]


def replayed(stage: Stage, line: dict[str, Any]) -> None:
    """Lead the conversations of the recorded rows, with the recorded answers."""
    converse(stage, line["batch"], lambda request: line["answers"][request.key.hex()])


def test_what_a_stage_runs_and_reads_is_among_the_files_that_it_can_reach() -> None:
    used_by = {}
    for stage, used in applied():
        missed = (
            names(used) - names(stage_files(stage)) - {"dataset_builder/row.py"}
        )  # the columns' types are in the key
        assert not missed, f"{stage.name} uses {sorted(missed)}, which an edit of would not rebuild it"
        used_by[stage.name] = names(used)
    assert "kg/kernel.py" in used_by["search_paths"]  # it does record
    assert "dataset_builder/prompts/question.jinja" in used_by["to_messages"]
    assert "dataset_builder/llm/conversation.py" in used_by["write_rationale"]


def test_a_stage_defined_elsewhere_depends_on_its_own_file() -> None:
    assert Path(__file__) in stage_files(Stage(names, ("question",), ("answer",)))


GRAPH = "find_mentions link_nodes search_paths rank_paths contrast_options check_hops"
EDITS = {  # a file, and the stages of kg_only that an edit of it rebuilds
    "dataset_builder/report/page.py": "",
    "dataset_builder/commands/build.py": "",
    "dataset_builder/publishing/card.py": "",
    "dataset_builder/llm/calls/dispatch.py": "",
    "dataset_builder/stages/write_rationale.py": "",
    "dataset_builder/stages/rank_paths.py": "rank_paths",
    "dataset_builder/text_checks/rationale.py": "check_style",
    "dataset_builder/prompts/question.jinja": "check_style to_messages",  # check_style looks for the wording of every prompt
    "dataset_builder/claim_check/given_hops/claim_cues.tsv": "check_hops",
    "dataset_builder/claim_check/relation_words.tsv": "check_hops",
    "dataset_builder/claim_check/reader.py": "check_hops",
    "dataset_builder/contamination/stock_words.txt": "",  # it decides the ledger, whose content is in the key
    "kg/words/negation.tsv": GRAPH,
    "kg/mentions.py": GRAPH,
    "dataset_builder/apply.py": " ".join(
        stage.name for stage in kg_only(KG("sample", "", ""), claim_reader("spacy"), 0)
    ),
}
NOTHING = {
    ".py": "# an edit that changes nothing\n",
    ".jinja": "{# another #}",
    ".tsv": "# nothing\n",
    ".txt": "# nothing\n",
}


@pytest.mark.slow
def test_an_edit_rebuilds_the_stages_that_reach_it_and_no_other(tmp_path: Path) -> None:
    """In a copy of the code, as somebody who edits and runs again. None of these edits changes a result."""
    for package in ("dataset_builder", "kg"):
        shutil.copytree(ROOT / package, tmp_path / package)  # with what numba has compiled, which takes 12 s

    def build() -> tuple[set[str], str]:
        shutil.rmtree(tmp_path / "build", ignore_errors=True)  # else it is recognised that nothing has changed
        command = [sys.executable, "-m", "dataset_builder", "build", "kg_only"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        manifest = json.loads((tmp_path / "build/kg_only/manifest.json").read_text())
        return {one["stage"] for one in manifest["run"]["stages"] if not one["cached"]}, manifest["content_hash"]

    first, content = build()
    assert first == set(EDITS["dataset_builder/apply.py"].split())
    assert build() == (set(), content)
    for file, rebuilt in EDITS.items():
        edited = tmp_path / file
        edited.write_text(edited.read_text("utf-8") + NOTHING[edited.suffix], "utf-8")
        assert build() == (set(rebuilt.split()), content), file
