"""Bounds on a reply's JSON: sent to servers, in no key, in no check; left out before the schema is."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.calls.connection import Change, open_connections
from dataset_builder.llm.conversation import Conversation, ask_json, read_json
from dataset_builder.llm.model import LLM
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from dataset_builder.stage import Stage, rows_of, stage
from tests.llm.asking import PRICES, WRITER, Said
from tests.support.converse import converse
from tests.support.llm_server.canned import Canned
from tests.support.llm_server.running import Running
from tests.support.record_requests import asking_stages, recorded
from tests.test_stage import question

RECORDED = recorded()


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    numbers: list[int]


class Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: str
    number: int | None
    grade: int
    parts: list[Part]


BOUNDS = {"reason": 20, "text": 5, "parts": 2, "number": range(1, 4), "numbers": range(1, 4), "grade": range(11)}
GOOD: dict[str, Any] = {
    "reason": "short",
    "number": None,
    "grade": 10,
    "parts": [{"text": "abc", "numbers": [1, 3]}],
}


def bounded() -> dict[str, Any]:
    found = LLM("m").request("p", schema=Reply, bounds=BOUNDS).bounded_format
    assert found is not None
    return found["json_schema"]["schema"]


def test_what_is_within_the_bounds_follows_the_schema() -> None:
    jsonschema.validate(GOOD, bounded())
    jsonschema.validate(GOOD | {"number": 3}, bounded())


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "x" * 21},
        {"number": 4},
        {"number": 0},
        {"grade": 11},
        {"parts": GOOD["parts"] * 3},
        {"parts": [{"text": "abcdef", "numbers": []}]},
        {"parts": [{"text": "a", "numbers": [4]}]},
        {"parts": [{"text": "a", "numbers": [1, 2, 3, 1]}]},
    ],
)
def test_what_is_outside_does_not_but_a_reply_is_read_without_the_bounds(change: dict) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(GOOD | change, bounded())
    assert read_json(json.dumps(GOOD | change), Reply)[1] is None


def test_bounds_are_in_no_key_but_in_the_size_that_is_reserved() -> None:
    plain, with_bounds = LLM("m").request("p", schema=Reply), LLM("m").request("p", schema=Reply, bounds=BOUNDS)
    assert (plain.key, plain, plain.body) == (with_bounds.key, with_bounds, with_bounds.body)
    sent = with_bounds.body | {"response_format": with_bounds.bounded_format}
    assert with_bounds.size >= len(json.dumps(sent, separators=(",", ":"), ensure_ascii=False)) > plain.size


def test_a_bound_of_no_field_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="'reasons'"):
        _ = LLM("m").request("p", schema=Reply, bounds={"reasons": 3}).bounded_format


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return asking_stages()


@pytest.mark.parametrize("name", RECORDED)
def test_every_list_and_text_of_every_stages_replies_is_bounded(name: str, stages: dict[str, Stage]) -> None:
    answers = RECORDED[name]["answers"]
    _, requests = converse(stages[name], RECORDED[name]["batch"], lambda request: answers[request.key.hex()])
    for request in requests:
        if request.schema is not None:
            assert request.bounded_format is not None
            assert not list(unbounded(request.bounded_format["json_schema"]["schema"]))


def unbounded(schema: Any):
    """The parts of a schema that a reply can fill without end."""
    if isinstance(schema, dict):
        if schema.get("type") == "string" and not {"maxLength", "enum", "const"} & schema.keys():
            yield schema
        if (schema.get("type") == "array" and "maxItems" not in schema) or (
            schema.get("type") == "integer" and "enum" not in schema
        ):
            yield schema
        for part in schema.values():
            yield from unbounded(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from unbounded(part)


@stage(needs="question", adds="rationale", asks="llm")
def say_bounded(batch, llm: LLM):
    def one(row) -> Conversation:
        said = yield from ask_json(llm.request(row["question"], schema=Said, bounds={"answer": 400}))
        return {"rationale": said.answer}

    return [one(row) for row in rows_of(batch)]


def test_a_server_that_refuses_bounds_gets_the_schema_without_them(server: Running, tmp_path: Path) -> None:
    bodies: list[bytes] = []

    def refuse(body: bytes) -> Canned | None:
        bodies.append(body)
        if b"maxLength" not in body:
            return None
        said = "Invalid schema for response_format 'Said': In context=('properties', 'answer'), 'maxLength' is not permitted."
        error = {"message": said, "type": "invalid_request_error", "param": "response_format"}
        return Canned.of(400, {"error": error})

    server.state.refuse = refuse
    rows = on_disk([question(f"question {i}") for i in range(3)])
    with Runner(AnswerStore(tmp_path / "s.sqlite"), {"prices": PRICES}) as runner:
        done, [one] = run(rows, [say_bounded.using(llm=WRITER)], runner=runner)
    assert done["rationale"] == done["question"]
    assert one.calls is not None and list(one.calls.notes) == [
        "scripted: response_format is sent without bounds on lists and texts, because the endpoint refuses it"
    ]
    assert all(b"json_schema" in body for body in bodies) and b"maxLength" in bodies[0]
    assert len(bodies) <= 6


def test_openais_own_endpoint_gets_no_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    request = LLM("m").request("p", schema=Said, bounds={"answer": 400})
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert "maxLength" not in json.dumps(open_connections(LLM("m"), {}, None)[0].body(request, Change()))
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")
    assert "maxLength" in json.dumps(open_connections(LLM("m"), {}, None)[0].body(request, Change()))
