"""A language model, a request to it and its answer, as values. The calls are made by calls/dispatch.py."""

import functools
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

OPENAI = "openai"
Message = dict[str, str]
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class ModelError(ValueError):
    """A model, an endpoint or a limit that cannot be used.

    The message says what was found, expected, and what to do.
    """


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

    @classmethod
    def named(cls, text: str) -> "LLM":
        """``model`` or ``model@endpoint``. Raises ModelError."""
        model, _, endpoint = text.rpartition("@") if "@" in text else (text, "", OPENAI)
        if not re.fullmatch(r"\S+", model) or not re.fullmatch(r"[a-z][a-z0-9_-]*", endpoint):
            raise ModelError(f"model {text!r}: expected MODEL or MODEL@ENDPOINT, such as gpt-4o or qwen3-8b@sglang")
        return cls(model, endpoint)

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
        sample: int = 0,
        may_fail: bool = False,
    ) -> "Request":
        """The request for this prompt.

        ``schema``: the form of the JSON reply; ``sample`` distinguishes equal requests.
        """
        messages = ({"role": "system", "content": system},) if system else ()
        return Request(self, (*messages, {"role": "user", "content": prompt}), schema, sample, may_fail)


@dataclass(frozen=True)
class Request:
    """A request.

    Its key in the answer store is a hash of all that is sent, the endpoint's name and the sample number.
    """

    llm: LLM
    messages: tuple[Message, ...]
    schema: type[BaseModel] | None = None
    sample: int = 0
    may_fail: bool = field(
        default=False, compare=False
    )  # the conversation handles a failed answer itself; not in the key

    @functools.cached_property
    def body(self) -> dict[str, Any]:
        """The JSON body of the chat-completions call."""
        body = {"model": self.llm.model, "messages": list(self.messages), **self.llm.sampling}
        if self.schema is not None:
            body["response_format"] = _response_format(self.schema)
        return body

    @property
    def key(self) -> bytes:
        """16 bytes over the canonical JSON of body, endpoint name and sample number."""
        return self._key_and_size[0]

    @property
    def size(self) -> int:
        """Bytes of all that is sent: an upper bound of its number of tokens."""
        return self._key_and_size[1]

    @functools.cached_property
    def _key_and_size(self) -> tuple[bytes, int]:
        sent = [self.llm.endpoint, self.sample, self.body]
        data = _CANONICAL.encode(sent).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=16).digest(), len(data)


@functools.cache
def _response_format(schema: type[BaseModel]) -> dict[str, Any]:
    """The schema as OpenAI, Azure, vLLM and sglang accept it.

    `transformers serve` ignores it, so replies are always checked.
    """
    described = {"name": schema.__name__, "strict": True, "schema": schema.model_json_schema()}
    return {"type": "json_schema", "json_schema": described}


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
        request = self.request
        return Request(request.llm, (*request.messages, *turns), request.schema, request.sample, request.may_fail)
