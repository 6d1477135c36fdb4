"""What can go wrong with a batch, on the scripted server: what fails, who does not learn it, and what is refused."""

import json
from typing import Any

import httpx
import openai
import pytest

from tests.llm.batch_asker import Asker, asks, body, line
from tests.support.llm_server.running import Running


@pytest.mark.parametrize(
    "lines, code, at",
    [
        ([line(0), '{"custom_id'], "invalid_json_line", 2),
        ([line(0), line(1), line(0)], "duplicate_custom_id", 3),
        ([line(0), line(1, url="/v1/embeddings")], "url_mismatch", 2),
        ([line(0), line(1, body=body(1, "other"))], "model_mismatch", 2),
        ([line(0, body=None)], "missing_required_parameter", 1),
        ([line(0, custom_id=7)], "missing_required_parameter", 1),
        ([line(0), line(1, body={"messages": []})], "missing_required_parameter", 2),
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


def test_the_seed_decides_which_requests_fail(server: Running) -> None:
    async def failed(one: Asker) -> set[str]:
        batch = await one.run([line(i) for i in range(40)])
        return {line["custom_id"] for line in await one.lines(batch.error_file_id)}

    found = []
    for seed in (0, 0, 1):
        server.change(batch_request_500=0.3, seed=seed)
        found.append(asks(server, failed))
    assert found[0] == found[1] != found[2] and all(found)


def test_the_model_s_own_faults_are_in_batches_too(server: Running) -> None:
    server.change(fault_length=1)

    async def test(one: Asker) -> None:
        [answer] = await one.lines((await one.run([line(0)])).output_file_id)
        assert answer["response"]["body"]["choices"][0]["finish_reason"] == "length"

    asks(server, test)


def test_a_request_that_the_model_cannot_take_fails_as_it_does_online(server: Running) -> None:
    server.change(context=50)

    async def test(one: Asker) -> None:
        batch = await one.run([line(0), line(1, body=body(1) | {"user": "x" * 400})])
        [bad] = await one.lines(batch.error_file_id)
        assert bad["custom_id"] == "row-1" and bad["response"]["body"]["error"]["code"] == "context_length_exceeded"

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
        asked: Any = {
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "input_file_id": "file-x",
        } | given
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


def test_an_upload_that_cannot_be_read_is_refused(server: Running) -> None:
    async def test(one: Asker) -> None:
        async with httpx.AsyncClient(base_url=server.url) as http:
            assert (await http.post("/files", content=b"{}")).status_code == 400
            assert (await http.post("/files", files={"file": b"{}"})).status_code == 400  # without a purpose
            assert (await http.get("/files/a/b/c")).status_code == 404
            assert (await http.post("/batches", content=b"[]")).status_code == 400
        assert [file async for file in one.client.files.list()] == []

    asks(server, test)
