"""Model calls over real HTTP: every kind of fault, limits, a cap, and what ends a run."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.conversation import Conversation, ask
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.runner import Runner
from dataset_builder.run import StageRun, run
from dataset_builder.sources.questions import on_disk
from dataset_builder.stage import rows_of, stage
from tests.llm.asking import KEY, PRICES, WRITER, say, say_json, says
from tests.support.llm_server.running import Running, running
from tests.test_stage import question

MIXED = {
    f"fault_{name}": 0.02
    for name in ("429", "429ra", "500", "reset", "hang", "drip", "cut", "empty", "badjson", "length")
}


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., tuple[list[dict], StageRun]]:
    """Run one stage over so many rows; returns the rows and what was done."""

    def build(number: int, asking=say_json, llm: LLM = WRITER, store: str = "s", **calls: Any):
        rows = on_disk([question(f"question {i}") for i in range(number)])
        options = {"prices": PRICES, "timeout_s": 2.0, **calls}
        with Runner(AnswerStore(tmp_path / f"{store}.sqlite"), options) as runner:
            done, [one] = run(rows, [asking.using(llm=llm)], runner=runner)
        return done.to_list(), one

    return build


def test_every_row_gets_its_own_answer_and_a_second_run_asks_nothing(server: Running, build) -> None:
    rows, first = build(300)
    assert all(row["rationale"] == row["question"] for row in rows)
    tokens = server.stats()["prompt_tokens"], server.stats()["completion_tokens"]
    assert (first.calls.now.prompt_tokens, first.calls.now.completion_tokens) == tokens
    assert first.calls.now.usd == pytest.approx(tokens[0] / 1e6 + tokens[1] * 2 / 1e6)
    again, second = build(300)
    assert (again, second.calls.sent, second.cached) == (rows, 0, True)
    assert second.calls.before.usd == pytest.approx(first.calls.now.usd)
    assert server.stats()["requests"] == 300


@pytest.mark.parametrize("asking", [pytest.param(say, marks=pytest.mark.slow), say_json])
def test_a_fault_that_passes_is_never_the_reason_of_a_rejection(server: Running, build, asking) -> None:
    server.change(**MIXED, hang_s=30, retry_after_s=0.2)
    started = time.monotonic()
    rows, one = build(
        400, asking, replace(WRITER, temperature=0.7)
    )  # at 0 an answer that is cut at max_tokens stays cut
    assert time.monotonic() - started < 60  # no hang: a byte a second is no answer within two
    assert [row["rejected_because"] for row in rows] == [None] * 400
    if asking is say_json:
        assert all(row["rationale"] == row["question"] for row in rows)
    assert set(one.calls.errors) >= {"429", "500", "cut", "time-out", "empty", "truncated at max_tokens"}
    assert one.calls.lost_usd > 0


@pytest.mark.slow
def test_a_fault_that_lasts_rejects_its_row_with_the_reason_and_no_other(server: Running, build, monkeypatch) -> None:
    for bound in ("MAX_ERRORS", "MAX_REFUSALS"):
        monkeypatch.setattr(f"dataset_builder.llm.calls.attempts.{bound}", 4)
    server.change(**MIXED, permanent=0.3, hang_s=30, retry_after_s=0.05)
    warm = replace(WRITER, temperature=0.7)
    rows, _ = build(100, llm=warm, timeout_s=0.3)
    reasons = {(row["rejected_because"], (row["rejected_detail"] or "").split(":")[0]) for row in rows}
    good = [row for row in rows if row["rejected_because"] is None]
    assert 70 <= len(good) < 100 and all(row["rationale"] == row["question"] for row in good)
    assert {code for code, _ in reasons} <= {None, "llm_failed", "bad_json"}
    server.change()
    rows, one = build(
        100, llm=warm
    )  # the same store, the server well again: only what had failed and may pass is asked
    assert one.calls.sent < 100 - len(good) + 1
    assert sum(row["rejected_because"] is None for row in rows) >= len(good)


@pytest.mark.parametrize(
    ("temperature", "fault", "detail", "times"),
    [
        (0.7, "length", "truncated at max_tokens", 2),
        (0.0, "length", "truncated at max_tokens", 1),
        (0.7, "empty", "empty", 4),
        (0.0, "empty", "empty", 4),  # each time with another seed
    ],
)
def test_a_bad_answer_is_paid_a_few_times_and_never_again(
    server: Running, build, temperature: float, fault: str, detail: str, times: int
) -> None:
    """At temperature 0 the same request would be answered the same way."""
    server.change(**{f"fault_{fault}": 1.0})
    llm = replace(WRITER, temperature=temperature)
    rows, one = build(3, llm=llm)
    assert {row["rejected_detail"] for row in rows} == {f"the answer is {detail}"}
    assert (one.calls.sent, one.calls.bad) == (3 * times, 3 * times)
    assert build(3, llm=llm)[1].calls.sent == 0


def test_a_dripping_or_silent_server_costs_no_more_than_the_time_out(server: Running, build, monkeypatch) -> None:
    monkeypatch.setattr("dataset_builder.llm.calls.attempts.MAX_ERRORS", 2)
    server.change(fault_drip=0.5, fault_hang=0.5, hang_s=60)
    server.state.reply = None
    started = time.monotonic()
    with pytest.raises(ModelError, match="no whole answer within the time-out") as caught:
        build(5, timeout_s=0.5)
    assert time.monotonic() - started < 10
    assert re.search(r"seen: no answer yet, [1-5] calls in flight", str(caught.value))
    assert all(f"{name} (--" in str(caught.value) for name in ("TIMEOUT", "IN_FLIGHT", "MAX_TOKENS"))


def test_a_small_server_is_not_asked_twice_for_what_waits_in_its_queue(server: Running, build) -> None:
    server.change(slots=2, tokens_per_second=1000, answer_tokens=200, jitter=0.5)  # 0.2 s each, 10 a second
    rows, one = build(36, timeout_s=1.5, in_flight=256)  # the whole queue takes 3.6 s
    assert [row["rejected_because"] for row in rows] == [None] * 36
    assert (one.calls.sent, dict(one.calls.errors)) == (36, {})
    assert server.stats()["peak_in_flight"] <= 32


def test_the_same_request_of_two_rows_is_paid_once(server: Running, tmp_path: Path) -> None:
    server.change(latency_ms=50)
    rows = on_disk([question("the same") | {"id": str(i)} for i in range(20)])
    with Runner(AnswerStore(tmp_path / "s.sqlite"), {"prices": PRICES}) as runner:
        done, _ = run(rows, [say.using(llm=WRITER)], runner=runner)
    assert len(set(done["rationale"][:])) == 1
    assert server.stats()["requests"] == 1


def test_a_wrong_key_ends_the_run_and_is_in_no_message(server: Running, build) -> None:
    server.change(key="another")
    with pytest.raises(
        ModelError, match=r"the run was stopped: model 'scripted' at endpoint 'openai': status 401: .*\[key\]"
    ) as why:
        build(500)
    assert KEY not in str(why.value)
    assert server.stats()["requests"] <= 300  # those in flight, no more


def test_a_prompt_that_is_too_long_rejects_its_row_only(server: Running, build) -> None:
    server.change(context=400)

    @stage(needs="question", adds="rationale", asks="llm")
    def long(batch, llm: LLM):
        def one(row) -> Conversation:
            text = row["question"] * (500 if row["question"].endswith("7") else 1)
            return {"rationale": (yield from ask(llm.request(text)))}

        return [one(row) for row in rows_of(batch)]

    rows, one = build(10, long)
    assert [row["question"] for row in rows if row["rejected_because"]] == ["question 7"]
    assert "longer than the model's context" in rows[7]["rejected_detail"]
    assert one.calls.sent == 10


def test_an_endpoint_that_refuses_a_schema_is_asked_without_one(server: Running, build) -> None:
    server.change(schema=False)
    rows, _ = build(50)
    assert all(row["rationale"] == row["question"] for row in rows)


def test_an_endpoint_that_is_not_there_ends_the_run(build, monkeypatch) -> None:
    monkeypatch.setattr("dataset_builder.llm.calls.attempts.MAX_ERRORS", 2)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(ModelError, match="no connection"):
        build(5)


@pytest.mark.parametrize(
    ("llm", "environment", "message"),
    [
        (LLM("m"), {}, "no model endpoint is configured: set OPENAI_API_KEY"),
        (LLM("m", "my-sglang"), {}, "endpoint 'my-sglang' needs MY_SGLANG_BASE_URL in the environment"),
        (
            LLM("m", "azure"),
            {"AZURE_OPENAI_API_KEY": "k"},
            "endpoint 'azure' needs AZURE_OPENAI_ENDPOINT, OPENAI_API_VERSION",
        ),
    ],
)
def test_a_missing_variable_is_named(build, monkeypatch, llm: LLM, environment: dict, message: str) -> None:
    azure = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", *azure):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match=message):
        build(3, llm=llm)


def test_two_endpoints_and_azure_are_reached_by_their_names(server: Running, build, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("MY_SGLANG_BASE_URL", server.url)
    assert build(3, llm=LLM("m", "my-sglang"))[1].calls.good == 3
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url.removesuffix("/v1"))
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    assert build(3, llm=LLM("gpt-4o", "azure"))[1].calls.good == 3


def test_an_answer_stays_valid_when_the_server_moves(server: Running, build, monkeypatch) -> None:
    build(3)
    with running(says) as other:
        monkeypatch.setenv("OPENAI_BASE_URL", other.url)
        assert build(3)[1].calls.sent == 0


def test_a_cap_is_never_exceeded_and_a_higher_one_goes_on(server: Running, build) -> None:
    """A call is reserved at its bytes and its max_tokens; here the answers cost a tenth of that."""
    server.change(latency_ms=20)
    whole = build(60, store="other")[1].calls.now.usd
    for cap, least in ((whole / 3, 0.5), (whole / 3, 0.5), (2 * whole, 1.0)):
        rows, one = build(60, max_usd=cap, in_flight=16)
        spent = one.calls.now.usd + one.calls.before.usd
        assert spent <= cap
        codes = {row["rejected_because"] for row in rows}
        assert codes == ({None} if least == 1.0 else {None, "over_budget"})
    assert spent == pytest.approx(whole)
    assert server.stats()["paid_again"] == 60  # those of the other store, and no others


def test_a_call_whose_answer_was_lost_counts_as_spent(server: Running, build) -> None:
    server.change(fault_cut=1.0)
    cap = 20 * (200 * 2 + 250) / 1e6
    build(100, max_usd=cap, in_flight=4)
    assert 15 <= server.stats()["requests"] <= 25
    paid = server.stats()["completion_tokens"] * 2e-6 + server.stats()["prompt_tokens"] * 1e-6
    assert paid <= cap


def test_a_cap_needs_a_price(server: Running, build) -> None:
    with pytest.raises(
        ModelError, match=r"--max-usd needs the price of 'unheard-of', .* add --price unheard-of=IN/OUT"
    ):
        build(3, llm=LLM("unheard-of"), max_usd=1.0)
    _, one = build(3, llm=LLM("unheard-of"))
    assert one.calls.now.usd is None and one.calls.now.completion_tokens > 0


def test_retry_after_is_obeyed(server: Running, build) -> None:
    server.change(fault_429ra=0.2, retry_after_s=0.7)
    started = time.monotonic()
    build(20)
    assert time.monotonic() - started > 0.7


def test_a_limit_in_the_headers_is_kept(server: Running, build) -> None:
    server.change(rate="50", header_rpm=3000)
    _, one = build(150)
    assert one.calls.errors["429"] <= 10


def test_no_key_gets_into_the_store(server: Running, build, tmp_path: Path) -> None:
    server.state.reply = lambda request, settings: f'{{"answer": "your key is {KEY}"}}'
    rows, _ = build(3)
    assert rows[0]["rationale"] == "your key is [key]"
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_the_requests_of_each_row_are_known_however_their_answers_came(server: Running, tmp_path: Path) -> None:
    rows = on_disk([question(f"question {i}") for i in range(5)])
    found = []
    for calls in (
        {"prices": PRICES},
        {"prices": PRICES},
        None,
    ):  # asked; from the store, by a run that may ask; by one that may not
        with Runner(AnswerStore(tmp_path / "s.sqlite"), calls) as runner:
            runner.fetch_answers(say.using(llm=WRITER), rows)
            found.append(runner.asked)
    assert found[0] == {row: WRITER.request(f"question {row}").key for row in range(5)} == found[1] == found[2]
