"""Connect to a named endpoint. Its URL and key are read from environment variables only."""

import os
from collections.abc import Mapping

from dataset_builder.llm.model import OPENAI, ModelError

try:
    import httpx
    from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAioHttpClient
except ImportError as why:  # pragma: no cover
    raise ModelError(
        f"{why}; a pipeline that calls a model needs `pip install .[models]`, which `make setup` runs"
    ) from why

AZURE = "azure"
AZURE_VARIABLES = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION")
NO_KEY = "none"  # sent to a server of one's own, which needs no key


def connect(endpoint: str, environment: Mapping[str, str] = os.environ) -> AsyncOpenAI:
    """A client of the official SDK that never retries by itself.

    Raises ModelError where the environment lacks a variable.
    """
    transport = DefaultAioHttpClient(limits=httpx.Limits(max_connections=None, max_keepalive_connections=None))
    if endpoint == AZURE:
        if missing := [name for name in AZURE_VARIABLES if not environment.get(name)]:
            raise ModelError(f"endpoint 'azure' needs {', '.join(missing)} in the environment")
        url, key, version = (environment[name] for name in AZURE_VARIABLES)
        return AsyncAzureOpenAI(
            azure_endpoint=url, api_key=key, api_version=version, max_retries=0, http_client=transport
        )
    url, key = (environment.get(name) for name in variables(endpoint))
    if url is None and (endpoint != OPENAI or not key):
        raise ModelError(_missing(endpoint))
    return AsyncOpenAI(base_url=url, api_key=key or NO_KEY, max_retries=0, timeout=None, http_client=transport)


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
