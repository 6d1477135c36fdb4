"""Connect to a named endpoint. Its URL and key are read from environment variables only."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dataset_builder.llm.model import OPENAI, ModelError
from dataset_builder.llm.secrets import sent_in_the_clear

try:
    import httpx
    from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, DefaultHttpxClient, OpenAI

    from dataset_builder.llm.calls.transport import Client
except ImportError as why:  # pragma: no cover
    raise ModelError(
        f"{why}; a pipeline that calls a model needs `pip install .[models]`, which `make setup` runs"
    ) from why

AZURE = "azure"
AZURE_VARIABLES = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION")
RETRIES = 5  # of a call about files and batches, by the SDK
NO_KEY = "none"  # sent to a server of one's own, which needs no key


def connect(endpoint: str, environment: Mapping[str, str] | None = None) -> AsyncOpenAI:
    """A client of the official SDK that never retries by itself. ``environment``: by default os.environ as it is now.

    `datasets` puts another object in its place when it maps in several processes, so it is no default value here.
    Raises ModelError where the environment lacks a variable, or has a URL, key or proxy that no call can use.
    """
    with _proxy_named():
        transport = Client()
    options = {**_options(endpoint, environment), "max_retries": 0, "http_client": transport}
    return AsyncAzureOpenAI(**options) if endpoint == AZURE else AsyncOpenAI(**options, timeout=None)


def connect_for_files(endpoint: str, environment: Mapping[str, str] | None = None) -> OpenAI:
    """A client for files and batches, which sends and reads files as streams. It retries what may be done twice. Raises ModelError."""
    with _proxy_named():
        transport = DefaultHttpxClient(follow_redirects=False)
    options = {**_options(endpoint, environment), "max_retries": RETRIES, "http_client": transport}
    return AzureOpenAI(**options) if endpoint == AZURE else OpenAI(**options)


@contextlib.contextmanager
def _proxy_named() -> Iterator[None]:
    """httpx reads the proxies from the environment when a client is made."""
    try:
        yield
    except (ValueError, httpx.InvalidURL) as why:
        raise ModelError(
            f"the proxy in the environment cannot be used ({why}); expected HTTPS_PROXY, HTTP_PROXY, ALL_PROXY such as http://host:3128"
        ) from why


def _options(endpoint: str, environment: Mapping[str, str] | None) -> dict[str, Any]:
    """Where a client connects, and with which key. Raises ModelError."""
    environment = os.environ if environment is None else environment
    if endpoint == AZURE:
        if missing := [name for name in AZURE_VARIABLES if not environment.get(name)]:
            raise ModelError(f"endpoint 'azure' needs {', '.join(missing)} in the environment")
        url, key, version = (environment[name] for name in AZURE_VARIABLES)
        expect_url(AZURE_VARIABLES[0], url)
        expect_key(AZURE_VARIABLES[1], key)
        _expect_private(AZURE_VARIABLES[0], url, key, environment)
        return {"azure_endpoint": url, "api_key": key, "api_version": version}
    url, key = (environment.get(name) for name in variables(endpoint))
    if url is None and (endpoint != OPENAI or not key):
        raise ModelError(_missing(endpoint))
    expect_key(variables(endpoint)[1], key or NO_KEY)
    if url is not None:
        expect_url(variables(endpoint)[0], url)
        _expect_private(variables(endpoint)[0], url, key or NO_KEY, environment)
    return {"base_url": url, "api_key": key or NO_KEY}


def is_openai(endpoint: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the endpoint is OpenAI's or Azure's own: they refuse some bounds in schemas, and their models need none."""
    environment = os.environ if environment is None else environment
    return endpoint == AZURE or (endpoint == OPENAI and environment.get(variables(OPENAI)[0]) is None)


def expect_url(variable: str, url: str) -> None:
    """Raise ModelError for a URL that no call can use. Its own text is not shown, since it may contain a password."""
    try:
        parsed = httpx.URL(url)
        good = parsed.scheme in ("http", "https") and parsed.host and not re.search(r"\s", url)
    except httpx.InvalidURL:
        good = False
    if not good:
        raise ModelError(
            f"{variable} is no URL that can be called; expected one such as http://127.0.0.1:8000/v1 or https://api.openai.com/v1"
        )


def expect_key(variable: str, key: str) -> None:
    """Raise ModelError for a key that cannot be sent in a header: one with a line break, a blank or a letter outside ASCII."""
    if not re.fullmatch(r"[!-~]+", key):
        raise ModelError(
            f"{variable} has a character that no key has (a blank, a line break, or a letter outside ASCII); copy the key again"
        )


def _expect_private(variable: str, url: str, key: str, environment: Mapping[str, str]) -> None:
    """Raise ModelError where others could read the key on its way."""
    if why := sent_in_the_clear(variable, url, key, environment):
        raise ModelError(why)


def variables(endpoint: str) -> tuple[str, str]:
    """The names of the environment variables with an endpoint's URL and key."""
    name = endpoint.upper().replace("-", "_")
    return f"{name}_BASE_URL", f"{name}_API_KEY"


def _missing(endpoint: str) -> str:
    url, key = variables(endpoint)
    if endpoint == OPENAI:
        return (
            f"no model endpoint is configured: set {key} for api.openai.com, or {url} (and {key}) for another server"
        )
    return f"endpoint {endpoint!r} needs {url} in the environment (and {key}, if the server requires a key)"
