"""Batches at other addresses, those that their provider has no longer, and how often conversations run meanwhile."""

import pytest

from dataset_builder.__main__ import main
from dataset_builder.answer_store.batches import DROPPED, TAKEN_IN, Journal
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.batches.options import BatchesUnderWay, BatchOptions
from dataset_builder.llm.batches.rounds import BatchRounds
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from tests.llm.asking import say
from tests.llm.test_batches import PRICES, WAIT, build, states, texts
from tests.support.llm_server.running import Running


@pytest.mark.slow
def test_azure_has_batches_at_its_own_addresses(
    server: Running, store: AnswerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url.removesuffix("/v1"))
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    questions = texts()
    with Runner(store, {"prices": PRICES}, WAIT) as runner:
        found, _ = run(questions, [say.using(llm=LLM("gpt-4o", "azure", max_tokens=200))], runner=runner)
    assert None not in found["rationale"][:] and server.stats()["batch_answers"] == 7


def test_a_batch_is_at_one_server(server: Running, store: AnswerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url},http://127.0.0.1:9/v1")
    with pytest.raises(ModelError, match=r"OPENAI_BASE_URL lists 2 servers; expected one for --dispatch batch"):
        build(store, texts(), BatchOptions())
    assert server.stats()["requests"] == 0


@pytest.mark.slow
def test_a_batch_that_its_provider_has_no_longer_keeps_its_requests_until_it_is_dropped(
    server: Running, store: AnswerStore, capsys: pytest.CaptureFixture[str]
) -> None:
    server.change(batch_stuck=1.0)
    with pytest.raises(BatchesUnderWay):
        build(store, texts(), BatchOptions())
    [batch] = Journal(store).all()
    server.change()  # the server forgets all batches
    with pytest.raises(BatchesUnderWay, match=f"another key or project.*batches drop {batch.id[:8]}"):
        build(store, texts(), BatchOptions())
    assert main(["batches", "drop", "--store", str(store.path)]) == 2
    assert "drop needs the ids" in capsys.readouterr().err
    assert main(["batches", "drop", batch.id[:8], "--store", str(store.path)]) == 0
    assert "7 requests are free to be asked again" in capsys.readouterr().out and states(store) == [DROPPED]
    found, _ = build(store, texts())
    assert None not in found["rationale"][:] and states(store) == [DROPPED, TAKEN_IN]


def test_conversations_run_again_only_when_something_has_changed(
    server: Running, store: AnswerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, looks, run_pass, look = [], [], BatchRounds._pass, BatchRounds._look
    monkeypatch.setattr(BatchRounds, "_pass", lambda self, rows: passes.append(1) or run_pass(self, rows))
    monkeypatch.setattr(BatchRounds, "_look", lambda self: looks.append(1) or look(self))
    server.change(batch_run_ms=500)
    build(store, texts(), BatchOptions(wait=True, poll_s=0.02))
    assert len(passes) == 2 and len(looks) > 5
