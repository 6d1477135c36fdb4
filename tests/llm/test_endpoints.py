"""What an endpoint may not accept, say or do: parameters, windows, sizes, redirects, waits, keys and URLs."""

import gzip
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.calls.endpoint import connect
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from tests.llm.asking import PRICES, WRITER, say, say_json, says
from tests.support.llm_server.canned import Canned
from tests.support.llm_server.running import Running, running
from tests.test_stage import question


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., tuple[list[dict], Any]]:
    """Run one stage over so many rows; returns the rows and the usage."""

    def build(number: int = 3, asking=say, llm: LLM = WRITER, **calls: Any):
        rows = on_disk([question(f"question {i}") for i in range(number)])
        with Runner(AnswerStore(tmp_path / "s.sqlite"), {"prices": PRICES, "timeout_s": 5.0, **calls}) as runner:
            done, [one] = run(rows, [asking.using(llm=llm)], runner=runner)
        return done.to_list(), one.calls

    return build


class Picky:
    """A server that refuses requests by their body, and remembers what it got."""

    def __init__(self, server: Running, refuse: Callable[[dict[str, Any]], Canned | None]) -> None:
        self.bodies: list[dict[str, Any]] = []
        server.state.refuse = lambda body: self.see(json.loads(body), refuse)

    def see(self, body: dict[str, Any], refuse: Callable[[dict[str, Any]], Canned | None]) -> Canned | None:
        self.bodies.append(body)
        return refuse(body)


def error(status: int, message: str, **more: Any) -> Canned:
    return Canned.of(status, {"error": {"message": message, "type": "invalid_request_error", **more}})


def test_a_refused_parameter_is_left_out_and_said_once(server: Running, build) -> None:
    said = "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported."
    picky = Picky(server, lambda body: error(400, said, param="temperature") if "temperature" in body else None)
    rows, usage = build(30, llm=replace(WRITER, temperature=0.7))
    assert all(row["rejected_because"] is None for row in rows)
    assert list(usage.notes) == ["scripted: temperature is left out, because the endpoint refuses it"]
    assert sum("temperature" not in body for body in picky.bodies) == 30
    before = len(picky.bodies)
    assert build(30, llm=replace(WRITER, temperature=0.7))[1].sent == 0 and len(picky.bodies) == before, (
        "the key has not changed"
    )


def test_no_sampling_sends_none(server: Running, build) -> None:
    picky = Picky(server, lambda body: None)
    build(llm=replace(WRITER, temperature=0.7, top_p=0.9, seed=3), sampling=False)
    assert all(not {"temperature", "top_p", "seed"} & body.keys() for body in picky.bodies)


@pytest.mark.parametrize("status", [400, 500])
def test_a_schema_that_its_engine_cannot_compile_is_left_out(server: Running, build, status: int) -> None:
    said = "Failed to convert the grammar from GrammarSpec: xgrammar does not support this json_schema"
    Picky(server, lambda body: error(status, said) if "response_format" in body else None)
    rows, usage = build(asking=say_json)
    assert all(row["rejected_because"] is None for row in rows) and len(usage.notes) == 1


def test_less_is_asked_for_where_the_window_is_small(server: Running, build) -> None:
    def refuse(body: dict[str, Any]) -> Canned | None:
        if body["max_tokens"] <= 2028:
            return None
        return error(400, f"This model's maximum context length is 2048 tokens. However, you requested {body['max_tokens'] + 20} tokens "
                     f"(20 in the messages, {body['max_tokens']} in the completion).", code="context_length_exceeded")  # fmt: skip

    picky = Picky(server, refuse)
    rows, usage = build(llm=replace(WRITER, max_tokens=5000))
    assert all(row["rejected_because"] is None for row in rows)
    assert {body["max_tokens"] for body in picky.bodies} == {5000, 2048 - 20 - 16} and len(usage.notes) == 1


