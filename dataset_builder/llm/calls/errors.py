"""The errors of a call, and what to do after each: call again, give up the row, or end the run.

Status codes mean different things at different servers, so the words of an error count too: a bill that is not paid comes as 402, 400, 403
or 429; a throttle can speak of quota and billing; a filter can answer 403. The patterns are from real errors (tests/fixtures/endpoints/errors.jsonl).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

import aiohttp
import httpx
import openai

from dataset_builder.llm.completion import clean


class ErrorAction(Enum):
    """What to do after an error."""

    SLOW_DOWN = "429: too fast; it is no fault of the request"
    TRY_AGAIN = "it may pass"
    GIVE_UP = "the same request would fail again"
    END_RUN = "every request would fail"


@dataclass(frozen=True)
class CallError:
    """A failed call.

    ``kind``: a short name to count by; ``maybe_paid``: the model may have answered, but nothing arrived; ``said``: what the endpoint
    said, with the name of the parameter where it gives one.
    """

    kind: str
    action: ErrorAction
    detail: str
    retry_after: float = 0.0
    maybe_paid: bool = False
    said: str = ""


NO_MONEY, FILTER, CONTEXT = "no money", "content filter", "context length"
TIME_OUT, UNSENT = "time-out", "no connection"
UNSENT_HTTPX = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError, httpx.LocalProtocolError,
)  # fmt: skip
UNSENT_AIOHTTP = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
BILLING_CODES = frozenset(
    [
        "insufficient_quota",
        "insufficient_user_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_balance",
        "credit_balance_too_low",
        "arrearage",
        "budget_exceeded",
        "allocationquota.freetieronly",
        "1113",
    ]
)
_BILLING = re.compile(
    r"insufficient[_ ]?(?:account )?(?:balance|quota|credits?|funds|user quota)|(?:not|n't) (?:have )?enough (?:credits?|balance|funds|money)"
    r"|balance (?:is |was )?(?:insufficient|too low|not enough|exhausted)|payment required|(?:credit|account) balance"
    r"|exceeded (?:your |the )?(?:current |monthly |included |budget)(?:quota|credits|spend)?|budget (?:has been )?exceeded|billing|arrears?|arrearage|overdue|unpaid"
    r"|free tier[^.\n]{0,60}(?:exhausted|used up)|(?:out of|no remaining|no more|used all [\w ]{0,40}|never purchased|purchase|purchase more|requires? more|add|add more|add \d+|exhausted [\w ]{0,40}) ?credits?"
    r"|top up|spend(?:ing)? limit|account is (?:not active|suspended|deactivated|disabled)|recharge|余额不足|额度不足|欠费|充值",
    re.IGNORECASE,
)
_THROTTLE = re.compile(
    r"(?:retry|try again|wait)\b[^.\n]{0,40}?(?:\bin\b|\bafter\b|\bfor\b)[^.\n]{0,12}?\d|per[ _-]?(?:minute|second|hour)|\b[rt]pm\b|rate[ _-]?limit|too many requests|throttl|pricing tier"
    r"|overloaded|resource_exhausted|concurren",
    re.IGNORECASE,
)
_WAIT = re.compile(
    r"(?:retry|try again|wait)[^.\n]{0,40}\d", re.IGNORECASE
)  # a throttle says when, an empty account does not
_WAIT_FOR = re.compile(
    r"(?:retry|try again|wait)\b[^.\n]{0,20}?\b(?:in|after|for) (?:(\d{1,4})h ?)?(?:(\d{1,4})m(?!s) ?)?(?:(\d{1,7}(?:\.\d{1,9})?) ?(ms|milliseconds|s\b|sec))?",
    re.IGNORECASE,
)
_USED_UP = re.compile(
    r"per[_-]?day|limit: 0\b|budget", re.IGNORECASE
)  # words of a throttle, but no wait of minutes helps
FILTER_CODES = frozenset(
    [
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "datainspectionfailed",
        "moderation",
        "moderation_blocked",
        "1301",
        "prohibited_content",
        "sensitive_content",
        "sensitive_words_detected",
        "responsibleaipolicyviolation",
        "cyber_policy_violation",
    ]
)
_FILTER = re.compile(
    r"content[ _-]?(?:filter|policy|management|moderat)|moderation|data[_ ]?inspection|inappropriate|content exists risk|safety (?:system|setting|filter|reason)|prohibited[_ ]content"
    r"|\bflagged\b|usage (?:policy|policies|guidelines)|violat\w{0,10} (?:our|the) \w* ?polic|responsible ?ai|sensitive[ _](?:content|information|words?)|considered high risk|不安全|敏感",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(
    r"api[ _-]?key (?:is |was )?(?:not valid|invalid|missing|not found|expired)|(?:invalid|incorrect|wrong) api[ _-]?key",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"invalid model name|server is pinned to|\bmodel [`'\"]?[\w./:@-]+[`'\"]? (?:does not exist|(?:was |is )?not found|is not (?:available|loaded|served))",
    re.IGNORECASE,
)  # some servers say it with 400
_CONTEXT = re.compile(
    r"context[ _-]?(?:length|size|window)|context_length_exceeded|exceed_context_size|prompt is too long|input is too long|too many (?:input )?tokens|maximum (?:input|prompt) length|max_model_len"
    r"|`?inputs`? tokens \+|input (?:tokens?|length)[^.]{0,30}exceed|exceeds? (?:the )?(?:model's )?max(?:imum)?[\w ]{0,20}(?:tokens|length)|is longer than the (?:model|maximum)|range of input length"
    r"|max(?:imum)? length exceeded|exceed\w{0,10} (?:the )?model token limit|max_tokens must be at least 1, got -|max_(?:completion_)?tokens is limited",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(
    r"request (?:is )?too large", re.IGNORECASE
)  # alone above the tokens of a minute: no wait helps
_LIMIT = re.compile(
    r"(?:context (?:length|size|window)(?: is(?: only)?| of|:)? ?\(?|must be <= ?|n_ctx[\"']?: ?)(\d[\d,]*)",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"(\d[\d,]{0,20}) (?:input tokens|`inputs` tokens|tokens? (?:in|from) the (?:input )?(?:messages|prompt)|in the (?:messages|prompt)|of text input|in your prompt)"
    r"|n_prompt_tokens[\"']?: ?(\d+)",
    re.IGNORECASE,
)
_REQUESTED = re.compile(r"limit:? (\d[\d,]*)[,)]? ?\(?requested:? (\d[\d,]*)", re.IGNORECASE)
_OUTPUT = re.compile(
    r"supports at most (\d[\d,]*)|max_tokens: \d+ > (\d+)|(?:range of max_(?:completion_)?tokens|max_tokens)[^\[\n]{0,40}\[\d+, ?(\d+)\]|max_(?:completion_)?tokens`?[\w ]{0,30}(?:less than or equal to|<=|not exceed|at most|cannot exceed) ?`?(\d[\d,]*)",
    re.IGNORECASE,
)
_WINDOW_ALONE = re.compile(r"max_tokens=\d+ cannot be greater than max_model_len=(\d+)", re.IGNORECASE)  # vLLM
BYTES_PER_TOKEN = 3  # of a prompt: fewer than in English text, so that the answer gets rather too little room
MARGIN, MIN_ROOM = 16, 64  # tokens: left free in a window; fewer are no room for an answer


def classify(why: openai.APIError | TimeoutError) -> CallError:
    """The kind of an SDK exception, and what to do after it."""
    if isinstance(why, TimeoutError):
        return CallError(TIME_OUT, ErrorAction.TRY_AGAIN, "no whole answer within the time-out", maybe_paid=True)
    if not isinstance(why, openai.APIStatusError):
        return _without_answer(why)
    error = _error_of(why.body)
    said, code = _said(why.message, error), str(why.code or error.get("code") or error.get("type") or "")
    return classify_status(why.status_code, said, code, why.response.headers)


def classify_status(status: int, said: str, code: str, headers: Mapping[str, str]) -> CallError:
    """What follows from an error of an endpoint; ``said``: all of its words, ``code``: its own code, "" for none."""
    said, code = clean(said), code.casefold()
    detail, kind, wait = f"status {status}: {said}"[:300], str(status), _retry_after(headers)

    def error(action: ErrorAction, name: str = kind, text: str = detail, seconds: float = 0.0) -> CallError:
        return CallError(name, action, text, seconds, said=said)

    if 300 <= status < 400:
        place = clean(str(headers.get("location", "")))[:200]
        return error(
            ErrorAction.END_RUN,
            text=f"it redirects to {place}, and keys are sent to no other server; set its URL to the right place",
        )
    too_long = error(ErrorAction.GIVE_UP, CONTEXT, f"the request is longer than the model's context ({detail})")
    if status == 413 or _TOO_LARGE.search(said):
        return too_long
    if status not in (401, 429) and (code in FILTER_CODES or _FILTER.search(said)):
        return error(ErrorAction.GIVE_UP, FILTER, f"the content filter refused the request ({detail})")
    owes = status == 402 or code in BILLING_CODES or (status < 500 and _BILLING.search(said))
    passes = status == 429 and _THROTTLE.search(said) and not _USED_UP.search(said)
    if owes and not (passes and (code not in BILLING_CODES or _WAIT.search(said))):
        return error(ErrorAction.END_RUN, NO_MONEY, f"no money or quota is left ({detail}); add credit")
    if status == 429:
        return error(ErrorAction.SLOW_DOWN, seconds=wait or _wait_in(said))
    if status not in (401, 403) and (code == "context_length_exceeded" or _CONTEXT.search(said)):
        return too_long
    if status == 400 and _BAD_KEY.search(said):
        return error(ErrorAction.END_RUN, "401")
    if status in (400, 422) and _NO_MODEL.search(said):
        return error(ErrorAction.END_RUN, "404")
    if status in (401, 403, 404, 405):
        return error(ErrorAction.END_RUN)
    if status in (408, 409, 425) or status >= 500:
        return error(ErrorAction.TRY_AGAIN, seconds=wait)
    return error(ErrorAction.GIVE_UP)


def error_under_200(error: Mapping[str, Any]) -> CallError:
    """What follows from an error object that came with status 200: nothing was paid."""
    code = error.get("code", error.get("status"))
    status = int(code) if str(code).isascii() and str(code).isdigit() and 400 <= int(code) < 600 else 0
    said = _said("", error)
    found = classify_status(status or 400, said, str(code or error.get("type") or ""), {})
    known = status or found.kind in (NO_MONEY, FILTER, CONTEXT)
    action = found.action if known else ErrorAction.SLOW_DOWN if _THROTTLE.search(said) else ErrorAction.TRY_AGAIN
    return CallError(
        found.kind if known else "error with status 200", action, f"an error with status 200: {said}"[:300], said=said
    )


def room_for_answer(said: str, asked: int, prompt_bytes: int) -> int | None:
    """How many tokens an answer may have, by an error that says what does not fit; None where it does not say, or there is no room.

    ``asked``: the max_tokens of the request; ``prompt_bytes``: of all that is sent, to judge how much of a window it takes.
    """
    if match := _WINDOW_ALONE.search(said):
        room = _number(match[1]) - prompt_bytes // BYTES_PER_TOKEN - MARGIN
        return room if room >= MIN_ROOM else None
    if match := _OUTPUT.search(said):
        return _number(next(filter(None, match.groups())))
    if match := _REQUESTED.search(said):
        room = asked - (_number(match[2]) - _number(match[1])) - MARGIN
        return room if room >= MIN_ROOM else None
    limit, prompt = _LIMIT.search(said), _PROMPT.search(said)
    if not limit or not prompt:
        return None
    room = _number(limit[1]) - _number(next(filter(None, prompt.groups()))) - MARGIN
    return room if room >= MIN_ROOM else None


def seconds_of(text: str | None) -> float | None:
    """A finite number of seconds in plain digits; None for anything else."""
    return float(text) if text and re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", text.strip()) else None


def _without_answer(why: openai.APIError) -> CallError:
    """No answer: the call never left, or was cut."""
    # the transport's own exception, since over aiohttp all is a ConnectTimeout, also a connection that broke while the model was at work
    causes = [cause for cause in (why.__cause__, why.__cause__ and why.__cause__.__cause__) if cause]
    unsent = UNSENT_AIOHTTP if any(isinstance(cause, aiohttp.ClientError) for cause in causes) else UNSENT_HTTPX
    kind = UNSENT if any(isinstance(cause, unsent) for cause in causes) else "cut"
    detail = clean(f"{kind}: {causes[-1] if causes else why}")[:300]
    return CallError(kind, ErrorAction.TRY_AGAIN, detail, maybe_paid=kind == "cut")


def _error_of(body: Any) -> Mapping[str, Any]:
    """The error object of a body. The SDK has taken off one `error`; some servers put it one level deeper."""
    inner = body.get("error") if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else body if isinstance(body, dict) else {}


def _said(message: str, error: Mapping[str, Any]) -> str:
    """All words of an error: its message, the fields that name what it is about, and the provider's own error below it."""
    words = [message]
    for name in (
        "message",
        "detail",
        "param",
        "code",
        "type",
        "n_prompt_tokens",
        "n_ctx",
        "metadata",
        "innererror",
        "error",
    ):
        value = error.get(name)
        text = value if isinstance(value, str) else "" if value is None else repr(value)
        if text and text not in message:
            words.append(text if name in ("message", "detail") else f"{name}: {text}")
    return clean(" ".join(" ".join(words).split())[:4000])


def _wait_in(said: str) -> float:
    """The seconds that an error asks to wait for, in words such as "try again in 7m12s"; 0 where it names none."""
    match = _WAIT_FOR.search(said)
    if match is None:
        return 0.0
    hours, minutes, amount, unit = match.groups()
    seconds = float(amount or 0) / (1000 if (unit or "").startswith("m") else 1)
    return 3600.0 * int(hours or 0) + 60.0 * int(minutes or 0) + seconds


def _number(text: str) -> int:
    return int(text.replace(",", "")[:12])


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds to wait, from ``retry-after-ms`` or ``retry-after`` (seconds, or a date); 0 where none can be read."""
    if (milliseconds := seconds_of(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    text = headers.get("retry-after") or "0"
    if (seconds := seconds_of(text)) is not None:
        return seconds
    try:
        sent = headers.get("date")
        wait = (parsedate_to_datetime(text) - parsedate_to_datetime(sent)).total_seconds() if sent else 0.0
    except (ValueError, TypeError, OverflowError):  # no date, or one without a time zone
        return 0.0
    return max(0.0, wait) if math.isfinite(wait) else 0.0
