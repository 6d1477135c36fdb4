"""The HTTP of files and batches: what `openai.AsyncOpenAI` asks, and the faults on the way (batches.py lists them)."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.support.llm_server.files import Upload, is_upload, public

if TYPE_CHECKING:
    from tests.support.llm_server.server import Connection

ENDPOINTS = ("/v1/chat/completions", "/chat/completions")  # the second is Azure's
PAIRS, NAME, VALUE = 16, 64, 512  # of metadata: pairs, characters of a name, of a value
LARGEST_PAGE = {"batches": 100, "files": 10_000}
PAGE = {"batches": 20, "files": 10_000}  # without ?limit=


def answer_path(connection: Connection, head: bytes, body: bytes) -> None:
    """Answer a request whose path begins with /v1/files or /v1/batches, or Azure's /openai/files or /openai/batches."""
    if is_upload(head):  # a small one, which came in one piece
        Upload(connection, head, len(body)).feed(body)
        return
    if refusal := connection.stranger(head):
        return connection.error(*refusal)
    method, target = head.decode("latin-1").split(" ", 2)[:2]
    url = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(url.query).items()}
    words = url.path.removeprefix("/v1/").removeprefix("/openai/").split("/")
    match (method, *words):
        case ("POST", "batches"):
            _create(connection, body)
        case ("GET", "batches" | "files" as kind):
            _list(connection, kind, query)
        case ("GET", "batches", batch_id):
            if not _faulty(connection):
                _batch(connection, batch_id, cancel=False)
        case ("POST", "batches", batch_id, "cancel"):
            _batch(connection, batch_id, cancel=True)
        case ("GET", "files", file_id, "content"):
            if not _faulty(connection):
                _file(connection, file_id, method, content=True)
        case ("GET" | "DELETE", "files", file_id):
            _file(connection, file_id, method, content=False)
        case _:
            connection.error(404, f"Invalid URL ({method} {url.path})")


def _invalid(connection: Connection, message: str, param: str, code: str = "invalid_value") -> None:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    connection.send(400, {"error": error})


def _faulty(connection: Connection) -> bool:
    """Whether a call was answered with 429 or 500, by seed and number of the call."""
    store, settings = connection.state.batch_store(), connection.state.settings
    store.polls += 1
    drawn = settings.uniform("batch_poll", store.polls)
    if drawn < settings.batch_poll_429:
        head = f"retry-after: {settings.retry_after_s:g}\r\n"
        connection.error(429, "Rate limit reached", "rate_limit_exceeded", head)
    elif drawn < settings.batch_poll_429 + settings.batch_poll_500:
        connection.error(500, "The server had an error")
    else:
        return False
    return True


def _create(connection: Connection, body: bytes) -> None:
    """Make a batch; the faults strike when it is made, and its maker does not know its id."""
    store, settings = connection.state.batch_store(), connection.state.settings
    try:
        given = json.loads(body)
    except ValueError as why:
        return _invalid(connection, f"the body is not JSON: {why}", "")
    if not isinstance(given, dict):
        return _invalid(connection, f"expected an object, got {type(given).__name__}", "")
    if not isinstance(given.get("input_file_id"), str):
        said = f"expected the id of a file, got {given.get('input_file_id')!r}"
        return _invalid(connection, said, "input_file_id", "missing_required_parameter")
    if given.get("endpoint") not in ENDPOINTS:
        said = f"Invalid value: {given.get('endpoint')!r}. Supported values are: {', '.join(ENDPOINTS)}."
        return _invalid(connection, said, "endpoint")
    if given.get("completion_window") != "24h":
        said = f"Invalid value: {given.get('completion_window')!r}. Supported values are: '24h'."
        return _invalid(connection, said, "completion_window")
    if wrong := wrong_metadata(given.get("metadata")):
        return _invalid(connection, wrong, "metadata")
    batch = store.create(given["input_file_id"], given["endpoint"], given["completion_window"], given.get("metadata"))
    drawn = settings.uniform("batch_create", batch["_number"])
    if drawn < settings.batch_create_500:
        connection.error(500, "The server had an error")
    elif drawn < settings.batch_create_500 + settings.batch_create_cut:
        connection.cut()
    else:
        connection.send(200, public(batch))


def wrong_metadata(metadata: Any) -> str:
    """What is wrong with a batch's metadata; empty: nothing."""
    if metadata is None:
        return ""
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        return "metadata is an object whose values are texts"
    if len(metadata) > PAIRS:
        return f"metadata has at most {PAIRS} pairs, this has {len(metadata)}"
    long = [name for name, value in metadata.items() if len(name) > NAME or len(value) > VALUE]
    if long:
        return f"metadata has names of at most {NAME} characters and values of at most {VALUE}; longer: {long[0][:80]}"
    return ""


def _list(connection: Connection, kind: str, query: dict[str, str]) -> None:
    """A page, newest first: ?after=, ?limit=, and of files ?order= and ?purpose=."""
    store, settings = connection.state.batch_store(), connection.state.settings
    limit = int(query["limit"]) if query.get("limit", "").isdigit() else PAGE[kind]
    if not 1 <= limit <= LARGEST_PAGE[kind]:
        return _invalid(connection, f"limit is from 1 to {LARGEST_PAGE[kind]:,}, got {limit:,}", "limit")
    found = store.listed() if kind == "batches" else store.files.listed(settings.batch_file_wait_ms)
    if "purpose" in query:
        found = [record for record in found if record["purpose"] == query["purpose"]]
    if query.get("order") == "asc":
        found.reverse()
    if "after" in query:
        at = next((i for i, record in enumerate(found, 1) if record["id"] == query["after"]), None)
        if at is None:
            return _invalid(connection, f"after: nothing here has the id {query['after']}", "after")
        found = found[at:]
    page = [public(record) for record in found[:limit]]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    connection.send(200, {"object": "list", "data": page, **ends, "has_more": len(found) > limit})


def _batch(connection: Connection, batch_id: str, *, cancel: bool) -> None:
    store = connection.state.batch_store()
    if (batch := store.records.get(batch_id)) is None:
        return connection.error(404, f"No batch found with id '{batch_id}'.")
    if cancel and not store.cancel(batch):
        return connection.error(409, f"Cannot cancel a batch with status '{batch['status']}'.")
    connection.send(200, public(batch))


def _file(connection: Connection, file_id: str, method: str, *, content: bool) -> None:
    state = connection.state
    if (found := state.batch_store().files.find(file_id, state.settings.batch_file_wait_ms)) is None:
        return connection.error(404, f"No such File object: {file_id}")
    if method == "DELETE":
        state.batch_store().files.delete(file_id)
        connection.send(200, {"id": file_id, "object": "file", "deleted": True})
    elif content:
        connection.download = connection.loop.create_task(_download(connection, found[1]))
    else:
        connection.send(200, public(found[0]))


async def _download(connection: Connection, path: Path) -> None:
    """Send a content; a torn one says its whole length, and ends in the middle."""
    store, settings = connection.state.batch_store(), connection.state.settings
    store.downloads += 1
    torn = settings.uniform("batch_torn", store.downloads) < settings.batch_torn
    transport = connection.transport
    with path.open("rb") as file, suppress(ConnectionError):  # the client is gone
        size = path.stat().st_size
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: {size}\r\n\r\n"
        transport.write(head.encode())
        if (count := size // 2 if torn else size) and not transport.is_closing():
            await connection.loop.sendfile(transport, file, 0, count)
    if torn or connection.closing:
        transport.close()
