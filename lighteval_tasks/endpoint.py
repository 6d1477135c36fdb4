"""What lighteval's litellm backend hides: requests that failed, why an answer ended, how many tokens it has.

A call that has failed eight times becomes an empty answer there, finish reason and usage are thrown away, and answers come from a
disk cache that does not know the weights behind a name. `watch` puts a thin layer between the backend and litellm that keeps
the first three in memory, for the metrics of the same process, and switches the cache off, unless a run goes on where
another one failed ($MEDICAL_GO_ON, set by `score`). Of a request itself only an empty list of stop strings is left out.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import litellm
from litellm.exceptions import BadRequestError
from openai import OpenAIError

from dataset_builder.llm.secrets import redacted, secrets

IN_A_ROW = (
    60  # failed attempts without an answer between them: the endpoint is down or refuses the key, so the run stops
)
Key = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """How an answer ended, and its length in tokens as the endpoint counts them (None: it did not say)."""

    truncated: bool
    tokens: int | None


_answers: dict[Key, Answer] = {}
_failures = 0  # attempts since the last answer


def answer_to(messages: Sequence[Mapping[str, str]]) -> Answer | None:
    """What is known of the answer to these messages; None where none came."""
    return _answers.get(_key(messages))


def watch() -> None:
    """Put the layer in place; once, however often it is called."""
    litellm.suppress_debug_info = True  # else every call of a model that it does not know prints a link
    if not hasattr(litellm.completion, "watched"):
        litellm.completion = _watched(litellm.completion)


def _watched(complete: Callable[..., Any]) -> Callable[..., Any]:
    def completion(**request: Any) -> Any:
        global _failures
        request["caching"] = bool(request.get("caching")) and "MEDICAL_GO_ON" in os.environ
        request["stop"] = request.get("stop") or None  # `transformers serve` answers an empty list with 500
        try:
            response = complete(**request)
        except OpenAIError as why:  # the base of all that litellm raises for a request
            _failures += 1
            said = redacted(str(why), secrets().values())
            if _failures >= IN_A_ROW:
                raise SystemExit(
                    f"{_failures} attempts in a row failed, so this run stops; the last one: {said}"
                ) from None
            if isinstance(why, BadRequestError):
                raise
            raise RuntimeError(said) from None  # lighteval writes it to its log
        _failures = 0
        choice, usage = response.choices[0], getattr(response, "usage", None)
        tokens = getattr(usage, "completion_tokens", None)
        _answers[_key(request["messages"])] = Answer(choice.finish_reason == "length", tokens)
        return response

    completion.__dict__["watched"] = True
    return completion


def _key(messages: Sequence[Mapping[str, str]]) -> Key:
    return tuple((message["role"], message["content"]) for message in messages)
