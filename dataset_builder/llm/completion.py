"""Read what an endpoint sends with status 200, strictly and without ever raising: a chat completion, an error, or neither.

Servers send content as text, as a list of parts, or not at all beside a refusal or thoughts; they end for more reasons than `stop` and
`length`; they count tokens in ways that are no numbers. Only a text that is said to be complete is good. What cannot be understood is
kept as it came, as a bad answer, because it may have been paid.
"""

import contextlib
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dataset_builder.answer_extraction.thoughts import without_thoughts

# How servers name the end of a complete text, of one cut at the token limit, and of one that a filter stopped (compared without case)
COMPLETE = frozenset(
    {"stop", "eos", "eos_token", "end_turn", "stop_sequence", "end", "complete", "completed", "finished", "finish"}
)
TRUNCATED = frozenset(
    {
        "length",
        "max_tokens",
        "model_length",
        "max_length",
        "max_new_tokens",
        "max_output_tokens",
        "token_limit",
        "model_context_window_exceeded",
    }
)
FILTERED = frozenset(
    {
        "content_filter",
        "content_filtered",
        "safety",
        "recitation",
        "sensitive",
        "blocklist",
        "prohibited_content",
        "spii",
        "refusal",
        "guardrail_intervened",
        "language",
        "image_safety",
    }
)
TRUNCATED_AT = "truncated at max_tokens"  # why such an answer cannot be used
THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_text")  # fields beside `content`
MAX_TOKENS = 10**9  # a larger count is no count


@dataclass(frozen=True)
class Completion:
    """A chat completion.

    ``bad``: why its text cannot be used, in words; None: it can. ``lasting``: the same request would end so again. ``unsaid``: it is bad
    only because the endpoint does not say how it ended. The token counts are None where the endpoint gives none that is a number.
    ``cached_tokens``: of the prompt's, those that the provider had in its cache.
    """

    text: str
    bad: str | None
    lasting: bool
    filtered: bool
    prompt_tokens: int | None
    completion_tokens: int | None
    unsaid: bool = False
    cached_tokens: int = 0

    @property
    def reason(self) -> str | None:
        """Why the text cannot be used, in one word, as the answer store has it; None: it can."""
        if self.bad is None:
            return None
        return "content_filter" if self.filtered else "lasting" if self.lasting else "unusable"


@dataclass(frozen=True)
class NoCompletion:
    """A reply with status 200 that is no chat completion: an error of its own (``error``, its object), or something else (``why``)."""

    why: str
    error: Mapping[str, Any] | None = None
    whole: bool = True  # False: it may be the begin of a completion


@functools.lru_cache(maxsize=128)  # a reply is read when it arrives, and again some 50 ms later, when it is on disk
def read_completion(response: str) -> Completion | NoCompletion:
    """The completion in the text of a response. Never raises."""
    try:
        body = json.loads(response)
    except (ValueError, RecursionError) as why:
        begun = response.lstrip()[:1] == "{"
        kind = "cut or broken JSON" if begun else "no JSON, as of a page or a proxy"
        return NoCompletion(
            f"{kind} ({type(why).__name__}): {clean(' '.join(response[:120].split()))!r}", whole=not begun
        )
    return completion_in(body)


def completion_in(body: Any) -> Completion | NoCompletion:
    """The completion in a response that was read as JSON. Never raises."""
    if not isinstance(body, dict):
        return NoCompletion(f"JSON, but a {type(body).__name__}")
    choices, error = body.get("choices"), body.get("error")
    if body.get("object") == "chat.completion.chunk":
        return NoCompletion("a piece of a stream, which was not asked for")
    choice = choices[0] if isinstance(choices, list) and choices else None
    error = error or (choice.get("error") if isinstance(choice, dict) else None)
    failed = isinstance(choice, dict) and isinstance(error, dict) and not _text_in(choice)
    if not isinstance(choice, dict) or failed:
        said = {"message": error} if isinstance(error, str) else error
        said = said if isinstance(said, dict) else body if _is_error(body) else None
        if said is None and "choices" in body:
            return Completion("", "empty: no choices", False, False, *_tokens(body))
        return NoCompletion("an error with status 200" if said else "no choices in it", said)
    return _read_choice(choice, _tokens(body), _cached_tokens(body))


def text_of(response: str) -> str:
    """The text of a raw chat completion, in clean Unicode; "" where it has none."""
    read = read_completion(response)
    return read.text if isinstance(read, Completion) else ""


