"""Stages whose answers come in provider batches: the same rows as online, whatever happens to a batch."""

from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from dataset_builder.answer_store.batches import TAKEN_IN, Journal
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.batches.options import BatchesUnderWay, BatchOptions
from dataset_builder.llm.prices import read_prices
from dataset_builder.llm.runner import Runner
from dataset_builder.run import StageRun, run
from tests.llm.asking import WRITER, say
from tests.support.llm_server.running import Running
from tests.test_stage import rows

PRICES = read_prices(["scripted=1/2", "scripted:batch=0.5/1"])
WAIT = BatchOptions(wait=True, poll_s=0.02)


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    return AnswerStore(tmp_path / "s.sqlite")


def build(
    store: AnswerStore, questions: Dataset, options: BatchOptions | None = WAIT, stage: Any = say, **calls: Any
) -> tuple[Dataset, StageRun]:
    """The rows of one stage, and what it did; without options online."""
    with Runner(store, {"prices": PRICES, **calls}, options) as runner:
        found, [one] = run(questions, [stage.using(llm=WRITER)], runner=runner)
    return found, one


def texts(number: int = 8) -> Dataset:
    return rows(*(f"question {i}" for i in range(number)))


def states(store: AnswerStore) -> list[str]:
    return [batch.state for batch in Journal(store).all()]


def test_batches_give_the_rows_of_online_calls_at_the_price_of_batches(
    server: Running, store: AnswerStore, tmp_path: Path
) -> None:
    found, one = build(store, texts())
    told = server.stats()
    assert (told["batch_answers"], told["paid"], told["paid_again"]) == (7, 8, 0), "the first one is asked online"
    assert states(store) == [TAKEN_IN] and not list(store.path.with_name("s.sqlite.batches").iterdir())
    online, other = build(AnswerStore(tmp_path / "other.sqlite"), texts(), None)
    assert found["rationale"][:] == online["rationale"][:] and None not in found["rationale"][:]
    assert found._fingerprint == online._fingerprint
    assert one.calls and other.calls and one.calls.now.usd and other.calls.now.usd
    billed = (told["prompt_tokens"] * 1 + told["completion_tokens"] * 2) / 1e6
    billed += (told["batch_prompt_tokens"] * 0.5 + told["batch_completion_tokens"] * 1) / 1e6
    assert one.calls.now.usd == pytest.approx(billed) and one.calls.now.usd < 0.6 * other.calls.now.usd
    _, again = build(store, texts())
    assert again.cached and again.calls and again.calls.sent == 0 and server.stats()["batch_answers"] == 7


def test_a_build_that_does_not_wait_ends_and_goes_on_when_it_is_run_again(server: Running, store: AnswerStore) -> None:
    server.change(batch_stuck=1.0)
    for _ in range(2):  # nothing is sent twice
        with pytest.raises(BatchesUnderWay, match=r"^7 rows of say wait for 1 batches: \d of 7 requests are done"):
            build(store, texts(), BatchOptions())
    assert len(states(store)) == 1
    server.state.set(server.state.settings.changed({"batch_stuck": 0.0}))
    found, one = build(store, texts())
    assert None not in found["rationale"][:] and server.stats()["paid_again"] == 0
    assert one.calls is not None and one.calls.sent == 0
