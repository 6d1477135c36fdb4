"""The requests of every stage are, to the byte, those that were recorded: an answer that was paid for is found again.

A request's key is the hash of all that is sent: prompts, follow-ups, schemas with their class names and docstrings, sampling.
The recordings in tests/fixtures/request_keys.jsonl were made at f8ed0d2, before modules and classes were renamed; each line has
the columns that a stage was given, and per request key the reply. They change only where a prompt is changed on purpose.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.judge_calibration.calibration import judge_calibration_cases
from dataset_builder.llm.model import LLM, Request
from dataset_builder.pipelines import medreason, reasonmed
from dataset_builder.stage import Stage
from kg import KG
from tests.support.converse import converse

LINES = (Path(__file__).parents[1] / "fixtures" / "request_keys.jsonl").read_text("utf-8").splitlines()
RECORDED = {recorded["of"]: recorded for recorded in map(json.loads, LINES)}
WRITERS = tuple(map(LLM.named, ("weak", "fair", "strong@local")))


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    """Every stage that asks a model, by pipeline and name, with the tools of the recording."""
    kg, judge, editor = KG.load("sample"), LLM.named("judge"), LLM.named("editor")
    pipelines = {
        "medreason": medreason(kg, 0, LLM.named("writer"), judge),
        "reasonmed": reasonmed(kg, 0, WRITERS, judge, editor),
        "reasonmed grounded": reasonmed(kg, 0, WRITERS, judge, editor, judge_votes=2, grounded=True),
    }
    found = {f"{name}: {s.name}": s for name, stages in pipelines.items() for s in stages if s.asks_model}
    calibrated = {"check_answer": 1, "judge_rationales": 2}
    return found | {
        f"calibration: {name}": judge_calibration_cases.using(llm=judge, votes=votes)
        for name, votes in calibrated.items()
    }


def test_every_stage_that_asks_is_recorded(stages: dict[str, Stage]) -> None:
    assert stages.keys() == RECORDED.keys()


@pytest.mark.parametrize("name", RECORDED)
def test_the_same_rows_and_replies_make_the_same_requests(name: str, stages: dict[str, Stage]) -> None:
    answers: dict[str, str] = RECORDED[name]["answers"]
    batch: dict[str, list[Any]] = RECORDED[name]["batch"]
    asked: set[str] = set()

    def reply(request: Request) -> str:
        key = request.key.hex()
        assert key in answers, f"a new request, which would be paid for again: {json.dumps(request.body, indent=1)}"
        asked.add(key)
        return answers[key]

    converse(stages[name], batch, reply)
    assert asked == answers.keys()
