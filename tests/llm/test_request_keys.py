"""The requests of every stage are, to the byte, those that were recorded: an answer that was paid for is found again.

A request's key is the hash of all that is sent: prompts, follow-ups, schemas with their class names and docstrings, sampling.
The recordings in tests/fixtures/request_keys.jsonl were made at f8ed0d2, before modules and classes were renamed. They change only
where a prompt is changed on purpose: tests/support/record_requests.py.
"""

import json
from typing import Any

import pytest

from dataset_builder.llm.model import Request
from dataset_builder.stage import Stage
from tests.support.converse import converse
from tests.support.record_requests import asking_stages, recorded

RECORDED = recorded()


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return asking_stages()


def test_every_recorded_stage_is_there(stages: dict[str, Stage]) -> None:
    assert RECORDED.keys() <= stages.keys()


@pytest.mark.parametrize("name", RECORDED)
def test_the_same_rows_and_replies_make_the_same_requests(name: str, stages: dict[str, Stage]) -> None:
    answers: dict[str, str] = RECORDED[name]["answers"]
    batch: dict[str, list[Any]] = RECORDED[name]["batch"]
    asked: set[str] = set()

    def reply(request: Request) -> str:
        key = request.key.hex()
        assert key in answers, (
            "a new request, which would be paid for again; if that is intended, run "
            f'python -m tests.support.record_requests "{name}": {json.dumps(request.body, indent=1)}'
        )
        asked.add(key)
        return answers[key]

    converse(stages[name], batch, reply)
    assert asked == answers.keys()
