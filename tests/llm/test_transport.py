"""What is done once with each response: its cookies are kept where it sets some, and its text is read."""

import asyncio
import contextlib
import json

import httpx
import pytest

from dataset_builder.llm import completion
from dataset_builder.llm.calls.transport import Client


def response(**headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(200, headers=named, request=httpx.Request("POST", "http://host/v1"))


def test_a_cookie_is_kept_and_sent_again_and_without_one_nothing_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    client.cookies.extract_cookies(response(Set_Cookie="server=7"))
    assert client.cookies["server"] == "7"
    assert client.build_request("POST", "http://host/v1").headers["cookie"] == "server=7"
    monkeypatch.delattr(httpx.Cookies, "extract_cookies")
    client.cookies.extract_cookies(response(x_request_id="1"))
    assert len(client.cookies) == 1
    client.cookies = {"a": "b"}
    client.cookies.extract_cookies(response())
    assert dict(client.cookies) == {"a": "b"}


def test_a_reply_is_read_once_when_it_arrives_and_when_it_is_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = json.dumps({"choices": [{"message": {"content": "only here"}, "finish_reason": "stop"}]})
    first = completion.read_completion(reply)
    monkeypatch.setattr(completion, "_read_choice", None)
    assert completion.read_completion(str(reply.encode(), "utf-8")) is first


def test_as_many_calls_are_open_as_are_asked_for() -> None:
    """More than 100, which is aiohttp's own limit: `--in-flight 256` means 256."""
    assert asyncio.run(most_open(120)) == 120


async def most_open(calls: int) -> int:
    """How many of so many calls a server that answers none of them before it has all, or 5 s have passed, had at once."""
    now, most, all_here = 0, 0, asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        await reader.readuntil(b"\r\n\r\n")
        now += 1
        most = max(most, now)
        if most == calls:
            all_here.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(all_here.wait(), 5)
        now -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        client = Client()
        await asyncio.gather(*(client.get(url) for _ in range(calls)))
        await client.aclose()
    return most
