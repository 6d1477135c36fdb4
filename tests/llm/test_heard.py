"""What conversations have heard is kept: while all answers are the same none runs again, and whatever changes is noticed."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from dataset_builder.answer_store.store import AnswerStore, Entry
from dataset_builder.llm.calls import dispatch
from dataset_builder.llm.conversation import Conversation, ask
from dataset_builder.llm.heard import Heard, HeardRow
from dataset_builder.llm.model import LLM
from dataset_builder.llm.replay import WINDOW, MissingAnswer
from dataset_builder.llm.runner import Collected, Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from dataset_builder.stage import Stage, rows_of, stage
from tests.llm.asking import PRICES, WRITER
from tests.test_stage import question

ASKING: list[str] = []  # the questions whose conversations were started
ROWS = ("a", "b", "c")


@stage(needs="question", adds="rationale", asks="llm")
def twice(batch, llm: LLM):
    def one(row) -> Conversation:
        ASKING.append(row["question"])
        first = yield from ask(llm.request(row["question"]))
        [second] = yield [llm.request("both", may_fail=True)]  # a request that all rows make
        return {"rationale": f"{first} {second.text or second.failure}"}

    return [one(row) for row in rows_of(batch)]


def entry(prompt: str, text: str = "said", status: str = "good", **fields: Any) -> Entry:
    response = json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})
    found = Entry(WRITER.request(prompt).key, status, None, None, response, str(WRITER), "twice", 10, 20, 0.25)
    return found._replace(**fields)


def failed(prompt: str, status: str, detail: str) -> Entry:
    return entry(prompt, status=status, response=None, reason="llm_failed", detail=detail, usd=None)


class Noting(Runner):
    """Notes whose conversations ran while answers were fetched; a stage whose cached result is outdated runs all of them after that."""

    ran: list[str]

    def fetch_answers(self, stage: Stage, rows: Dataset, heard: Heard | None = None) -> Collected:
        found = super().fetch_answers(stage, rows, heard)
        self.ran = sorted({*ASKING})
        return found


class Builds:
    """Builds of the same rows on one store, one after the other. No request can be sent."""

    def __init__(self, folder: Path) -> None:
        self.store = AnswerStore(folder / "answers.sqlite")
        self.rows = on_disk([question(text) for text in ROWS])
        self.cache = Path(self.rows.cache_files[0]["filename"]).parent
        self.store.add([entry(prompt) for prompt in (*ROWS, "both")])
        self.sent: list[str] = []

    def __call__(self, calls: bool = True, llm: LLM = WRITER, rows: Dataset | None = None) -> dict[str, Any]:
        """What one build came to: rows, usage, digest, keys, cost before, and which conversations ran."""
        ASKING.clear()
        runner = Noting(self.store, {"prices": PRICES} if calls else None)
        with runner:
            done, [one] = run(rows or self.rows, [twice.using(llm=llm)], runner=runner)
            before = runner._dispatcher.budget.before if runner._dispatcher else runner._before
        return {
            "rationales": done["rationale"][:], "usage": one.calls and one.calls.as_dict(), "used": runner.used,
            "asked": runner.asked, "before": before, "ran": runner.ran,
        }  # fmt: skip

    def notes(self) -> list[Path]:
        return sorted(self.cache.glob("heard-*"))

    def without_notes(self, **how: Any) -> dict[str, Any]:
        """The build as it is where nothing was heard before."""
        for note in self.notes():
            note.unlink()
        return self(**how)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Builds]:
    builds = Builds(tmp_path)

    async def answer(self: dispatch.Dispatcher, request: Any, stage: str, counts: Callable[..., bool]) -> Entry:
        prompt = request.messages[0]["content"]
        builds.sent.append(prompt)
        made = entry(prompt, "asked again")
        await self.write_queue.put(made)
        return made

    monkeypatch.setattr(dispatch.Dispatcher, "answer", answer)
    yield builds


def told(one: dict[str, Any]) -> dict[str, Any]:
    """All but which conversations ran."""
    return {name: value for name, value in one.items() if name != "ran"}


@pytest.mark.parametrize("calls", [True, False])
def test_no_conversation_of_a_finished_build_runs_again_and_all_that_is_told_is_the_same(
    build: Builds, calls: bool
) -> None:
    first = build(calls)
    assert first["ran"] == list(ROWS) and len(build.notes()) == 1
    again = build(calls)
    assert again["ran"] == []
    assert told(again) == told(first) == told(build.without_notes(calls=calls))
    assert again["usage"]["hits"] == 4 and again["before"] == (1.0 if calls else 0.0)
    assert again["usage"]["before"]["usd"] == 1.0
    assert build(not calls)["ran"] == []  # what a run that may call has heard, one that may not hears too


def test_a_build_that_asks_nothing_does_not_import_the_sdk(build: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    monkeypatch.delattr(dispatch, "Dispatcher")
    assert build()["ran"] == []


@pytest.mark.parametrize(
    "added",
    [
        [entry("b", "another")],  # the last good entry counts
        [entry("b", "first again"), entry("b", "another")],
    ],
)
def test_another_answer_runs_its_conversation_and_no_other(build: Builds, added: list[Entry]) -> None:
    first = build()
    build.store.add(added)
    again = build()
    assert again["ran"] == ["b"] and again["rationales"] == ["said said", "another said", "said said"]
    assert again["asked"] == first["asked"]
    assert told(again) == told(build()) == told(build.without_notes())


def test_an_answer_that_several_rows_hear_runs_all_of_them(build: Builds) -> None:
    build()
    build.store.add([entry("both", "new")])
    assert build()["ran"] == list(ROWS)
    assert build()["ran"] == []


def test_entries_that_change_no_answer_run_nothing_and_their_cost_counts(build: Builds) -> None:
    build()
    build.store.add([
        entry("a", status="bad", reason="unusable", detail="cut", usd=0.5),
        entry("b", status="lost", response=None, usd=2.0),
        failed("c", "failed", "500"),  # a good one is there
        entry("both"),  # imported once more
    ])  # fmt: skip
    again = build()
    assert again["ran"] == [] and again["before"] == pytest.approx(1.0 + 0.5 + 2.0 + 0.25)
    assert again["usage"]["lost_usd"] == 2.0
    assert told(again) == told(build.without_notes())


@pytest.mark.parametrize("detail", ["500: later it may succeed", f"{WINDOW}: 9000 tokens"])
def test_what_a_run_that_may_call_asks_again_is_not_heard_there(build: Builds, detail: str) -> None:
    build.store.add([entry(prompt) for prompt in ROWS])
    with build.store.transaction() as connection:
        connection.execute("delete from answers where key = ?", (entry("b").key,))
    build.store.add([failed("b", "final" if detail.startswith(WINDOW) else "failed", detail)])
    first = build(calls=False)
    assert first["rationales"] == ["said said", None, "said said"]
    assert build(calls=False)["ran"] == []  # one that may not call hears the failure
    asking = build()
    assert build.sent == ["b"] and asking["ran"] == ["b"] and asking["rationales"][1] == "asked again said"
    assert build()["ran"] == [] == build(calls=False)["ran"]


def test_a_failure_that_a_row_may_meet_is_heard_as_it_is(build: Builds) -> None:
    with build.store.transaction() as connection:
        connection.execute("delete from answers where key = ?", (entry("both").key,))
    build.store.add([failed("both", "final", "filtered")])
    assert build()["rationales"] == ["said llm_failed"] * 3
    assert build()["ran"] == [] and not build.sent


@pytest.mark.parametrize(
    "change", ["delete from answers where key = ?", "update answers set response = '{}' where key = ?"]
)
def test_a_missing_or_torn_entry_is_not_heard(build: Builds, change: str) -> None:
    build()
    with build.store.transaction() as connection:
        connection.execute(change, (entry("c").key,))
    with pytest.warns(UserWarning, match="torn") if "update" in change else pytest.MonkeyPatch.context():
        with pytest.raises(MissingAnswer, match="row c"):
            build(calls=False)
        assert ASKING == ["c"]
        build()
    assert build.sent == ["c"]


def test_a_row_or_a_model_that_changes_has_heard_nothing(build: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    cooler = LLM("scripted", max_tokens=100)
    build.store.add([entry(prompt)._replace(key=cooler.request(prompt).key) for prompt in (*ROWS, "both")])
    assert build(llm=cooler)["ran"] == list(ROWS)
    monkeypatch.setattr("dataset_builder.run.stage_hash", lambda stage: "edited")
    assert build()["ran"] == list(ROWS)
    monkeypatch.setattr("dataset_builder.run._packages", lambda: ("another Python", 0))
    assert build()["ran"] == list(ROWS)
    assert len(build.notes()) == 4
    rejected = on_disk([question(text, "duplicate" if text == "b" else None) for text in ROWS])
    assert build(rows=rejected)["ran"] == ["a", "c"]
    assert build(rows=rejected)["ran"] == []


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"heard 0\n" + data[8:], lambda data: b""])
def test_a_damaged_file_is_said_and_written_anew(build: Builds, damage: Callable[[bytes], bytes]) -> None:
    first = build()
    [note] = build.notes()
    note.write_bytes(damage(note.read_bytes()))
    with pytest.warns(UserWarning, match="cut or damaged"):
        again = build()
    assert again["ran"] == list(ROWS) and told(again) == told(first)
    assert build()["ran"] == []


def test_a_build_that_ends_half_way_keeps_nothing_that_it_has_not_heard(
    build: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        build()
    monkeypatch.undo()
    assert [note.suffix for note in build.notes()] == [
        f".{os.getpid()}"
    ]  # what a kill leaves; `make cache` deletes it
    assert build()["ran"] == list(ROWS)


def test_what_is_kept_is_read(tmp_path: Path) -> None:
    rows = {i: HeardRow(bytes([i]) * 16, bytes([i]) * 16 * i) for i in range(5)}
    heard = Heard(tmp_path / "heard-a.bin")
    assert heard.read() == {}
    heard.keep(rows)
    assert heard.read() == rows and list(tmp_path.iterdir()) == [heard.path]
