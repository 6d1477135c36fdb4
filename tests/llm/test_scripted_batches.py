"""The scripted server's files and batches, as OpenAI's own client meets them: states, results, faults, and restarts."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types import Batch

from tests.llm.asking import KEY, says
from tests.support.llm_server.running import Running, running

ENDED = ("failed", "completed", "expired", "cancelled")


def body(i: int, model: str = "scripted") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": f"question {i}"}]}


def line(i: int, **other: Any) -> str:
    request = {"custom_id": f"row-{i}", "method": "POST", "url": "/v1/chat/completions", "body": body(i)}
    return json.dumps(request | other)


class Asker:
    """The client, and what a test mostly does with it."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self.client = client

    async def upload(self, lines: list[str]) -> str:
        content = "".join(f"{line}\n" for line in lines).encode()
        return (await self.client.files.create(file=("in.jsonl", content), purpose="batch")).id

    async def create(self, lines: list[str], **metadata: str) -> Batch:
        file_id = await self.upload(lines)
        return await self.client.batches.create(
            input_file_id=file_id, endpoint="/v1/chat/completions", completion_window="24h", metadata=metadata
        )

    async def until(self, batch_id: str, *states: str) -> Batch:
        async with asyncio.timeout(5):
            while (batch := await self.client.batches.retrieve(batch_id)).status not in (states or ENDED):
                await asyncio.sleep(0.002)
        return batch

    async def run(self, lines: list[str]) -> Batch:
        return await self.until((await self.create(lines)).id)

    async def lines(self, file_id: str | None) -> list[dict[str, Any]]:
        if file_id is None:
            return []
        return [json.loads(line) for line in (await self.client.files.content(file_id)).text.splitlines()]


@contextlib.asynccontextmanager
async def asker(server: Running) -> AsyncIterator[Asker]:
    http = openai.DefaultAsyncHttpxClient(verify=False)  # no certificates to load: 50 ms
    async with openai.AsyncOpenAI(base_url=server.url, api_key=KEY, max_retries=0, http_client=http) as client:
        yield Asker(client)


def asks(server: Running, test: Callable[[Asker], Any]) -> Any:
    """What ``test`` returns, with a client of this server."""

    async def main() -> Any:
        async with asker(server) as one:
            return await test(one)

    return asyncio.run(main())


def test_a_batch_is_answered_as_its_requests_are_online(server: Running) -> None:
    async def test(one: Asker) -> None:
        batch = await one.create([line(i) for i in range(3)], run="r1")
        assert (batch.status, batch.metadata) == ("validating", {"run": "r1"})
        batch = await one.until(batch.id)
        assert batch.request_counts and batch.request_counts.model_dump() == {"total": 3, "completed": 3, "failed": 0}
        assert (batch.status, batch.model, batch.error_file_id) == ("completed", "scripted", None)
        lines = await one.lines(batch.output_file_id)
        assert [line["custom_id"] for line in lines] == ["row-0", "row-1", "row-2"]
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


@pytest.mark.parametrize(
    "lines, code, at",
    [
        ([line(0), '{"custom_id'], "invalid_json_line", 2),
        ([line(0), line(1), line(0)], "duplicate_custom_id", 3),
        ([line(0), line(1, url="/v1/embeddings")], "url_mismatch", 2),
        ([line(0), line(1, body=body(1, "other"))], "model_mismatch", 2),
        ([line(0, body=None)], "missing_required_parameter", 1),
        ([], "empty_file", None),
        ([line(i) for i in range(4)], "too_many_tasks", None),
    ],
)
def test_what_is_invalid_fails_and_costs_nothing(server: Running, lines: list[str], code: str, at: int | None) -> None:
    server.change(batch_max_requests=3)
    batch = asks(server, lambda one: one.run(lines))
    assert (batch.status, batch.output_file_id) == ("failed", None) and batch.failed_at
    assert [(error.code, error.line) for error in batch.errors.data] == [(code, at)]
    assert server.stats()["paid"] == 0


def test_a_batch_fails_as_it_is_told(server: Running) -> None:
    server.change(batch_invalid=1, batch_invalid_code="model_mismatch")
    batch = asks(server, lambda one: one.run([line(0)]))
    assert [(error.code, error.line) for error in batch.errors.data] == [("model_mismatch", 1)]


