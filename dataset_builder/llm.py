"""A language model as a value: which one, at which endpoint, sampled how. Calling it is dispatch.py's job."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from dataset_builder.conversation import Request

OPENAI = "openai"


class ModelError(ValueError):
    """A model, an endpoint or a limit that cannot be used; the message says what was found, expected, and what to do."""


@dataclass(frozen=True)
class LLM:
    """A model at a *named* endpoint, and how it is sampled: MedReason's temperature 0 and 5,000 tokens by default.

    URL and key of the endpoint stand in the environment (endpoint.py), so no key can get into a cache, a store or a card,
    and answers stay valid when a server moves. ``None`` leaves a field to the endpoint. A stage that samples otherwise is
    given ``replace(writer, temperature=0.7)``.
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
        """The fields of the request body that are set. `transformers serve` refuses fields it does not know: keep to these."""
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
    ) -> Request:
        """What to send for this prompt. ``schema``: the reply is to be its JSON; ``sample`` tells equal requests apart."""
        messages = ({"role": "system", "content": system},) if system else ()
        return Request(self, (*messages, {"role": "user", "content": prompt}), schema, sample, may_fail)