def test_a_window_that_is_too_small_is_asked_again_when_it_may_have_grown(server: Running, build) -> None:
    said = "the request exceeds the available context size. try increasing the context size or enable context shift"
    Picky(server, lambda body: error(400, said, type="exceed_context_size_error", n_prompt_tokens=4300, n_ctx=4096))
    rows, usage = build()
    assert {row["rejected_because"] for row in rows} == {"llm_failed"} and usage.sent == 3
    server.state.refuse = None
    rows, usage = build()
    assert {row["rejected_because"] for row in rows} == {None} and usage.sent == 3


def test_one_forbidden_question_costs_its_row_only(server: Running, build) -> None:
    def refuse(body: dict[str, Any]) -> Canned | None:
        return error(403, "this is not for you") if body["messages"][0]["content"] == "question 1" else None

    Picky(server, refuse)
    for _ in range(2):  # also when it is the only one left
        rows, _usage = build(3)
        assert [row["rejected_because"] for row in rows] == [None, "llm_failed", None]


def test_a_key_that_may_ask_nothing_ends_the_run(server: Running, build) -> None:
    Picky(server, lambda body: error(403, "this is not for you"))
    with pytest.raises(ModelError, match=r"status 403: .*this is not for you.*OPENAI_API_KEY"):
        build(50, in_flight=4)
    assert server.stats()["requests"] < 20


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (402, "Insufficient Balance"),
        (400, "insufficient account balance"),
        (403, "The account is in arrears: overdue"),
    ],
)
def test_no_money_ends_the_run_and_keeps_what_came(server: Running, build, status: int, message: str) -> None:
    answered: list[int] = []

    def refuse(body: dict[str, Any]) -> Canned | None:
        answered.append(1)
        return error(status, message) if len(answered) > 10 else None

    Picky(server, refuse)
    with pytest.raises(ModelError, match=r"no money or quota is left.*add credit"):
        build(50, in_flight=1)
    server.state.refuse = None
    assert build(50)[1].sent == 40


def test_a_redirect_is_not_followed_and_gets_no_key(server: Running, build) -> None:
    with running(says) as other:
        Picky(server, lambda body: Canned.of(307, "", {"location": f"{other.url}/chat/completions"}))
        with pytest.raises(ModelError, match=r"it redirects to .*keys are sent to no other server"):
            build()
        assert other.stats()["requests"] == 0


def test_a_reply_that_expands_without_end_is_not_decoded(server: Running, build, tmp_path: Path) -> None:
    bomb = gzip.compress(b" " * 300_000_000)
    Picky(server, lambda body: Canned(200, bomb, (("content-encoding", "gzip"),), paid=True))
    rows, usage = build(2)
    assert {row["rejected_detail"] for row in rows} == {
        "the answer is larger than 274,944 bytes, more than max_tokens allows"
    }
    assert usage.sent == 2 and sum(path.stat().st_size for path in tmp_path.glob("s.sqlite*")) < 500_000


def test_a_gzipped_answer_is_read(server: Running, build) -> None:
    body = gzip.compress(json.dumps({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}).encode())
    Picky(server, lambda _: Canned(200, body, (("content-encoding", "gzip"),)))
    assert {row["rationale"] for row in build()[0]} == {"yes"}


def test_a_wait_without_end_ends_the_run(server: Running, build) -> None:
    Picky(
        server,
        lambda body: Canned.of(429, {"error": {"message": "Rate limit reached"}}, {"retry-after": "1000000000"}),
    )
    started = time.monotonic()
    with pytest.raises(ModelError, match="Rate limit reached"):
        build(100)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("usage", [{"prompt_tokens": -1_000_000, "completion_tokens": 1}, {"prompt_tokens": 10**30, "completion_tokens": 2},
                                   {"prompt_tokens": "100", "completion_tokens": [3]}, {"prompt_tokens": 1.5, "completion_tokens": True}, "none"])  # fmt: skip
