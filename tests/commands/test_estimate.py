"""An estimate counts follow-ups as the store has seen them, and the hours of a model on this machine at its measured speed."""

import json
from pathlib import Path

import pytest

from dataset_builder.answer_store.store import AnswerStore, Entry
from dataset_builder.commands.estimating.estimate import Estimate, estimate, table
from dataset_builder.llm.conversation import Conversation, Rejected, ask
from dataset_builder.llm.model import LLM
from dataset_builder.llm.prices import read_prices
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from dataset_builder.stage import rows_of, stage
from tests.llm.asking import KEY, PRICES, WRITER, say_json
from tests.support.llm_server.running import running
from tests.test_stage import question


def entry(number: int, tokens: int, seconds: float, at: float) -> Entry:
    return Entry(bytes([number]) * 16, "good", None, None, "{}", "m", "s", 10, tokens, None, seconds, at)


def test_follow_ups_are_counted_from_the_rows_that_the_store_has_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = on_disk([question(f"question {i}") for i in range(10)])
    stages = [say_json.using(llm=WRITER)]
    store = AnswerStore(tmp_path / "s.sqlite")
    [before], _ = estimate(rows, stages, store, sample=100, seed=0)
    assert (before.calls, before.follow_ups) == (10, None)
    with running(lambda asked, _: json.dumps({"answer": "x"}) if len(asked["messages"]) > 1 else "Sure!") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        with Runner(store, {"prices": PRICES}) as runner:
            run(rows.select(range(4)), stages, runner=runner)
    [after], _ = estimate(rows, stages, store, sample=100, seed=0)
    assert (after.calls, after.follow_ups) == (12, 1.0)  # six rows, each asked a second time
    assert "About 6 of the calls are follow-ups" in "\n".join(table([after], PRICES, 256, None))


@stage(needs="question", adds="rationale", asks="llm")
def screen(batch, llm: LLM):
    def one(row) -> Conversation:
        if (yield from ask(llm.request(f"screen {row['question']}"))) == "no":
            raise Rejected("no_path", "the screen says no")
        return {"rationale": "yes"}

    return [one(row) for row in rows_of(batch)]


@stage(needs="question rationale", adds="responses", asks="llm")
def say_twice(batch, llm: LLM):
    def one(row) -> Conversation:
        said = yield [llm.request(row["question"]), llm.request(f"again {row['question']}")]
        return {"responses": [said[0].text]}

    return [one(row) for row in rows_of(batch)]


def test_what_is_rejected_on_the_way_is_not_counted_in_later_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the four rows of the trial one goes on, and asks twice: so do a quarter of the others."""
    rows = on_disk([question(f"question {i}") for i in range(12)])
    stages = [screen.using(llm=WRITER), say_twice.using(llm=WRITER)]
    store = AnswerStore(tmp_path / "s.sqlite")
    [first], stopped = estimate(rows, stages, store, sample=100, seed=0)
    assert (first.stage, first.calls, stopped) == ("screen", 12, "screen"), (
        "without a trial nothing is known of the second"
    )
    with running(lambda asked, _: "no" if asked["messages"][0]["content"][-1] in "123" else "yes") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        with Runner(store, {"prices": PRICES}) as runner:
            run(rows.select(range(4)), stages, runner=runner)
    found, stopped = estimate(rows, stages, store, sample=100, seed=0)
    assert [(one.stage, one.calls, stopped) for one in found] == [("screen", 8, None), ("say_twice", 4, None)]


def test_the_speed_of_a_model_is_over_the_time_in_which_it_worked(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "s.sqlite")
    assert store.tokens_per_second("m") is None
    store.add([entry(1, 100, 10.0, 1000.0), entry(2, 100, 10.0, 1005.0), entry(3, 100, 5.0, 9000.0)])
    assert store.tokens_per_second("m") == pytest.approx(300 / 20)  # 990 to 1,005 and 8,995 to 9,000


def test_hours_of_a_model_without_a_price_are_those_of_its_measured_speed() -> None:
    found = [Estimate("write", LLM("smollm2"), 100, 1e4, 180_000, 5e5, 1e4, 25.0, 0.0, False)]
    said = "\n".join(table(found, PRICES, 256, None))
    assert "smollm2: about 2.0 hours at 25 tokens/s, as measured in its last calls." in said
    assert "in flight" not in said
    priced = table(found, read_prices(["smollm2=1/2"]), 256, None)
    assert not any("tokens/s" in line for line in priced)
