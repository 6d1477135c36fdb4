"""The scripted server's files and batches, as OpenAI's own client meets them: states, results, and restarts."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types import Batch, FileObject

from tests.llm.asking import says
from tests.llm.batch_asker import ENDED, Asker, asks, body, line
from tests.support.llm_server.running import Running, running


def test_a_batch_is_answered_as_its_requests_are_online(server: Running) -> None:
    async def test(one: Asker) -> None:
        batch = await one.create([line(i) for i in range(3)], run="r1")
        assert (batch.status, batch.metadata) == ("validating", {"run": "r1"})
        batch = await one.until(batch.id)
        assert batch.request_counts and batch.request_counts.model_dump() == {"total": 3, "completed": 3, "failed": 0}
        assert (batch.status, batch.model, batch.error_file_id) == ("completed", "scripted", None)
        lines = await one.lines(batch.output_file_id)
        assert [line["custom_id"] for line in lines] == ["row-0", "row-1", "row-2"]
        Batch.model_validate(batch.to_dict(), strict=True)  # the client itself reads anything
        async for file in one.client.files.list():
            FileObject.model_validate(file.to_dict(), strict=True)
        told = server.stats()
        assert (told["paid"], told["batch_answers"], told["completion_tokens"], told["batches"]) == (
            3,
            3,
            0,
            {"completed": 1},
        )
        assert batch.usage and batch.usage.output_tokens == told["batch_completion_tokens"] > 0
        online = await one.client.post("/chat/completions", cast_to=httpx.Response, body=body(1))
        assert lines[1]["response"]["status_code"] == 200 and lines[1]["response"]["body"] == online.json()
        told = server.stats()
        assert (told["paid"], told["paid_distinct"], told["paid_again"]) == (4, 3, 1)
        assert told["completion_tokens"] == online.json()["usage"]["completion_tokens"]

    asks(server, test)


def test_a_batch_goes_through_its_states_in_their_time(server: Running) -> None:
    server.change(batch_validate_ms=20, batch_run_ms=40, batch_finalize_ms=20)

    async def test(one: Asker) -> None:
        batch, seen, done = await one.create([line(i) for i in range(8)]), list[str](), set[int]()
        while batch.status not in ENDED:
            batch = await one.client.batches.retrieve(batch.id)
            seen += [batch.status] if batch.status not in seen else []
            done.add(batch.request_counts.completed if batch.request_counts else 0)
            await asyncio.sleep(0.002)
        assert seen == ["validating", "in_progress", "finalizing", "completed"]
        assert len(done) > 4 and batch.in_progress_at and batch.finalizing_at and batch.completed_at

    asks(server, test)


def test_files_are_listed_read_and_deleted(server: Running) -> None:
    async def test(one: Asker) -> None:
        text = line(0, custom_id="ä\r\n--x")
        first, second = await one.upload([text]), await one.upload([line(1)])
        assert [file.id async for file in one.client.files.list(limit=1)] == [second, first]
        assert (await one.client.files.retrieve(first)).bytes == len(text) + 1
        assert (await one.client.files.content(first)).text == text + "\n"
        assert (await one.client.files.delete(first)).deleted
        with pytest.raises(openai.NotFoundError, match="No such File"):
            await one.client.files.content(first)
        assert [file.id async for file in one.client.files.list(purpose="batch")] == [second]

    asks(server, test)


def test_a_file_is_not_there_at_first(server: Running) -> None:
    server.change(batch_file_wait_ms=30)

    async def test(one: Asker) -> None:
        file_id = await one.upload([line(0)])
        with pytest.raises(openai.NotFoundError):
            await one.client.files.retrieve(file_id)
        batch = await one.client.batches.create(
            input_file_id=file_id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        batch = await one.until(batch.id)
        assert batch.errors and batch.errors.data and batch.errors.data[0].code == "invalid_request"
        await asyncio.sleep(0.03)
        assert (await one.client.files.retrieve(file_id)).id == file_id

    asks(server, test)


def test_batches_are_listed_newest_first(server: Running) -> None:
    async def test(one: Asker) -> None:
        made = [(await one.create([line(i)])).id for i in range(5)]
        page = await one.client.batches.list(limit=2)
        assert ([batch.id for batch in page.data], page.has_more) == (made[:2:-1], True)
        assert [batch.id async for batch in one.client.batches.list(limit=2)] == made[::-1]
        last = await one.client.batches.list(after=made[1])
        assert ([batch.id for batch in last.data], last.has_more) == (made[:1], False)
        server.state.reset()
        assert (await one.client.batches.list()).data == [] and server.stats()["batches"] == {}

    asks(server, test)


def test_an_expired_batch_has_and_bills_what_was_done(server: Running) -> None:
    server.change(batch_expire=1, batch_expire_done=0.3)

    async def test(one: Asker) -> None:
        batch = await one.run([line(i) for i in range(10)])
        good, bad = await one.lines(batch.output_file_id), await one.lines(batch.error_file_id)
        assert (batch.status, len(good), len(bad), server.stats()["paid"]) == ("expired", 3, 7, 3) and batch.expired_at
        assert {(line["response"], line["error"]["code"]) for line in bad} == {(None, "batch_expired")}
        assert {line["custom_id"] for line in good + bad} == {f"row-{i}" for i in range(10)}

    asks(server, test)


def test_a_stuck_batch_waits_for_the_word_or_is_cancelled(server: Running) -> None:
    server.change(batch_stuck=1, batch_cancel_ms=20)

    async def test(one: Asker) -> None:
        first, second = [await one.create([line(i) for i in range(4)]) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert {(await one.until(batch.id, "in_progress")).status for batch in (first, second)} == {"in_progress"}
        assert (await one.client.batches.cancel(first.id)).status == "cancelling"
        cancelled = await one.until(first.id)
        good, bad = await one.lines(cancelled.output_file_id), await one.lines(cancelled.error_file_id)
        assert (cancelled.status, len(good), len(bad)) == ("cancelled", 2, 2)
        assert bad[0]["error"]["code"] == "batch_cancelled"
        async with httpx.AsyncClient(base_url=server.url.removesuffix("/v1")) as control:
            (await control.post("/control", json={"batch_stuck": 0})).raise_for_status()
        assert (await one.until(second.id)).status == "completed"
        with pytest.raises(openai.ConflictError, match="Cannot cancel a batch with status 'completed'"):
            await one.client.batches.cancel(second.id)
        assert server.stats()["paid"] == 6

    asks(server, test)


def test_another_server_goes_on_in_the_folder(tmp_path: Path) -> None:
    async def half(one: Asker) -> str:
        done = await one.run([line(i, custom_id=f"first-{i}") for i in range(2)])
        server.state.set(server.state.settings.changed({"batch_stuck": 1}))
        batch = await one.create([line(i) for i in range(2, 10)])
        while server.stats()["paid"] < 2 + 4:
            await asyncio.sleep(0.002)
        assert done.status == "completed"
        return batch.id

    async def rest(one: Asker) -> list[dict[str, Any]]:
        return await one.lines((await one.until(batch_id)).output_file_id)

    with running(says, batch_dir=str(tmp_path)) as server:
        batch_id = asks(server, half)
    [work] = (tmp_path / "work").glob(f"{batch_id}*")
    with work.open("ab") as file:  # killed while it wrote
        file.write(b'{"id": "batch_req_')
    with running(says, batch_dir=str(tmp_path)) as server:
        lines = asks(server, rest)
        told = server.stats()
        assert [line["custom_id"] for line in lines] == [f"row-{i}" for i in range(2, 10)]
        assert (told["paid"], told["paid_again"], told["batch_answers"], told["batches"]) == (
            10,
            0,
            10,
            {"completed": 2},
        )
        server.state.reset()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "state, slow, end, answered",
    [
        ("validating", {"batch_validate_ms": 100}, "completed", 6),
        ("finalizing", {"batch_finalize_ms": 100}, "completed", 6),
        ("cancelling", {"batch_cancel_ms": 100, "batch_stuck": 1}, "cancelled", 3),
        ("in_progress", {"batch_run_ms": 100, "batch_expire": 1}, "expired", 3),
    ],
)
def test_a_server_may_end_in_every_state(
    tmp_path: Path, state: str, slow: dict[str, float], end: str, answered: int
) -> None:
    settings: dict[str, Any] = {**slow, "batch_dir": str(tmp_path)}

    async def begin(one: Asker) -> str:
        batch = await one.create([line(i) for i in range(6)])
        if state == "cancelling":
            await one.until(batch.id, "in_progress")
            while server.stats()["paid"] < answered:
                await asyncio.sleep(0.002)
            await one.client.batches.cancel(batch.id)
        return (await one.until(batch.id, state)).id

    async def rest(one: Asker) -> tuple[str, int, int]:
        batch = await one.until(batch_id)
        good, bad = await one.lines(batch.output_file_id), await one.lines(batch.error_file_id)
        assert [line["custom_id"] for line in good + bad] == [f"row-{i}" for i in range(6)]
        assert len([file async for file in one.client.files.list(purpose="batch_output")]) == 1 + bool(bad)
        return batch.status, len(good), server.stats()["paid"]

    with running(says, **settings) as server:
        batch_id = asks(server, begin)
    with running(says, **settings) as server:
        assert asks(server, rest) == (end, answered, answered)


class Killed:
    """A server process on a folder, which ends by SIGKILL."""

    def __init__(self, folder: Path | str) -> None:
        words = [
            f"batch_dir={folder}",
            "batch_run_ms=5000",
            "batch_finalize_ms=50",
            "batch_shuffle=1",
            "answer_tokens=50",
        ]
        command = [sys.executable, "-m", "tests.llm_server", "--reply", "echo", "--set", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]

    def stats(self) -> dict[str, Any]:
        return httpx.get(self.url.replace("/v1", "/stats")).json()

    def __enter__(self) -> "Killed":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.mark.slow
def test_a_server_that_is_stopped_leaves_no_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Killed("") as server:
        asks(server, lambda one: one.create([line(0)]))
        assert len(list(tmp_path.glob("scripted-batches-*"))) == 1
        server.process.terminate()
        assert server.process.wait(10) == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_server_that_is_killed_answers_each_request_once(tmp_path: Path) -> None:
    made, paid = list[str](), [0]

    async def make(one: Asker) -> None:
        for at in range(0, 900, 300):
            made.append((await one.create([line(i) for i in range(at, at + 300)])).id)

    async def read(one: Asker) -> list[str]:
        batches = [await one.until(batch_id) for batch_id in made]
        return [line["custom_id"] for batch in batches for line in await one.lines(batch.output_file_id)]

    with Killed(tmp_path) as server:
        asks(server, make)
    for seconds in (0.05, 0.2, 0.4, 0.1, 0.01):
        with Killed(tmp_path) as server:
            time.sleep(seconds)
            paid.append(server.stats()["paid"])
    with Killed(tmp_path) as server:
        ids, told = asks(server, read), server.stats()
    assert sorted(ids) == sorted(f"row-{i}" for i in range(900))
    assert (told["paid"], told["paid_again"], told["batches"]) == (900, 0, {"completed": 3})
    assert sorted(paid) == paid, "what was paid is not forgotten"
