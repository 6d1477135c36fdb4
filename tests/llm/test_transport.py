"""What is done once with each response: its cookies are kept where it sets some, and its text is read."""

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
