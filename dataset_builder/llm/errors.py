"""The errors of a call, and what to do after each: call again, give up the row, or end the run."""

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, NamedTuple

import aiohttp
import openai


class ErrorAction(Enum):
    """What to do after an error."""

    SLOW_DOWN = "429: too fast; it is no fault of the request"
    TRY_AGAIN = "it may pass"
    GIVE_UP = "the same request would fail again"
    END_RUN = "every request would fail"


@dataclass(frozen=True)
class CallError:
    """A failed call.

    ``kind``: a short name to count by; ``maybe_paid``: the model may have answered, but nothing arrived.
    """

    kind: str
    action: ErrorAction
    detail: str
    retry_after: float = 0.0
    maybe_paid: bool = False


class Completion(NamedTuple):
    """A chat completion that arrived completely. ``bad``: why its text cannot be used, or None."""

    bad: str | None
    action: ErrorAction
    prompt_tokens: int | None
    completion_tokens: int | None


def read_completion(response: str) -> Completion:
    """The completion in a response with status 200. Raises ValueError where it is not a chat completion."""
    try:
        body = json.loads(response)
        [choice, *_] = body["choices"]
        content, reason, usage = choice["message"].get("content"), choice.get("finish_reason"), body.get("usage") or {}
        tokens = usage.get("prompt_tokens"), usage.get("completion_tokens")
    except (KeyError, TypeError, AttributeError, ValueError) as why:
        raise ValueError(f"status 200, but no chat completion ({type(why).__name__})") from why
    if reason == "content_filter":
        return Completion("the content filter stopped it", ErrorAction.GIVE_UP, *tokens)
    if reason == "length":
        return Completion("truncated at max_tokens", ErrorAction.TRY_AGAIN, *tokens)
    if not isinstance(content, str) or not content.strip():
        return Completion("empty", ErrorAction.TRY_AGAIN, *tokens)
    return Completion(None, ErrorAction.TRY_AGAIN, *tokens)


def classify(why: openai.APIError | TimeoutError) -> CallError:
    """The kind of an SDK exception, and what to do after it."""
    if isinstance(why, TimeoutError):
        return CallError("time-out", ErrorAction.TRY_AGAIN, "no whole answer within the time-out", maybe_paid=True)
    if not isinstance(why, openai.APIStatusError):
        # the transport's own exception, since over aiohttp the SDK reports nearly everything as a time-out
        cause = why.__cause__.__cause__ if why.__cause__ else None
        kind = "no connection" if isinstance(cause, aiohttp.ClientConnectorError) else "cut"
        return CallError(kind, ErrorAction.TRY_AGAIN, f"{kind}: {cause or why}"[:300], maybe_paid=kind == "cut")
    status, detail = why.status_code, f"status {why.status_code}: {why.message}"[:300]
    kind, code = str(status), why.code or _inner_code(why.body)
    if status == 429:
        ended = code in ("insufficient_quota", "billing_hard_limit_reached")
        return CallError(
            "429", ErrorAction.END_RUN if ended else ErrorAction.SLOW_DOWN, detail, _retry_after(why.response.headers)
        )
    if status in (401, 403, 404):
        return CallError(kind, ErrorAction.END_RUN, detail)
    if status in (408, 409, 425) or status >= 500:
        return CallError(kind, ErrorAction.TRY_AGAIN, detail, _retry_after(why.response.headers))
    if code == "context_length_exceeded" or "context length" in detail.lower() or status == 413:
        return CallError(
            "context length", ErrorAction.GIVE_UP, f"the request is longer than the model's context ({detail})"
        )
    if code in ("content_filter", "content_policy_violation"):
        return CallError("content filter", ErrorAction.GIVE_UP, f"the content filter refused the request ({detail})")
    return CallError(kind, ErrorAction.GIVE_UP, detail)


def _inner_code(body: Any) -> str | None:
    """Some servers put the error one level deeper."""
    inner = body.get("error") if isinstance(body, dict) else None
    return inner.get("code") if isinstance(inner, dict) else None


def _retry_after(headers: Any) -> float:
    """Seconds to wait, from ``retry-after-ms`` or ``retry-after`` (seconds, or a date); 0 where none can be read."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        text = headers.get("retry-after") or "0"
        if text[:1].isdigit():
            return float(text)
        at = parsedate_to_datetime(text)
        sent = headers.get("date")
        return max(0.0, (at - parsedate_to_datetime(sent)).total_seconds()) if sent else 0.0
    except ValueError:
        return 0.0
