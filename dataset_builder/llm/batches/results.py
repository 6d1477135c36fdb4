"""Read the output and error files of a batch, line by line, into entries of the answer store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dataset_builder.answer_store.batches import Unanswered
from dataset_builder.answer_store.entry import Entry
from dataset_builder.llm.calls.errors import FILTER, CallError, ErrorAction, classify_status, error_under_200
from dataset_builder.llm.completion import Completion, NoCompletion, clean, completion_in, read_completion
from dataset_builder.llm.prices import Price
from dataset_builder.llm.secrets import redacted, secrets

REFUSED = "refused"  # why there is no answer: an error that the same request would meet again in this build


class Result(NamedTuple):
    """What a batch says of one request: an entry of an answer, good or bad, or why there is none."""

    entry: Entry | None
    unanswered: Unanswered | None


class ResultReader:
    """Reads the lines of the files of one batch. ``price``: for batches; None where it is not known."""

    def __init__(self, model: str, stage: str, price: Price | None) -> None:
        self.model, self.stage, self.price = model, stage, price
        self.unread = 0  # lines that are no result
        self.no_tokens = 0  # answers without their number of tokens
        self._keys = tuple(secrets().values())

    def read(self, file: Path, most: dict[bytes, float]) -> Iterator[Result]:
        """The results in a file, in its order. ``most``: of each request of the batch, the most that an answer can cost."""
        with file.open("rb") as lines:
            for line in lines:
                if line.strip() and (found := self._result(line, most)) is not None:
                    yield found

    def _result(self, line: bytes, most: dict[bytes, float]) -> Result | None:
        """None where the line is no result, or that of a request which the batch does not have, or no longer."""
        try:
            read: Any = json.loads(line)
            key = bytes.fromhex(read["custom_id"])
            response, error = read.get("response") or {}, read.get("error")
            status, body = response.get("status_code"), response.get("body")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.unread += 1
            return None
        if key not in most:
            return None
        if error or status is None:
            error = error if isinstance(error, dict) else {"message": error}
            code, said = str(error.get("code") or "error"), str(error.get("message") or "no response")
            return Result(None, Unanswered(key, code, redacted(f"{code}: {said}"[:300], self._keys)))
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        text = redacted(clean(text), self._keys)
        if status != 200:
            return self._refused(key, _status_error(status, body))
        completion = read_completion(text) if isinstance(body, str) else completion_in(body)
        if isinstance(completion, NoCompletion):
            if completion.error is not None:
                return self._refused(key, error_under_200(completion.error))
            completion = Completion("", f"no completion: {completion.why}", False, False, None, None)
        return Result(self._entry(key, completion, text, most[key]), None)

    def _refused(self, key: bytes, error: CallError) -> Result:
        """Any error leaves the request open, and its reason says whether another batch may answer it; but a filter would refuse it again."""
        detail = redacted(error.detail, self._keys)
        if error.kind == FILTER:
            return Result(Entry(key, "final", "llm_failed", detail, None, self.model, self.stage), None)
        reason = REFUSED if error.action == ErrorAction.GIVE_UP else error.kind
        return Result(None, Unanswered(key, reason, detail))

    def _entry(self, key: bytes, read: Completion, text: str, most: float) -> Entry:
        known = read.prompt_tokens is not None and read.completion_tokens is not None
        usd = None if self.price is None else most
        if self.price and known:
            usd = self.price.usd(read.prompt_tokens or 0, read.completion_tokens or 0)
        self.no_tokens += not known
        return Entry(
            key, "good" if read.bad is None else "bad", read.reason, read.bad and redacted(read.bad, self._keys), text, self.model, self.stage,
            read.prompt_tokens, read.completion_tokens, usd,
        )  # fmt: skip


def _status_error(status: Any, body: Any) -> CallError:
    error = body.get("error", body) if isinstance(body, dict) else {}
    error = error if isinstance(error, dict) else {"message": error}
    said, code = str(error.get("message") or body or ""), str(error.get("code") or error.get("type") or "")
    number = status if isinstance(status, int) and 300 <= status < 600 else 500
    return classify_status(number, said, code, {})
