"""Stages whose answers come in provider batches: the same rows as online, whatever happens to a batch."""

from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from dataset_builder.__main__ import main
from dataset_builder.answer_store.batches import CREATING, DROPPED, TAKEN_IN, Journal
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.batches import provider
from dataset_builder.llm.batches.options import BatchesUnderWay, BatchOptions
from dataset_builder.llm.batches.provider import Provider
from dataset_builder.llm.batches.rounds import BatchRounds
from dataset_builder.llm.model import ModelError
from dataset_builder.llm.prices import read_prices
from dataset_builder.llm.runner import Runner
from dataset_builder.run import StageRun, run
from tests.llm.asking import WRITER, say, say_json
from tests.support.llm_server.running import Running
from tests.test_stage import rows

PRICES = read_prices(["scripted=1/2", "scripted:batch=0.5/1"])
WAIT = BatchOptions(wait=True, poll_s=0.02)


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


def test_replies_that_need_another_try_take_another_batch(server: Running, store: AnswerStore) -> None:
    server.state.reply = lambda asked, _: '{"answer": "x"}' if len(asked["messages"]) > 1 else "Sure!"
    found, _ = build(store, texts(4), stage=say_json)
    assert found["rationale"][:] == ["x"] * 4 and states(store) == [TAKEN_IN] * 2
    assert server.stats()["paid_again"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_shuffle": 1.0, "batch_double": 0.5},
        {"batch_torn": 0.5},
        {"batch_poll_429": 0.3, "batch_poll_500": 0.3},
        {"batch_file_wait_ms": 100},
        {"batch_create_500": 1.0},
        {"batch_create_cut": 1.0},
        {"batch_validate_ms": 20, "batch_run_ms": 50, "batch_finalize_ms": 20},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_what_goes_wrong_on_the_way_changes_no_row(
    server: Running, store: AnswerStore, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "TORN_WAIT_S", 0.0)
    server.change(**settings)
    found, _ = build(store, texts(), BatchOptions(wait=True, poll_s=0.01))
    assert None not in found["rationale"][:] and found["rejected_because"][:] == [None] * 8
    told = server.stats()
    assert told["paid_again"] == 0 and sum(told["batches"].values()) == 1, (
        "a batch whose making was not confirmed is found"
    )
    assert states(store) == [TAKEN_IN]


@pytest.mark.slow
def test_requests_without_a_line_are_asked_again_and_what_they_may_have_cost_is_counted(
    server: Running, store: AnswerStore
) -> None:
    server.change(batch_missing=0.3)
    found, one = build(store, texts())
    assert None not in found["rationale"][:] and len(states(store)) > 1
    assert one.calls is not None and one.calls.lost_usd > 0
    [first, *_] = Journal(store).all()
    assert (first.why or "").endswith("requests have no line in its files")


def test_a_batch_that_the_provider_refuses_ends_the_build_with_line_and_reason(
    server: Running, store: AnswerStore
) -> None:
    server.change(batch_invalid=1.0, batch_invalid_code="invalid_json_line")
    said = r"^the provider refuses batch batch_\w+ of scripted \(7 requests, stage say\): line 1: invalid_json_line: .* Nothing of it was"
    with pytest.raises(ModelError, match=said):
        build(store, texts())
    assert states(store) == [DROPPED] and server.stats()["batch_answers"] == 0


@pytest.mark.slow
def test_where_fewer_tokens_may_wait_batches_become_smaller(server: Running, store: AnswerStore) -> None:
    server.change(batch_enqueued_tokens=1000)
    found, one = build(store, texts(100))
    assert None not in found["rationale"][:] and server.stats()["paid_again"] == 0
    assert states(store)[0] == DROPPED and states(store)[-1] == TAKEN_IN and len(states(store)) > 3
    assert one.calls is not None and any("batches are smaller" in note for note in one.calls.notes)


def test_a_request_that_is_refused_rejects_its_row_with_the_reason(server: Running, store: AnswerStore) -> None:
    server.change(batch_request_400=1.0)
    found, _ = build(store, texts())
    assert found["rejected_because"][:] == [None, *["llm_failed"] * 7]
    assert (found["rejected_detail"][1] or "").startswith("status 400")
    server.change()
    found, _ = build(store, texts())
    assert None not in found["rationale"][:], "the next build asks it again"


@pytest.mark.slow
@pytest.mark.parametrize("then_online", [False, True])
def test_what_a_batch_leaves_goes_into_the_next_ones_or_online(
    server: Running, store: AnswerStore, then_online: bool
) -> None:
    server.change(batch_expire=1.0, batch_expire_done=0.5)
    found, _ = build(store, texts(9), BatchOptions(wait=True, then_online=then_online, poll_s=0.01))
    told = server.stats()
    assert told["paid_again"] == 0
    if then_online:
        assert None not in found["rationale"][:] and states(store) == [TAKEN_IN] and told["paid"] == 9
    else:
        assert found["rejected_because"][:].count("llm_failed") == 1 and len(states(store)) == 3
        assert "batch_expired" in next(text for text in found["rejected_detail"][:] if text)


@pytest.mark.slow
def test_the_cap_holds_for_batches(server: Running, store: AnswerStore) -> None:
    with pytest.raises(ModelError, match="add --price scripted:batch=IN/OUT"):
        build(store, texts(), prices=read_prices(["scripted=1/2"]), max_usd=1.0)
    most = (300 * 0.5 + 200 * 1) / 1e6  # of one request in a batch, at least
    found, one = build(store, texts(40), max_usd=20 * most)
    assert one.calls is not None and (one.calls.now.usd or 0) + (one.calls.before.usd or 0) <= 20 * most
    assert 0 < found["rejected_because"][:].count("over_budget") < 39
    found, _ = build(store, texts(40), max_usd=1.0)
    assert None not in found["rationale"][:] and server.stats()["paid_again"] == 0


def test_an_online_build_says_which_batch_has_its_requests(server: Running, store: AnswerStore) -> None:
    server.change(batch_stuck=1.0)
    with pytest.raises(BatchesUnderWay):
        build(store, texts(), BatchOptions())
    [batch] = Journal(store).all()
    with pytest.raises(ModelError, match=f"batch {batch.id} of this store has requests of this build"):
        build(store, texts(), None)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["upload", "create", "download", "claim", "take_in"])
