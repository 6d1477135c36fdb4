"""A call sends what the SDK would send, and fails as the SDK would fail, without asking the SDK anew each time."""

import asyncio
import json
from typing import Any

import httpx
import openai
import pytest

from dataset_builder.llm.calls import chat
from dataset_builder.llm.calls.chat import Chat
from dataset_builder.llm.calls.transport import ENCODINGS

OWN: dict[str, Any] = {"api_key": "k-1", "base_url": "http://host/v1"}
AZURE: dict[str, Any] = {"api_key": "k-2", "azure_endpoint": "https://a.example", "api_version": "7"}
BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Nödig?"}]}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """The requests that would be sent."""
    requests: list[httpx.Request] = []

    async def send(_: Any, request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, request=request)

    monkeypatch.setattr(chat.Client, "send", send)
    return requests


@pytest.mark.parametrize(("options", "azure"), [(OWN, False), (AZURE, True)])
def test_a_call_sends_what_the_sdk_would_send(options: dict[str, Any], azure: bool, sent: list[httpx.Request]) -> None:
    asyncio.run(Chat("gpt-4o", options, azure=azure).ask(BODY))
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport, headers=ENCODINGS) as http:
        client = (openai.AzureOpenAI if azure else openai.OpenAI)(**options, http_client=http)
        expected = client.post("/chat/completions", cast_to=httpx.Response, body=BODY).request
    [found] = sent
    assert (found.url, found.content, found.extensions) == (expected.url, expected.content, expected.extensions)
    assert found.headers == expected.headers and json.loads(found.content) == BODY
    assert found.headers["accept-encoding"] == "gzip"
    assert options["api_key"] in found.headers["api-key" if azure else "authorization"]


def test_the_sdk_is_asked_once_for_all_calls(sent: list[httpx.Request], monkeypatch: pytest.MonkeyPatch) -> None:
    one = Chat("m", OWN)
    monkeypatch.setattr(openai.OpenAI, "post", None)
    one._http.cookies.set("server", "7")

    async def ask() -> None:
        await asyncio.gather(*(one.ask({"number": number}) for number in range(3)))

    asyncio.run(ask())
    assert [json.loads(request.content) for request in sent] == [{"number": number} for number in range(3)]
    assert {request.headers["cookie"] for request in sent} == {"server=7"}


@pytest.mark.parametrize(
    "body",
    ['{"error": {"message": "no", "code": "c"}}', '{"error": "no"}', '{"message": "no"}', "[1]", " a page ", "", "{"],
)
def test_a_refusal_is_the_error_that_the_sdk_raises(body: str) -> None:
    response = httpx.Response(403, text=body, request=httpx.Request("POST", "http://host"))
    expected = openai.OpenAI(api_key="k")._make_status_error_from_response(response)
    found = chat._status_error(response)
    names = ("message", "body", "code", "param", "type", "status_code", "response")
    assert [getattr(found, name) for name in names] == [getattr(expected, name) for name in names]


def test_whatever_the_transport_raises_is_an_error_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(_: Any, request: httpx.Request) -> httpx.Response:
        raise why

    monkeypatch.setattr(chat.Client, "send", send)
    for why in (httpx.ReadTimeout("late"), OSError("gone"), ValueError("no gzip")):
        with pytest.raises(openai.APIConnectionError) as raised:
            asyncio.run(Chat("m", OWN).ask(BODY))
        assert raised.value.__cause__ is why
