"""What an endpoint replies, through everything that reads it. Seeds: the replies of real endpoints in tests/fixtures/endpoints."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.answer_extraction.thoughts import without_thoughts
from dataset_builder.llm.calls.errors import classify_status, error_under_200, room_for_answer
from dataset_builder.llm.completion import NoCompletion, read_completion
from dataset_builder.llm.json_reply import NotJSON, find_object
from dataset_builder.llm.secrets import redacted
from tests.fuzz.border import Border
from tests.support.endpoint_cases import completions, errors

OPTIONS = {"A": "aspirin", "B": "ibuprofen", "C": "no", "D": "none of the above"}
HEADERS = {
    "retry-after": "1",
    "retry-after-ms": "20",
    "x-ratelimit-limit-requests": "60",
    "date": "Wed, 21 Oct 2026 07:28:30 GMT",
    "location": "/",
}


def seeds() -> Sequence[bytes]:
    """Status, headers and body of each reply, as JSON."""
    bodies = [*completions(), *errors()]
    return [json.dumps({"status": 429, "headers": HEADERS, "body": body}).encode() for body in bodies]


def read(data: bytes, folder: Path) -> None:
    """Take a reply for what it is: a completion, or an error, never an exception."""
    text = data.decode("utf-8", "replace")
    try:
        reply: Any = json.loads(text)
    except (ValueError, RecursionError):
        return _read(text, 200, {})  # what the mutation made is a body that is no JSON
    if not isinstance(reply, dict):
        return _read(text, 200, {})
    given, status = reply.get("headers"), reply.get("status")
    headers = {name.lower(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    body = reply.get("body")
    body = body if isinstance(body, str) else json.dumps(body)
    return _read(
        body.encode("utf-8", "replace").decode(),
        status if isinstance(status, int) and 200 <= status < 600 else 429,
        headers,
    )


def _read(text: str, status: int, headers: dict[str, str]) -> None:
    found = read_completion(text)
    redacted(text, ["sk-planted-0123456789abcdef"])
    if isinstance(found, NoCompletion):
        error = (
            error_under_200(found.error)
            if found.error is not None
            else classify_status(status, text[:4000], "", headers)
        )
        room_for_answer(error.said, 5000, len(error.said))
        json.dumps([error.detail, error.said]).encode()
        (error.detail + error.said).encode()
        return
    found.text.encode()
    assert all(count is None or 0 <= count <= 10**9 for count in (found.prompt_tokens, found.completion_tokens))
    without_thoughts(found.text)
    label = extract(found.text, OPTIONS).label
    assert label is None or label in OPTIONS
    with contextlib.suppress(NotJSON):
        find_object(found.text)


BORDER = Border("reply", "json", seeds, read, ())