def test_numbers_that_are_none_cost_the_most_that_was_reserved(server: Running, build, usage: Any) -> None:
    body = {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}], "usage": usage}
    Picky(server, lambda _: Canned.of(200, body))
    rows, found = build(20, max_usd=0.004, in_flight=1)
    assert 0 < found.now.usd <= 0.004 and {row["rejected_because"] for row in rows} == {None, "over_budget"}
    assert "counts as the most that it can cost" in next(iter(found.notes))


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("OPENAI_BASE_URL", "127.0.0.1:8000/v1", "OPENAI_BASE_URL is no URL that can be called"),
        ("OPENAI_BASE_URL", "http://", "OPENAI_BASE_URL is no URL that can be called"),
        ("OPENAI_BASE_URL", "htps://user:hunter2hunter2@host/v1", "OPENAI_BASE_URL is no URL that can be called"),
        ("OPENAI_API_KEY", "sk-with\na-break", "OPENAI_API_KEY has a character that no key has"),
        ("OPENAI_API_KEY", "sk-“quoted”", "OPENAI_API_KEY has a character that no key has"),
        ("HTTPS_PROXY", "socks9://host:1", "the proxy in the environment cannot be used"),
    ],
)
def test_what_no_call_can_use_is_refused_before_the_first(
    server: Running, build, monkeypatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ModelError, match=message) as why:
        build()
    assert "hunter2" not in str(why.value) and server.stats()["requests"] == 0


def test_a_lone_half_of_a_character_stops_nothing(server: Running, build) -> None:
    body = b'{"choices": [{"message": {"content": "yes \\ud83d no \\ud83d\\ude00"}, "finish_reason": "stop"}]}'
    Picky(server, lambda _: Canned(200, body))
    for _ in range(2):
        assert {row["rationale"] for row in build()[0]} == {"yes \ufffd no \U0001f600"}


@pytest.mark.parametrize("url", ["http://no-such-host.internal/v1", "http://127.0.0.1:9/v1"])
def test_a_call_that_never_left_costs_nothing(server: Running, build, monkeypatch, url: str) -> None:
    """A name that nobody knows, a port where nobody listens: as people reported them."""
    monkeypatch.setattr("dataset_builder.llm.calls.attempts.MAX_ERRORS", 1)
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(ModelError, match=r"no connection: .*no server listens at this URL: set OPENAI_BASE_URL"):
        build(3, max_usd=0.01)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    rows, usage = build(3, max_usd=0.01)
    assert {row["rejected_because"] for row in rows} == {None} and usage.lost_usd == 0


def test_a_connection_that_breaks_while_the_model_is_at_work_may_have_cost(
    server: Running, build, monkeypatch
) -> None:
    monkeypatch.setattr("dataset_builder.llm.calls.attempts.MAX_ERRORS", 1)
    server.change(fault_reset=1.0)
    _, usage = build(3, max_usd=0.01)
    assert usage.errors == {"cut": 3} and usage.lost_usd > 0


def test_a_page_under_status_200_is_no_answer_and_costs_nothing(server: Running, build, monkeypatch) -> None:
    monkeypatch.setattr("dataset_builder.llm.calls.attempts.MAX_ERRORS", 1)
    Picky(server, lambda _: Canned.of(200, "<!doctype html><title>Log in</title>", {"content-type": "text/html"}))
    with pytest.raises(
        ModelError,
        match=r"does not lead to a chat-completions endpoint: set OPENAI_BASE_URL, which usually ends in /v1",
    ):
        build(30, max_usd=0.01)


def test_progress_is_said_also_without_a_terminal(server: Running, build, monkeypatch, capsys) -> None:
    monkeypatch.setattr("dataset_builder.llm.runner.LINE_S", 0.2)
    server.change(latency_ms=900)
    build(4)
    assert "say: 0 of 4 rows, 4 in flight, 0 known, 4 calls" in capsys.readouterr().err


def test_the_environment_is_the_one_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "OTHER_BASE_URL": "http://127.0.0.1:9/v1"})  # as `datasets` does
    [client] = connect("other")
    assert str(client.base_url) == "http://127.0.0.1:9/v1/"