def test_a_batch_above_the_enqueued_tokens_fails_until_others_have_ended(server: Running) -> None:
    tokens = len(json.dumps(body(0), separators=(",", ":"))) // 4
    server.change(batch_enqueued_tokens=tokens * 5, batch_run_ms=50)

    async def test(one: Asker) -> None:
        first = await one.create([line(i) for i in range(3)])
        await one.until(first.id, "in_progress")
        second = await one.run([line(i) for i in range(3)])
        assert second.errors and second.errors.data and second.errors.data[0].code == "token_limit_exceeded"
        assert (second.status, second.errors.data[0].line) == ("failed", None)
        assert (await one.run([line(0, body=body(0, "other"))])).status == "completed"
        await one.until(first.id)
        assert (await one.run([line(i) for i in range(3)])).status == "completed"

    asks(server, test)


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_some_or_all_requests_fail(server: Running, share: float) -> None:
    server.change(batch_request_400=share / 2, batch_request_500=share / 2)

    async def test(one: Asker) -> None:
        batch = await one.run([line(i) for i in range(40)])
        good, bad = await one.lines(batch.output_file_id), await one.lines(batch.error_file_id)
        assert {line["response"]["status_code"] for line in bad} == {400, 500} and len(good) + len(bad) == 40
        assert bad[0]["error"] is None and bad[0]["response"]["body"]["error"]["message"]
        assert (batch.status, bool(batch.output_file_id)) == ("completed", share < 1)
        assert batch.request_counts and batch.request_counts.failed == len(bad)
        assert server.stats()["paid"] == len(good)

    asks(server, test)


def test_a_request_that_the_model_cannot_take_fails_as_it_does_online(server: Running) -> None:
    server.change(context=50)

    async def test(one: Asker) -> None:
        batch = await one.run([line(0), line(1, body=body(1) | {"user": "x" * 400})])
        [bad] = await one.lines(batch.error_file_id)
        assert bad["custom_id"] == "row-1" and bad["response"]["body"]["error"]["code"] == "context_length_exceeded"

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


def test_lines_are_shuffled_doubled_and_missing(server: Running) -> None:
    server.change(batch_shuffle=1, batch_double=0.2, batch_missing=0.2)

    async def test(one: Asker) -> None:
        ids = [
            line["custom_id"] for line in await one.lines((await one.run([line(i) for i in range(60)])).output_file_id)
        ]
        assert len(set(ids)) < 60 and len(ids) > len(set(ids)) and sorted(ids) != ids
        assert server.stats()["paid"] == 60

    asks(server, test)


def test_who_makes_a_batch_may_not_learn_it(server: Running) -> None:
    async def test(one: Asker) -> None:
        for fault, error in (
            ("batch_create_500", openai.InternalServerError),
            ("batch_create_cut", openai.APIConnectionError),
        ):
            server.change(**{fault: 1})
            with pytest.raises(error):
                await one.create([line(0)], run=fault)
            [made] = (await one.client.batches.list()).data
            assert made.metadata == {"run": fault} and (await one.until(made.id)).status == "completed"

    asks(server, test)


def test_calls_that_look_are_refused(server: Running) -> None:
    async def test(one: Asker) -> None:
        batch = await one.run([line(0)])
        server.state.set(server.state.settings.changed({"batch_poll_429": 1, "retry_after_s": 3}))
        with pytest.raises(openai.RateLimitError) as refused:
            await one.client.batches.retrieve(batch.id)
        assert refused.value.response.headers["retry-after"] == "3"
        server.state.set(server.state.settings.changed({"batch_poll_429": 0, "batch_poll_500": 1}))
        with pytest.raises(openai.InternalServerError):
            await one.lines(batch.output_file_id)

    asks(server, test)


def test_a_download_is_torn(server: Running) -> None:
    async def test(one: Asker) -> None:
        batch = await one.run([line(i) for i in range(20)])
        server.state.set(server.state.settings.changed({"batch_torn": 1}))
        with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
            await one.lines(batch.output_file_id)
        server.state.set(server.state.settings.changed({"batch_torn": 0}))
        assert len(await one.lines(batch.output_file_id)) == 20

    asks(server, test)


@pytest.mark.parametrize(
    "given, said",
    [
        ({"metadata": {f"n{i}": "" for i in range(17)}}, "at most 16 pairs"),
        ({"metadata": {"n" * 65: ""}}, "at most 64 characters"),
        ({"metadata": {"n": "v" * 513}}, "at most 512"),
        ({"endpoint": "/v1/embeddings"}, "Supported values"),
        ({"completion_window": "1h"}, "'24h'"),
    ],
)
def test_a_batch_is_refused(server: Running, given: dict[str, Any], said: str) -> None:
    async def test(one: Asker) -> None:
        asked = {"endpoint": "/v1/chat/completions", "completion_window": "24h", "input_file_id": "file-x"} | given
        with pytest.raises(openai.BadRequestError, match=said):
            await one.client.batches.create(**asked)
        assert (await one.client.batches.list()).data == []

    asks(server, test)


def test_a_file_is_too_large_and_a_key_is_wrong(server: Running) -> None:
    async def test(one: Asker) -> None:
        server.change(batch_max_bytes=100)
        with pytest.raises(openai.BadRequestError, match="at most 100 bytes"):
            await one.upload([line(0)])
        server.change(key="sk-other")
        for call in (one.upload([line(0)]), one.client.batches.list(), one.client.files.content("file-x")):
            with pytest.raises(openai.AuthenticationError):
                await call

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
