"""Files and batches of one endpoint, by the official client: upload, create, look up, download, cancel.

OpenAI's Batch API, which Azure and other servers have too: https://platform.openai.com/docs/guides/batch. Every call may be made again
but `create`: after one whose outcome is not known, `lost` finds out whether there is a batch.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
import openai
from openai.types import Batch as ProviderBatch

from dataset_builder.llm.calls.attempts import HINTS
from dataset_builder.llm.calls.endpoint import AZURE, AZURE_VARIABLES, connect_for_files
from dataset_builder.llm.calls.errors import CallError, ErrorAction, classify
from dataset_builder.llm.model import ModelError, variables
from dataset_builder.llm.secrets import redacted, secrets

T = TypeVar("T")

NAME, KEYS = (
    "medreason_batch",
    "medreason_keys",
)  # of the metadata: our id of the batch, and a digest of its requests' keys
NOT_FOUND = "404"
WINDOW = "24h"  # the only one that providers offer
ENDED = ("completed", "failed", "expired", "cancelled")
LIST = 100  # batches in a page
OLDER_S = 3600.0  # batches that were made so long before ours are not ours, whatever the clocks say
FILE_LOOKS, FILE_WAIT_S, MOST_FILE_WAIT_S = 10, 0.25, 10.0  # for a file that was uploaded
TORN = 5  # downloads of one file
TORN_WAIT_S = 1.0


class ProviderError(ModelError):
    """A call that failed for now. ``error``: what went wrong."""

    def __init__(self, error: CallError) -> None:
        super().__init__(error.detail)
        self.error = error


class Provider:
    """The files and batches of one endpoint. Every method raises ProviderError, or ModelError where no call can succeed."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._client = connect_for_files(endpoint)
        self._keys = tuple(secrets().values())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def url(self) -> str:
        """Where each request of a batch goes."""
        return "/chat/completions" if self.endpoint == AZURE else "/v1/chat/completions"

    def upload(self, file: Path) -> str:
        """Upload a file of requests; returns its id when it is there: a batch of a file that is not yet there would fail."""
        with file.open("rb") as lines:
            file_id = self._do(lambda: self._client.files.create(file=(file.name, lines), purpose="batch")).id
        for number in range(FILE_LOOKS):
            try:
                self._do(lambda: self._client.files.retrieve(file_id), found_later=True)
                return file_id
            except ProviderError as why:
                if why.error.kind != NOT_FOUND or number == FILE_LOOKS - 1:
                    raise
            time.sleep(min(2**number * FILE_WAIT_S, MOST_FILE_WAIT_S))
        raise AssertionError("the last look returns or raises")

    def create(self, file_id: str, metadata: dict[str, str]) -> ProviderBatch:
        """Create a batch of an uploaded file. It is asked for once: after a ProviderError there may be one."""
        batches, url = self._client.with_options(max_retries=0).batches, cast(Any, self.url)
        return self._do(
            lambda: batches.create(input_file_id=file_id, endpoint=url, completion_window=WINDOW, metadata=metadata),
            found_later=True,
        )

    def named(self, name: str, since: float) -> ProviderBatch | None:
        """The batch whose metadata have this name of ours; None where there is none. ``since``: when it was written down."""
        return self._do(lambda: next((b for b in self._all(since) if (b.metadata or {}).get(NAME) == name), None))

    def _all(self, since: float) -> Iterator[ProviderBatch]:
        for batch in self._client.batches.list(limit=LIST):  # the newest first
            if batch.created_at < since - OLDER_S:
                return
            yield batch

    def lost(self, name: str, since: float, file_id: str) -> ProviderBatch | None:
        """The batch of a `create` whose outcome is not known; None: there is none, and there will be none.

        Where it is not found, its file is deleted before it is looked for again: a `create` that is still on its way then fails.
        """
        if (found := self.named(name, since)) is None:
            self.forget(file_id)
            found = self.named(name, since)
        return found

    def state(self, batch_id: str) -> ProviderBatch:
        """The batch as it is now."""
        return self._do(lambda: self._client.batches.retrieve(batch_id), found_later=True)

    def cancel(self, batch_id: str) -> ProviderBatch:
        """Ask for the end of a batch. What is done by then is paid, and can be read."""
        return self._do(lambda: self._client.batches.cancel(batch_id))

    def forget(self, file_id: str) -> None:
        """Delete a file, if it is there."""
        try:
            self._do(lambda: self._client.files.delete(file_id), found_later=True)
        except ProviderError as why:
            if why.error.kind != NOT_FOUND:
                raise

    def download(self, file_id: str, place: Path) -> None:
        """Write the content of a file to ``place``; a download that breaks off begins anew."""
        for number in range(1, TORN + 1):
            try:
                return self._do(lambda: self._stream(file_id, place), found_later=True)
            except httpx.HTTPError as why:
                if number == TORN:
                    detail = f"its download broke off {TORN} times ({type(why).__name__})"
                    raise ProviderError(CallError("torn download", ErrorAction.TRY_AGAIN, detail)) from why
            time.sleep(TORN_WAIT_S * number)

    def _stream(self, file_id: str, place: Path) -> None:
        with self._client.files.with_streaming_response.content(file_id) as response:
            response.stream_to_file(place)

    def _do(self, call: Callable[[], T], *, found_later: bool = False) -> T:
        """``found_later``: what is not found may be a moment later, so that this ends no run."""
        try:
            return call()
        except openai.APIError as why:
            error = classify(why)
        detail = redacted(error.detail, self._keys)
        if error.action == ErrorAction.END_RUN and not (found_later and error.kind == NOT_FOUND):
            names = AZURE_VARIABLES[:2] if self.endpoint == AZURE else variables(self.endpoint)
            hint = HINTS.get(error.kind, "").format(url=names[0], key=names[1])
            raise ModelError(f"batches at endpoint {self.endpoint!r}: {detail}{f' ({hint})' if hint else ''}")
        raise ProviderError(CallError(error.kind, error.action, detail, error.retry_after, error.maybe_paid))