def clean(text: str) -> str:
    """The text with U+FFFD for each half of a character, which no file can hold; two halves that fit become the character."""
    with contextlib.suppress(UnicodeEncodeError):  # thirty times faster than to look for them
        text.encode()
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _text_in(choice: Mapping[str, Any]) -> str:
    """The text of a choice, wherever it stands."""
    content = _message(choice).get("content")
    return _texts(choice.get("text") if content is None else content)[0].strip()


def _message(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message of a choice; some servers send it as the one delta."""
    found = choice.get("message", choice.get("delta"))
    return found if isinstance(found, dict) else {}


def _read_choice(choice: Mapping[str, Any], tokens: tuple[int | None, int | None], cached: int) -> Completion:
    message = _message(choice)
    content = message["content"] if message.get("content") is not None else choice.get("text")
    text, refusal = _texts(content)
    refusal = refusal or (message["refusal"] if isinstance(message.get("refusal"), str) else "")
    reason = choice.get("finish_reason")
    said = reason.strip().casefold().removeprefix("finishreason.") if isinstance(reason, str) else ""

    def completion(bad: str | None, *, lasting: bool = False, filtered: bool = False) -> Completion:
        return Completion(
            clean(text),
            bad and clean(bad),
            lasting,
            filtered,
            *tokens,
            unsaid=bad is not None and reason is None,
            cached_tokens=cached,
        )

    if said in FILTERED:
        return completion("the content filter stopped it", lasting=True, filtered=True)
    if said in TRUNCATED:
        return completion(TRUNCATED_AT, lasting=True)
    if refusal.strip() and not text.strip():
        return completion(f"refused by the model: {refusal.strip()[:200]}", lasting=True)
    if not text.strip():
        return completion(_why_empty(message, reason), lasting=reason is None or said in COMPLETE)
    if said not in COMPLETE:
        return completion(f"not said to be complete (finish_reason {json.dumps(reason, default=repr)[:80]})")
    if not without_thoughts(text).strip():
        return completion("only thoughts: it ends before an answer", lasting=True)
    return completion(None)


def _texts(content: Any) -> tuple[str, str]:
    """The text of a message's content, and a refusal; a list has parts, of which thoughts are left out."""
    if isinstance(content, str):
        return content, ""
    parts = content if isinstance(content, list) else [content]
    texts, refusals = [], []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
            value = part.get("text")
            value = value.get("value") if isinstance(value, dict) else value
            texts.append(value if isinstance(value, str) else "")
        elif isinstance(part, dict) and isinstance(part.get("refusal"), str):
            refusals.append(part["refusal"])
    return "".join(texts), "".join(refusals)


def _why_empty(message: Mapping[str, Any], reason: Any) -> str:
    """Why a message has no text, as far as the rest of it tells."""
    if thoughts := next(
        (name for name in THOUGHTS if isinstance(message.get(name), str) and message[name].strip()), None
    ):
        return f"empty: only thoughts, in {thoughts} ({len(message[thoughts]):,} characters)"
    if message.get("tool_calls") or message.get("function_call"):
        return "empty: a call of a tool instead of a text"
    return (
        "empty"
        if reason is None or reason == "stop"
        else f"empty (finish_reason {json.dumps(reason, default=repr)[:80]})"
    )


def _tokens(body: Mapping[str, Any]) -> tuple[int | None, int | None]:
    usage = body.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    prompt, completion, total = (_count(counts.get(f"{name}_tokens")) for name in ("prompt", "completion", "total"))
    if prompt is not None and total is not None and total > prompt:  # some count thoughts in the total alone
        completion = max(completion or 0, total - prompt)
    return prompt, completion


def _cached_tokens(body: Mapping[str, Any]) -> int:
    """Tokens of the prompt that the provider had in its cache, as OpenAI and vLLM name them."""
    usage = body.get("usage")
    details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
    return _count(details.get("cached_tokens")) or 0 if isinstance(details, dict) else 0


def _count(value: Any) -> int | None:
    """A number of tokens; None for anything else: a text, a fraction, a negative or an impossible number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS else None


def _is_error(body: Mapping[str, Any]) -> bool:
    """Whether a body without `error` is one: several servers put message and code at the top."""
    return (
        body.get("object") == "error"
        or ("message" in body and ("code" in body or "status" in body))
        or "detail" in body
    )
