"""Chat completions of one model at one endpoint.

The SDK says once where they are asked, with which key and with which headers; a call repeats this with its own body. The SDK would find all
of it anew for every call: a third of the CPU time of one.
"""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import openai

from dataset_builder.llm.calls.transport import ENCODINGS, Client


class Chat:
    """Calls of ``model`` with an HTTP client of their own. ``options``: of the SDK's client; ``azure``: its client for Azure."""

    def __init__(self, model: str, options: Mapping[str, Any], *, azure: bool = False) -> None:
        self._http = Client()
        like = _request_of(model, options, azure)
        self.url, self._extensions = like.url, like.extensions
        self._headers = {name: value for name, value in like.headers.items() if name != "content-length"}

    async def ask(self, body: Mapping[str, Any]) -> httpx.Response:
        """The response, with a status of success. Raises openai.APIError."""
        request = self._http.build_request(
            "POST", self.url, headers=self._headers, json=body, extensions=self._extensions
        )
        try:
            response = await self._http.send(request)
        except Exception as why:  # whatever the transport raises: the SDK's callers know its own errors
            raise openai.APIConnectionError(request=request) from why
        if not response.is_success:
            raise _status_error(response)
        return response

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()


def _request_of(model: str, options: Mapping[str, Any], azure: bool) -> httpx.Request:
    """What the SDK would send: asked of a client that sends nothing."""
    nowhere = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=nowhere, headers=ENCODINGS, trust_env=False) as http:
        client = (openai.AzureOpenAI if azure else openai.OpenAI)(**options, max_retries=0, http_client=http)
        return client.post("/chat/completions", cast_to=httpx.Response, body={"model": model}).request


def _status_error(response: httpx.Response) -> openai.APIStatusError:
    """The error that the SDK makes of a response: its text with all of the body, its body what stands under ``error``."""
    text = response.text.strip()
    try:
        body = json.loads(text)
        said = f"Error code: {response.status_code} - {body}"
    except (ValueError, RecursionError):
        body, said = text, text or f"Error code: {response.status_code}"
    error = body.get("error", body) if isinstance(body, dict) else body
    return openai.APIStatusError(said, response=response, body=error)
