"""The lines of a batch's files, in the shapes that providers document, become answers, errors, or nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.llm.batches.results import Result, ResultReader
from dataset_builder.llm.prices import Price

KEY = bytes(range(16))
MOST = {KEY: 9.0}
PRICE = Price(1.0, 2.0, "here")


def line(status: int | None = 200, body: Any = None, error: Any = None, key: bytes = KEY) -> str:
    response = None if status is None else {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "batch_req_1", "custom_id": key.hex(), "response": response, "error": error})


def completion(text: str = "an answer", finish: str = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {
        "object": "chat.completion",
        "choices": [choice],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 500},
    } | more


def read(tmp_path: Path, *lines: str, price: Price | None = PRICE) -> tuple[list[Result], ResultReader]:
    file, reader = tmp_path / "lines", ResultReader("m", "s", price)
    file.write_text("\n".join(lines), "utf-8")
    return list(reader.read(file, MOST)), reader


def test_a_good_answer_costs_what_its_tokens_cost_in_a_batch(tmp_path: Path) -> None:
    [[entry, _]], reader = read(tmp_path, line(body=completion()))
    assert entry is not None and (entry.key, entry.status, entry.usd) == (KEY, "good", pytest.approx(0.002))
    assert json.loads(entry.response or "") == completion() and reader.unread == 0
    [[entry, _]], _ = read(tmp_path, line(body=completion(usage=None)))
    assert entry is not None and entry.usd == 9.0, "the most, where no tokens are told"
    [[entry, _]], _ = read(tmp_path, line(body=completion()), price=None)
    assert entry is not None and entry.usd is None


@pytest.mark.parametrize(
    ("found", "status", "reason"),
    [
        (line(body=completion(finish="length")), "bad", "lasting"),
        (line(body=completion(finish="content_filter")), "bad", "content_filter"),
        (line(body=completion("")), "bad", "lasting"),
        (line(body="no completion at all"), "bad", "unusable"),
        (line(400, {"error": {"message": "filtered", "code": "content_filter"}}), "final", "llm_failed"),
    ],
)
def test_what_the_model_said_is_kept_with_why_it_cannot_be_used(
    tmp_path: Path, found: str, status: str, reason: str
) -> None:
    [[entry, unanswered]], _ = read(tmp_path, found)
    assert entry is not None and unanswered is None and (entry.status, entry.reason) == (status, reason)


@pytest.mark.parametrize(
    ("found", "reason", "why"),
    [
        (line(None, error={"code": "batch_expired", "message": "no turn in time"}), "batch_expired", "batch_expired: no turn in time"),
        (line(500, {"error": {"message": "The server had an error"}}), "500", "status 500: The server had an error"),
        (line(400, {"error": {"message": "bad request"}}), "refused", "status 400: bad request"),
        (line(429, {"error": {"message": "Rate limit reached"}}), "429", "status 429: Rate limit reached"),
        (line(None), "error", "error: no response"),
    ],
)  # fmt: skip
def test_what_had_no_answer_may_be_asked_again(tmp_path: Path, found: str, reason: str, why: str) -> None:
    [[entry, unanswered]], _ = read(tmp_path, found)
    assert entry is None and unanswered is not None and unanswered.reason == reason and unanswered.why.startswith(why)


@pytest.mark.parametrize(
    "found", ["{torn", "[]", "null", '{"custom_id": 7}', '{"custom_id": "no hex"}', "[" * 100_000, '{"custom_id": "00", "response": 3}']
)  # fmt: skip
def test_a_line_that_is_no_result_is_counted(tmp_path: Path, found: str) -> None:
    results, reader = read(tmp_path, found, line(body=completion()), "")
    assert len(results) == 1 and reader.unread == 1


def test_a_request_that_the_batch_does_not_have_is_nobodys(tmp_path: Path) -> None:
    results, reader = read(tmp_path, line(body=completion(), key=bytes(16)))
    assert results == [] and reader.unread == 0


def test_a_key_is_in_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    lines = [line(body=completion("sk-very-secret")), line(400, {"error": {"message": "key sk-very-secret is bad"}})]
    assert "very-secret" not in repr(read(tmp_path, *lines)[0])


def test_half_characters_do_no_harm(tmp_path: Path) -> None:
    [[entry, _]], _ = read(tmp_path, line(body=completion("half \ud83d")))
    assert entry is not None and "half" in (entry.response or "")
    (entry.response or "").encode("utf-8")
