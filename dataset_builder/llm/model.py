"""A language model, a request to it and its answer, as values. The calls are made by calls/dispatch.py."""

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pydantic import BaseModel

from dataset_builder.llm.reply_bounds import Bound, Bounds, bounded_schema, bounds_of

OPENAI = "openai"
KEY_BYTES = 16  # of the key of a request
Message = dict[str, str]
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class ModelError(ValueError):
    """A model, an endpoint or a limit that cannot be used.

    The message says what was found, expected, and what to do.
    """


def variables(endpoint: str) -> tuple[str, str]:
    """The names of the environment variables with an endpoint's URL, or URLs, and key."""
    name = endpoint.upper().replace("-", "_")
    return f"{name}_BASE_URL", f"{name}_API_KEY"


@dataclass(frozen=True)
class LLM:
    """A model at a *named* endpoint, and how it is sampled: MedReason's temperature 0 and 5,000 tokens by default.

    URL and key of the endpoint are environment variables (calls/endpoint.py), so no key can get into a cache, a store or a card,
    and answers stay valid when a server moves. With ``None`` the endpoint's default applies. A stage that needs other
    sampling settings gets ``replace(writer, temperature=0.7)``.
    """

    model: str
    endpoint: str = OPENAI
    temperature: float | None = 0.0
    max_tokens: int = 5000
    top_p: float | None = None
    seed: int | None = None
    max_tokens_given: bool = False  # by --max-tokens: it holds in place of every stage's own figure

    @classmethod
    def named(cls, text: str, max_tokens: int | None = None) -> "LLM":
        """``model`` or ``model@endpoint``; ``max_tokens``: for all of its answers. Raises ModelError."""
        model, _, endpoint = text.rpartition("@") if "@" in text else (text, "", OPENAI)
        if not re.fullmatch(r"\S+", model) or not re.fullmatch(r"[a-z][a-z0-9_-]*", endpoint):
            raise ModelError(f"model {text!r}: expected MODEL or MODEL@ENDPOINT, such as gpt-4o or qwen3-8b@sglang")
        llm = cls(model, endpoint)
        return llm if max_tokens is None else replace(llm, max_tokens=max_tokens, max_tokens_given=True)

    def with_room(self, max_tokens: int) -> "LLM":
        """The model for answers of at most so many tokens, unless another number was given for it."""
        return self if self.max_tokens_given else replace(self, max_tokens=max_tokens)

    def __str__(self) -> str:
        return self.model if self.endpoint == OPENAI else f"{self.model}@{self.endpoint}"

    @property
    def sampling(self) -> dict[str, Any]:
        """The fields of the request body that are set.

        `transformers serve` refuses unknown fields, so there are no others.
        """
        fields = ("temperature", "top_p", "max_tokens", "seed")
        return {name: value for name in fields if (value := getattr(self, name)) is not None}

    def request(
        self,
        prompt: str,
        *,
        system: str | None = None,
        schema: type[BaseModel] | None = None,
        bounds: Mapping[str, Bound] | None = None,
        sample: int = 0,
        may_fail: bool = False,
    ) -> "Request":
        """The request for this prompt.

        ``schema``: the form of the JSON reply; ``bounds``: of its fields (reply_bounds.py); ``sample`` distinguishes equal requests.
        """
        messages = ({"role": "system", "content": system},) if system else ()
        asked = (*messages, {"role": "user", "content": prompt})
        return Request(self, asked, schema, sample, may_fail, bounds_of(bounds or {}))


@dataclass(frozen=True)
class Request:
    """A request.

    Its key in the answer store is a hash of all that is sent but the bounds, the endpoint's name and the sample number.
    """

    llm: LLM
    messages: tuple[Message, ...]
    schema: type[BaseModel] | None = None
    sample: int = 0
    may_fail: bool = field(
        default=False, compare=False
    )  # the conversation handles a failed answer itself; not in the key
    bounds: Bounds = field(default=(), compare=False)

    @functools.cached_property
    def body(self) -> dict[str, Any]:
        """The JSON body of the chat-completions call."""
        body = {"model": self.llm.model, "messages": list(self.messages), **self.llm.sampling}
        if self.schema is not None:
            body["response_format"] = _response_format(self.schema)
        return body

    @property
    def bounded_format(self) -> dict[str, Any] | None:
        """`response_format` with the bounds; None without any."""
        return _response_format(self.schema, self.bounds) if self.schema is not None and self.bounds else None

    @property
    def key(self) -> bytes:
        """KEY_BYTES bytes over the canonical JSON of body, endpoint name and sample number."""
        return self._key_and_size[0]

    @property
    def size(self) -> int:
        """Bytes of all that is sent: an upper bound of its number of tokens."""
        return self._key_and_size[1]

    @functools.cached_property
    def _key_and_size(self) -> tuple[bytes, int]:
        sent = [self.llm.endpoint, self.sample, self.body]
        data = _CANONICAL.encode(sent).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=KEY_BYTES).digest(), len(data) + _size(self.schema, self.bounds)


def keys_in(joined: bytes) -> Iterator[bytes]:
    """The keys of requests that stand one after the other."""
    return (joined[at : at + KEY_BYTES] for at in range(0, len(joined), KEY_BYTES))


@functools.lru_cache(maxsize=1024)
def _response_format(schema: type[BaseModel], bounds: Bounds = ()) -> dict[str, Any]:
    """The schema as OpenAI, Azure, vLLM, sglang and llama.cpp accept it.

    `transformers serve` ignores it, so replies are always checked.
    """
    described = {"name": schema.__name__, "strict": True, "schema": bounded_schema(schema, bounds)}
    return {"type": "json_schema", "json_schema": described}


@functools.lru_cache(maxsize=1024)
def _size(schema: type[BaseModel] | None, bounds: Bounds) -> int:
    """The bytes that bounds add to a request."""
    if schema is None or not bounds:
        return 0
    with_bounds, without = (len(_CANONICAL.encode(_response_format(schema, b))) for b in (bounds, ()))
    return with_bounds - without


class Said(NamedTuple):
    """What an entry of the answer store says, whoever asks: the fields of an Answer but its request."""

    text: str
    failure: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """A model's text, or why there is none (``failure``: the reason code; ``detail``: what happened)."""

    request: Request
    text: str
    failure: str | None = None
    detail: str = ""

    def reply(self, text: str) -> Request:
        """The request that continues after this answer with this user message."""
        turns = ({"role": "assistant", "content": self.text}, {"role": "user", "content": text})
        return replace(self.request, messages=(*self.request.messages, *turns))
