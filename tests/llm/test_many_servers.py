"""Several servers behind one name, over real HTTP: who gets work, what a kill costs, and what is said."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.runner import Runner
from dataset_builder.llm.usage import Usage, said_of
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from tests.llm.asking import KEY, PRICES, say, says
from tests.support.llm_server.canned import Canned
from tests.support.llm_server.process import ServerProcess
from tests.support.llm_server.running import Running, running
from tests.test_stage import question

FARM = LLM("scripted", "farm", max_tokens=200)
Build = Callable[..., tuple[list[dict[str, Any]], Usage]]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Run one stage over so many rows; returns the rows and the usage."""

    def build(number: int, llm: LLM = FARM, **calls: Any) -> tuple[list[dict[str, Any]], Usage]:
        rows = on_disk([question(f"question {i}") for i in range(number)])
        with Runner(AnswerStore(tmp_path / "s.sqlite"), {"prices": PRICES, "timeout_s": 10.0, **calls}) as runner:
            done, [one] = run(rows, [say.using(llm=llm)], runner=runner)
        assert one.calls is not None
        return done.to_list(), one.calls

    return build


@pytest.fixture
def farm(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Running]]:
    """Three servers behind model@farm."""
    with ExitStack() as stack:
        servers = [stack.enter_context(running(says)) for _ in range(3)]
        monkeypatch.setenv("FARM_BASE_URL", ", ".join(server.url for server in servers))
        monkeypatch.setenv("FARM_API_KEY", KEY)
        yield servers


def requests(farm: list[Running]) -> list[int]:
    return [server.stats()["requests"] for server in farm]


def name(server: Running) -> str:
    return server.url.removeprefix("http://").removesuffix("/v1")


def test_all_servers_get_work_and_an_answer_counts_wherever_it_came_from(
    farm: list[Running], build: Build, monkeypatch
) -> None:
    rows, usage = build(300)
    assert [row["rejected_because"] for row in rows] == [None] * 300
    assert sum(requests(farm)) == usage.sent == 300 and min(requests(farm)) > 50
    monkeypatch.setenv("FARM_BASE_URL", farm[1].url)
    assert build(300)[1].sent == 0, "the endpoint's name is in the key, no URL"
    assert said_of(usage.outages) == [] and usage.notes == {}


@pytest.mark.slow
def test_a_server_with_more_room_gets_more(farm: list[Running], build: Build) -> None:
    for server, slots in zip(farm, (8, 4, 2), strict=True):
        server.change(slots=slots, tokens_per_second=1000, answer_tokens=100)  # 80, 40, 20 answers a second
    build(600)
    big, middle, small = requests(farm)
    assert big > 1.3 * middle > 1.3 * 1.3 * small and small > 40


def test_what_is_in_a_failing_server_is_answered_by_the_others(farm: list[Running], build: Build) -> None:
    farm[0].change(fault_500=1.0)
    rows, usage = build(200)
    assert [row["rejected_because"] for row in rows] == [None] * 200
    assert requests(farm)[0] < 60, "those in flight"
    assert said_of(usage.outages) == [f"scripted@farm: 3 servers; {name(farm[0])} was left out 1 time (500)"]
    assert name(farm[0]) not in str(usage.as_dict()), "a manifest is published"


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "Incorrect API key"), (404, "no such model"), (402, "Insufficient Balance"), (403, "not for you")],
)
def test_a_server_that_no_call_can_use_is_left_out_for_the_rest_of_the_run(
    farm: list[Running], build: Build, status: int, message: str
) -> None:
    farm[0].state.refuse = lambda _: Canned.of(status, {"error": {"message": message}})
    rows, usage = build(200)
    assert [row["rejected_because"] for row in rows] == [None] * 200
    assert requests(farm)[0] < 70
    [sentence] = said_of(usage.outages)
    assert f"3 servers; {name(farm[0])} was left out for the rest of the run (" in sentence and message in sentence


def test_the_run_ends_when_no_server_is_left(farm: list[Running], build: Build) -> None:
    for server in farm:
        server.change(key="another")
    with pytest.raises(
        ModelError,
        match=r"at endpoint 'farm': none of its 3 servers can be asked; the last one, 127.0.0.1:\d+: status 401: .*\[key\].* set FARM_API_KEY",
    ) as why:
        build(300)
    assert KEY not in str(why.value) and sum(requests(farm)) <= 300


def test_one_forbidden_question_costs_its_row_only_when_all_servers_forbid_it(
    farm: list[Running], build: Build
) -> None:
    def refuse(body: bytes) -> Canned | None:
        return Canned.of(403, {"error": {"message": "not for you"}}) if b'"question 7"' in body else None

    for server in farm:
        server.state.refuse = refuse
    rows, usage = build(100)
    assert [row["question"] for row in rows if row["rejected_because"]] == ["question 7"]
    assert usage.errors["403"] == 3 and not usage.outages
    farm[2].state.refuse = None
    assert {row["rejected_because"] for row in build(100)[0]} == {None}


