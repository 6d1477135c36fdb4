"""Record what lighteval's litellm backend hides: failed requests, why an answer ended, how many tokens it has.

In lighteval a call that has failed eight times becomes an empty answer, finish reason and usage are discarded, and answers come from
a disk cache that does not know which weights a name means. `watch` puts a thin layer between the backend and litellm. It keeps the
first three facts in memory, for the metrics of the same process, and switches the cache off, unless a run continues one in which
requests failed ($MEDICAL_GO_ON, set by `score`). A request is not changed, except that an empty list of stop strings is left out.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import litellm
from litellm.exceptions import BadRequestError
from openai import OpenAIError

from dataset_builder.llm.secrets import redacted, secrets

IN_A_ROW = 60  # consecutive failed attempts: the endpoint is down or refuses the key, so the run stops
Key = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """Whether an answer was truncated, and its length in tokens as the endpoint counts them (None: not given)."""

    truncated: bool
    tokens: int | None


_answers: dict[Key, Answer] = {}
_failures = 0  # attempts since the last answer


def answer_to(messages: Sequence[Mapping[str, str]]) -> Answer | None:
    """The recorded facts about the answer to these messages; None where no answer came."""
    return _answers.get(_key(messages))


def watch() -> None:
    """Install the layer; further calls have no effect."""
    litellm.suppress_debug_info = True  # else every call of a model that litellm does not know prints a link
    if not hasattr(litellm.completion, "watched"):
        litellm.completion = _watched(litellm.completion)


def _watched(complete: Callable[..., Any]) -> Callable[..., Any]:
    def completion(**request: Any) -> Any:
        global _failures
        request["caching"] = bool(request.get("caching")) and "MEDICAL_GO_ON" in os.environ
        request["stop"] = request.get("stop") or None  # `transformers serve` answers an empty list with 500
        try:
            response = complete(**request)
        except OpenAIError as why:  # the base class of all errors that litellm raises for a request
            _failures += 1
            said = redacted(str(why), secrets().values())
            if _failures >= IN_A_ROW:
                raise SystemExit(
                    f"{_failures} attempts in a row failed, so this run stops; the last error: {said}"
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
