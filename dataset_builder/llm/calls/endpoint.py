"""Connect to a named endpoint. Its URL and key are read from environment variables only."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataset_builder.llm.model import OPENAI, ModelError, variables
from dataset_builder.llm.secrets import sent_in_the_clear, split_urls

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


def connect(endpoint: str, environment: Mapping[str, str] | None = None) -> list[AsyncOpenAI]:
    """For each server of the endpoint, a client of the official SDK that never retries by itself.

    ``environment``: by default os.environ as it is now. `datasets` puts another object in its place when it maps in several processes, so it
    is no default value here. Raises ModelError where the environment lacks a variable, or has a URL, key or proxy that no call can use.
    """
    return [_client(endpoint, options) for options in _options(endpoint, environment)]


def _client(endpoint: str, options: dict[str, Any]) -> AsyncOpenAI:
    with _proxy_named():
        transport = Client()
    options = {**options, "max_retries": 0, "http_client": transport}
    return AsyncAzureOpenAI(**options) if endpoint == AZURE else AsyncOpenAI(**options, timeout=None)


def server_names(clients: Sequence[AsyncOpenAI]) -> list[str]:
    """A name for each server in messages: host and port, no user and no password; its place in the list where these are the same."""
    names = [client.base_url.netloc.decode() for client in clients]
    return [
        f"{name}, number {number}" if names.count(name) > 1 else name for number, name in enumerate(names, start=1)
    ]


def connect_for_files(endpoint: str, environment: Mapping[str, str] | None = None) -> OpenAI:
    """A client for files and batches, which sends and reads files as streams. It retries what may be done twice. Raises ModelError."""
    servers = _options(endpoint, environment)
    if len(servers) > 1:
        raise ModelError(
            f"{variables(endpoint)[0]} lists {len(servers)} servers; expected one for --dispatch batch, since files and batches are at one "
            "server. Give one URL, or leave --dispatch batch out (make: DISPATCH)"
        )
    with _proxy_named():
        transport = DefaultHttpxClient(follow_redirects=False)
    options = {**servers[0], "max_retries": RETRIES, "http_client": transport}
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


def _options(endpoint: str, environment: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Where the client of each server connects, and with which key. Raises ModelError."""
    environment = os.environ if environment is None else environment
    if endpoint == AZURE:
        if missing := [name for name in AZURE_VARIABLES if not environment.get(name)]:
            raise ModelError(f"endpoint 'azure' needs {', '.join(missing)} in the environment")
        url, key, version = (environment[name] for name in AZURE_VARIABLES)
        if len(urls := urls_of(AZURE_VARIABLES[0], url)) > 1:
            raise ModelError(
                f"{AZURE_VARIABLES[0]} lists {len(urls)} URLs; expected one: `azure` is a single resource"
            )
        expect_key(AZURE_VARIABLES[1], key)
        _expect_private(AZURE_VARIABLES[0], urls[0], key, environment)
        return [{"azure_endpoint": urls[0], "api_key": key, "api_version": version}]
    url, key = (environment.get(name) for name in variables(endpoint))
    if url is None and (endpoint != OPENAI or not key):
        raise ModelError(_missing(endpoint))
    expect_key(variables(endpoint)[1], key or NO_KEY)
    urls = [None] if url is None else urls_of(variables(endpoint)[0], url)
    for one in filter(None, urls):
        _expect_private(variables(endpoint)[0], one, key or NO_KEY, environment)
    return [{"base_url": one, "api_key": key or NO_KEY} for one in urls]


def is_openai(endpoint: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the endpoint is OpenAI's or Azure's own: they refuse some bounds in schemas, and their models need none."""
    environment = os.environ if environment is None else environment
    return endpoint == AZURE or (endpoint == OPENAI and environment.get(variables(OPENAI)[0]) is None)


def urls_of(variable: str, value: str) -> list[str]:
    """The URLs in the value of a variable, which separates them by commas: the servers of one endpoint. Raises ModelError."""
    urls = split_urls(value)
    seen: dict[httpx.URL, int] = {}
    for number, url in enumerate(urls, start=1):
        expect_url(f"URL {number} of the {len(urls)} in {variable}" if len(urls) > 1 else variable, url)
        if (same := seen.setdefault(httpx.URL(url.rstrip("/")), number)) != number:
            raise ModelError(f"URLs {same} and {number} in {variable} are the same; expected each server once")
    return urls


def expect_url(variable: str, url: str) -> None:
    """Raise ModelError for a URL that no call can use. Its own text is not shown, since it may contain a password."""
    if not url:
        raise ModelError(
            f"{variable} is empty; expected a URL such as http://127.0.0.1:8000/v1, several separated by commas"
        )
    try:
        parsed = httpx.URL(url)
        good = parsed.scheme in ("http", "https") and parsed.host and not re.search(r"\s", url)
    except httpx.InvalidURL:
        good = False
    if not good:
        raise ModelError(
            f"{variable} is no URL that can be called; expected one such as http://127.0.0.1:8000/v1 or https://api.openai.com/v1; commas "
            "separate several, and one within a URL is written %2C"
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


def _missing(endpoint: str) -> str:
    url, key = variables(endpoint)
    if endpoint == OPENAI:
        return (
            f"no model endpoint is configured: set {key} for api.openai.com, or {url} (and {key}) for another server"
        )
    return f"endpoint {endpoint!r} needs {url} in the environment (and {key}, if the server requires a key)"