def test_a_build_that_ends_at_any_moment_is_gone_on_with(server: Running, store: AnswerStore, moment: str) -> None:
    """As at a kill: what the provider, or the store, did last is not known to the build, and nothing is cleaned up."""
    of: Any = Provider if moment in ("upload", "create", "download") else Journal
    real = getattr(of, moment)

    def ends(*given: Any, **more: Any) -> Any:
        real(*given, **more)
        raise Killed

    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(of, moment, ends)
        killed.setattr(BatchRounds, "drop_unsent", lambda self: [file.close() for _, file in self._files.values()])
        with pytest.raises(Killed):
            build(store, texts())
    found, _ = build(store, texts())
    told = server.stats()
    assert None not in found["rationale"][:] and told["paid_again"] == 0 and told["paid"] == 8
    assert states(store)[-1] == TAKEN_IN and set(states(store)[:-1]) <= {DROPPED}
    assert not list(store.path.with_name("s.sqlite.batches").iterdir())


@pytest.mark.slow
def test_the_command_lists_cancels_and_takes_in(
    server: Running, store: AnswerStore, capsys: pytest.CaptureFixture[str]
) -> None:
    def batches(*words: str) -> str:
        assert main(["batches", *words, "--store", str(store.path)]) == 0
        return " ".join(capsys.readouterr().out.split())

    assert "has no batches" in batches()
    server.change(batch_stuck=1.0)
    with pytest.raises(BatchesUnderWay):
        build(store, texts(), BatchOptions())
    [batch] = Journal(store).all()
    assert batch.id[:8] in batches() and "in_progress" in batches("adopt")
    said = batches("cancel", batch.id[:8])
    assert "cancelling" in said or TAKEN_IN in said
    assert TAKEN_IN in batches("wait", "--poll", "0.02")
    assert main(["batches", "cancel", "nosuch", "--store", str(store.path)]) == 2
    assert "has no batch nosuch; expected an id of those that `batches` lists" in capsys.readouterr().err
    server.change()
    found, one = build(store, texts())
    assert None not in found["rationale"][:] and one.calls is not None and one.calls.sent < 7


@pytest.mark.slow
def test_a_batch_of_which_nothing_can_be_learned_now_keeps_its_requests(server: Running, store: AnswerStore) -> None:
    """Its making is not confirmed, and the look for it fails: to drop it would pay it twice."""
    server.change(batch_create_500=1.0)

    def fails(*_: Any) -> Any:
        raise ModelError("the list of batches is not to be had")

    with pytest.MonkeyPatch.context() as now:
        now.setattr(Provider, "lost", fails)
        with pytest.raises(ModelError, match="not to be had"):
            build(store, texts())
    assert states(store) == [CREATING]
    found, _ = build(store, texts())
    assert None not in found["rationale"][:] and states(store) == [TAKEN_IN] and server.stats()["paid_again"] == 0


class Killed(BaseException):
    """In place of SIGKILL."""