def test_a_request_that_fails_every_server_ends(farm: list[Running], build: Build, monkeypatch) -> None:
    monkeypatch.setattr("dataset_builder.llm.calls.attempts.MAX_ERRORS", 4)

    def refuse(body: bytes) -> Canned | None:
        return Canned.of(500, {"error": {"message": "crashed"}}) if b'"question 7"' in body else None

    for server in farm:
        server.state.refuse = refuse
    rows, usage = build(100)
    assert [row["question"] for row in rows if row["rejected_because"]] == ["question 7"]
    assert usage.errors["500"] == 4


def test_a_server_that_asks_for_a_long_wait_is_spared_while_the_others_answer(
    farm: list[Running], build: Build
) -> None:
    farm[0].state.refuse = lambda _: Canned.of(429, {"error": {"message": "Rate limit"}}, {"retry-after": "60"})
    started = time.monotonic()
    rows, usage = build(300)
    assert {row["rejected_because"] for row in rows} == {None} and time.monotonic() - started < 20
    assert usage.errors["429"] <= 40 and not usage.outages


def test_each_server_is_asked_what_it_accepts(farm: list[Running], build: Build) -> None:
    def refuse(body: bytes) -> Canned | None:
        said = "Unsupported value: 'temperature' does not support 0.7 with this model"
        return Canned.of(400, {"error": {"message": said, "param": "temperature"}}) if b"temperature" in body else None

    farm[0].state.refuse = refuse
    rows, usage = build(100, replace(FARM, temperature=0.7))
    assert {row["rejected_because"] for row in rows} == {None}
    assert list(usage.notes) == ["scripted@farm: temperature is left out, because one of its servers refuses it"]


def test_where_no_server_listens_the_run_ends_and_names_the_variable(build: Build, monkeypatch) -> None:
    monkeypatch.setattr("dataset_builder.llm.calls.attempts.MAX_ERRORS", 2)
    monkeypatch.setenv("FARM_BASE_URL", "http://ada:hunter2hunter2@127.0.0.1:9/v1,http://127.0.0.1:10/v1")
    with pytest.raises(ModelError, match=r"no connection: .*no server listens at this URL: set FARM_BASE_URL") as why:
        build(5)
    assert "hunter2" not in str(why.value)


@pytest.mark.slow
def test_a_server_that_is_killed_loses_no_answer_pays_nothing_twice_and_gets_work_again(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times as fast as the other: 12 slots of 0.1 s and 4. It is killed after 100 answers, and is back when the other has given 60 more."""
    settings: dict[str, Any] = {"tokens_per_second": 1000, "answer_tokens": 100}
    for bound in ("FIRST_S", "LONGEST_S"):
        monkeypatch.setattr(f"dataset_builder.llm.calls.outage.{bound}", 1.0)
    with (
        ServerProcess(tmp_path / "fast.tsv", slots=12, **settings) as fast,
        ServerProcess(tmp_path / "slow.tsv", slots=4, **settings) as slow,
    ):
        monkeypatch.setenv("FARM_BASE_URL", f"{fast.url},{slow.url}")
        times: list[float] = []

        def kill_and_start() -> None:
            for server, more, act in ((fast, 100, fast.kill), (slow, 60, fast.start)):
                enough, until = len(server.outcomes()) + more, time.monotonic() + 20
                while len(server.outcomes()) < enough and time.monotonic() < until:
                    time.sleep(0.02)
                act()
                times.append(time.monotonic())

        killer = threading.Thread(target=kill_and_start)
        killer.start()
        rows, usage = build(600)
        killer.join()
        killed, back = times
        assert [row["rejected_because"] for row in rows] == [None] * 600
        answered = fast.answered() + slow.answered()
        assert len(answered) == 600
        # an answer that the killed server had just written may not have arrived: it is one of those that were cut
        assert usage.errors["cut"] > 0 and sum(answered.values()) - 600 <= usage.errors["cut"]
        of = {server.log.stem: Counter(o.at > killed for o in server.outcomes()) for server in (fast, slow)}
        assert of["fast"][False] > 1.3 * of["slow"][False] > 0, "both worked, the fast one more"
        meanwhile = [o for o in slow.outcomes() if killed < o.at < back]
        assert len(meanwhile) >= 60, "the other one went on"
        assert of["fast"][True] > 30, "it gets work again"
        [sentence] = said_of(usage.outages)
        assert f"2 servers; 127.0.0.1:{fast.port} was left out 1 time (" in sentence
