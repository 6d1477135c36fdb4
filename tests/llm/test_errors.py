"""What follows from each kind of fault."""

import httpx
import openai
import pytest

from dataset_builder.llm.calls.errors import CallError, ErrorAction, classify
from dataset_builder.llm.completion import Completion, NoCompletion, read_completion


def status(code: int, error: dict | None = None, **headers: str) -> CallError:
    request = httpx.Request("POST", "http://host/v1/chat/completions")
    response = httpx.Response(
        code, headers=headers, json={"error": error or {"message": "it says why"}}, request=request
    )
    client = openai.OpenAI(api_key="x", base_url="http://host/v1")
    try:
        return classify(client._make_status_error_from_response(response))
    finally:
        client.close()


@pytest.mark.parametrize(
    ("code", "body", "kind", "action"),
    [
        (429, None, "429", ErrorAction.SLOW_DOWN),
        (
            429,
            {"message": "You exceeded your current quota", "code": "insufficient_quota"},
            "no money",
            ErrorAction.END_RUN,
        ),
        (401, None, "401", ErrorAction.END_RUN),
        (403, None, "403", ErrorAction.END_RUN),
        (404, {"message": "no such model"}, "404", ErrorAction.END_RUN),
        (408, None, "408", ErrorAction.TRY_AGAIN),
        (500, None, "500", ErrorAction.TRY_AGAIN),
        (503, None, "503", ErrorAction.TRY_AGAIN),
        (400, {"message": "too long", "code": "context_length_exceeded"}, "context length", ErrorAction.GIVE_UP),
        (
            400,
            {"message": "This model's maximum context length is 8192 tokens"},
            "context length",
            ErrorAction.GIVE_UP,
        ),
        (413, None, "context length", ErrorAction.GIVE_UP),
        (400, {"message": "filtered", "code": "content_filter"}, "content filter", ErrorAction.GIVE_UP),
        (422, {"message": "unknown field"}, "422", ErrorAction.GIVE_UP),
    ],
)
def test_a_status_decides_what_is_done(code: int, body: dict | None, kind: str, action: ErrorAction) -> None:
    error = status(code, body)
    assert (error.kind, error.action, error.maybe_paid) == (kind, action, False)
    assert (body or {"message": "it says why"})["message"] in error.detail


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "soon"}, 0.0),
        ({"retry-after": "1e"}, 0.0),
        ({}, 0.0),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict, seconds: float) -> None:
    assert status(429, None, **headers).retry_after == seconds


def completion(content: str | None, reason: str = "stop") -> str:
    message = {"role": "assistant", "content": content}
    return httpx.Response(
        200,
        json={
            "choices": [{"message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        },
    ).text


@pytest.mark.parametrize(
    ("text", "bad", "lasting"),
    [
        (completion("yes"), None, False),
        (completion(" \n"), "empty", True),
        (completion(None), "empty", True),
        (completion("ye", "length"), "truncated at max_tokens", True),
        (completion("", "content_filter"), "the content filter stopped it", True),
        (completion("", "abort"), 'empty (finish_reason "abort")', False),
        (completion("ye", "abort"), 'not said to be complete (finish_reason "abort")', False),
    ],
)
def test_an_answer_is_good_or_it_is_said_why_not(text: str, bad: str | None, lasting: bool) -> None:
    found = read_completion(text)
    assert isinstance(found, Completion)
    assert (found.bad, found.lasting, found.prompt_tokens, found.completion_tokens) == (bad, lasting, 3, 2)


@pytest.mark.parametrize("text", ["", "<html>", "{}", "[]"])
def test_what_is_no_completion_is_said_to_be_none(text: str) -> None:
    found = read_completion(text)
    assert isinstance(found, NoCompletion) and found.error is None and found.why
