"""Messages for errors of the Hub: what it answered, what that means, and what to do."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import httpx
from huggingface_hub import constants
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

MOVED_ON = (409, 412)  # another commit was made first
PASSING = (429, 500, 502, 503, 504)
FAILURES = (
    HfHubHTTPError,
    httpx.HTTPError,
    OfflineModeIsEnabled,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
)


class HubError(ValueError):
    """The Hub refused or did not answer; the message says what was found, and what to do."""


def tag_taken(name: str, tag: str, commit: str | None) -> str:
    """The message for a tag that belongs to another revision."""
    return (
        f"{name} already has the tag {tag}, on commit {(commit or 'unknown')[:12]} with other content. An existing tag "
        f"is never moved, since others may have pinned it: choose another --tag"
    )


def _response(why: BaseException) -> httpx.Response | None:
    return why.response if isinstance(why, HfHubHTTPError) else None


def is_status(why: BaseException, statuses: Iterable[int]) -> bool:
    """Whether the Hub answered with one of these statuses."""
    response = _response(why)
    return response is not None and response.status_code in statuses


def is_passing(why: BaseException) -> bool:
    """Whether the next attempt may succeed: another commit was made first, no answer came, or the Hub is busy."""
    why = _cause(why)
    return isinstance(why, httpx.TransportError) or is_status(why, (*MOVED_ON, *PASSING))


def _cause(why: BaseException) -> BaseException:
    """The client wraps what went wrong with a large file into a RuntimeError."""
    while isinstance(why, RuntimeError) and why.__cause__ is not None:
        why = why.__cause__
    return why


def explain(why: BaseException, name: str) -> str:
    """The message for a failure: what it means, and what to do."""
    why, endpoint = _cause(why), constants.ENDPOINT
    response = _response(why)
    message = " ".join((getattr(why, "server_message", None) or str(why)).split())
    if isinstance(why, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE=1 keeps the client offline; unset it"
    if isinstance(why, httpx.TransportError):
        return f"no answer from {endpoint} ({type(why).__name__}: {message}); check HF_ENDPOINT and the network, then run the same command again. The old content is complete"
    if response is None:
        return f"{name}: {message}"
    if response.status_code == 507:
        return f"the Hub at {endpoint} could not store it: {message}. The old content is complete; free some space, and push again"
    if response.status_code == 401 and re.search(r"[Ii]nvalid (credentials|user token|username or password)", message):
        return f"{endpoint} does not accept this token ({message}); expected a valid one in HF_TOKEN, or by `hf auth login`"
    if isinstance(why, RepositoryNotFoundError) or response.status_code == 401:
        return (
            f"{endpoint} has no repository {name}, or it is private and this token may not see it ({message}). Check the name; "
            "a private one needs the token of a member in HF_TOKEN, or `hf auth login`"
        )
    if response.status_code == 403:
        return f"{endpoint} does not let this token write to {name} ({message}); expected a token with the role 'write' of a member"
    if "xet" in str(response.request.url):
        return f"{endpoint} does not speak Xet ({message}); set HF_HUB_DISABLE_XET=1 and push again"
    return f"{endpoint} answered {response.status_code} about {name}: {message}"


@contextmanager
def explained(name: str, error: Callable[[str], Exception] = HubError) -> Iterator[None]:
    """Raises ``error`` with what a failure of the client means, and what to do, in place of the client's exception."""
    try:
        yield
    except FAILURES as why:
        raise error(explain(why, name)) from why
