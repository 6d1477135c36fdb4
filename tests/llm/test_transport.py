"""The HTTP client: what it keeps of a response, and does only where there is something to keep."""

import httpx
import pytest

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
