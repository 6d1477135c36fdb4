"""The lines of a batch: is each of the input one that can be answered, what answers it, and what comes into the two result files.

All of it runs in the loop of the server and yields after a few lines, so that chats go on. A line is in memory while it is written.
"""

from __future__ import annotations

import json
import random
from collections.abc import Generator, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from tests.support.llm_server.settings import request_hash

if TYPE_CHECKING:
    from tests.support.llm_server.settings import Settings
    from tests.support.llm_server.state import State

STEP = 32  # lines between two looks at the other connections
MOST_ERRORS = 100  # of a validation
FIELDS = {"custom_id": str, "method": str, "url": str, "body": dict}
SAID = {
    "batch_expired": "This request could not be executed before the completion window expired.",
    "batch_cancelled": "This request was not executed: the batch was cancelled before.",
}
START = b'{"id": "batch_req_'
ANSWERED = b'", "response": {"status_code": 200, '  # no quotes like these can be within a custom_id or a body

Life = Generator[float, None, None]  # of a batch: yields the seconds to wait until its next step
Paid = tuple[str, int, int]  # key, prompt tokens, completion tokens


def error(code: str, message: str, line: int | None = None, param: str | None = None) -> dict[str, Any]:
    """One of `errors.data` of a batch."""
    return {"code": code, "message": message, "line": line, "param": param}


def no_file(file_id: str) -> dict[str, Any]:
    """The error of a batch without its input."""
    said = f"Cannot find file {file_id}, or organization org-scripted does not have access to it."
    return error("invalid_request", said, None, "file_id")


def online_bytes(body: dict[str, Any]) -> bytes:
    """The bytes as which the client would send this body by itself: the same body has one key, online and in a batch."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


class Checked:
    """What the validation of an input file has found so far."""

    def __init__(self, endpoint: str, most: int) -> None:
        self.endpoint, self.most = endpoint, most
        self.errors: list[dict[str, Any]] = []
        self.lines = self.tokens = 0
        self.model, self.ids = "", set[str]()

    def read(self, file: Iterable[bytes]) -> Life:
        """Check all lines."""
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            self.lines += 1
            if self.lines > self.most:
                said = f"the file has more than the {self.most:,} requests that a batch may have"
                self.errors = [error("too_many_tasks", said)]
                return
            if len(self.errors) < MOST_ERRORS:
                self.check(number, line)
            if number % STEP == 0:
                yield 0.0
        if not self.lines:
            self.errors = [error("empty_file", "the file has no requests")]

    def check(self, number: int, line: bytes) -> None:
        """Check one line; of its errors the first counts."""
        try:
            given = json.loads(line)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            self.errors.append(error("invalid_json_line", "This line is not parseable as valid JSON.", number))
        elif missing := _missing(given):
            said = f"Missing required parameter: '{missing}'."
            self.errors.append(error("missing_required_parameter", said, number, missing))
        elif given["custom_id"] in self.ids:
            said = f"the custom_id {given['custom_id']!r} is that of an earlier line; each line needs its own"
            self.errors.append(error("duplicate_custom_id", said, number, "custom_id"))
        elif given["url"] != self.endpoint or given["method"] != "POST":
            said = f"{given['method']} {given['url']} is not what the batch was made for: POST {self.endpoint}"
            self.errors.append(error("url_mismatch", said, number, "url"))
        elif (model := given["body"]["model"]) != (self.model or model):
            said = f"the model is {model!r}, and that of the first line {self.model!r}: a batch has one model"
            self.errors.append(error("model_mismatch", said, number, "body.model"))
        else:
            self.model = model
            self.ids.add(given["custom_id"])
            self.tokens += len(online_bytes(given["body"])) // 4


def _missing(given: dict[str, Any]) -> str:
    """The first field of a line that is not there, or of the wrong type; empty: none."""
    wrong = [name for name, kind in FIELDS.items() if not given.get(name) or not isinstance(given[name], kind)]
    return wrong[0] if wrong else "" if isinstance(given["body"].get("model"), str) else "body.model"


def answer_line(state: State, number: int, index: int, line: bytes) -> tuple[bytes, Paid | None]:
    """What answers a request of batch ``number``: a line of its results, and what is paid for it."""
    given, settings = json.loads(line), state.settings
    body = online_bytes(given["body"])
    key, tokens = request_hash(body), len(body) // 4
    draw = 0 if settings.permanent and settings.uniform("permanent", key) < settings.permanent else number
    drawn, paid = settings.uniform("batch_request", key, draw), None
    if drawn < settings.batch_request_400:
        status, said = (
            400,
            _refused("The scripted server refuses this request.", "invalid_request_error", "invalid_value"),
        )
    elif drawn < settings.batch_request_400 + settings.batch_request_500:
        status, said = 500, _refused("The server had an error", "server_error", None)
    elif unfit := state.unfit(tokens, body):
        status, said = unfit[0], _refused(unfit[1], "invalid_request_error", unfit[2])
    else:
        outcome = settings.draw(key, number)
        outcome = (
            outcome if outcome in ("empty", "badjson", "length") else "good"
        )  # the other faults are those of a call
        status, said = 200, state.completion(outcome, key, tokens, given["body"])
        paid = (key, tokens, said["usage"]["completion_tokens"])
    response = {"status_code": status, "request_id": f"req_{key}", "body": said}
    return _line(f"{key}_{index}", given["custom_id"], response, None), paid


def _refused(message: str, kind: str, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _line(of: str, custom_id: str, response: dict[str, Any] | None, why: dict[str, Any] | None) -> bytes:
    line = {"id": f"batch_req_{of}", "custom_id": custom_id, "response": response, "error": why}
    return json.dumps(line).encode() + b"\n"


def unexecuted(index: int, line: bytes, code: str) -> bytes:
    """The line of a request that was never answered."""
    body = json.loads(line)
    key = request_hash(online_bytes(body["body"]))
    return _line(f"{key}_{index}", body["custom_id"], None, {"code": code, "message": SAID[code]})


class Work:
    """The answers of a batch in the order of its requests, in a file that only grows: also the record of what was paid."""

    def __init__(self, path: Path) -> None:
        self.paid: list[Paid] = []
        self.lines = 0
        with path.open("a+b") as file:
            file.seek(0)
            whole = 0
            for line in file:
                if not line.endswith(b"\n"):  # the server was killed while it wrote
                    break
                whole += len(line)
                self.lines += 1
                if ANSWERED in line:
                    key = line[len(START) :].split(b"_", 1)[0].decode()
                    self.paid.append((key, _tokens(line, b"prompt"), _tokens(line, b"completion")))
            file.truncate(whole)


def _tokens(line: bytes, kind: bytes) -> int:
    return int(line.rpartition(b'"' + kind + b'_tokens": ')[2].split(b",", 1)[0])


class Usage:
    """The tokens of a batch."""

    def __init__(self, paid: Iterable[Paid]) -> None:
        self.prompt = self.completion = 0
        for one in paid:
            self.add(one)

    def add(self, paid: Paid) -> None:
        """Count an answer."""
        self.prompt, self.completion = self.prompt + paid[1], self.completion + paid[2]

    def said(self) -> dict[str, Any]:
        """As a batch says it."""
        return {
            "input_tokens": self.prompt,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self.completion,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.prompt + self.completion,
        }


class Results(NamedTuple):
    """The two result files of a batch that are being written."""

    output: BinaryIO
    errors: BinaryIO

    def write(self, work: BinaryIO, rest: Iterable[bytes], settings: Settings, number: int) -> Life:
        """Write the answered lines, some of them twice or not at all as the settings say, and then the rest as errors."""
        places, at = list[int](), 0
        missing, double = settings.batch_missing, settings.batch_double
        for index, line in enumerate(work):
            times = 2 if double and settings.uniform("batch_double", number, index) < double else 1
            if missing and settings.uniform("batch_missing", number, index) < missing:
                times = 0
            places += [at] * times
            at += len(line)
        if settings.uniform("batch_shuffle", number) < settings.batch_shuffle:
            random.Random(f"{settings.seed}|{number}").shuffle(places)
        for i, place in enumerate(places):
            work.seek(place)
            line = work.readline()
            (self.output if ANSWERED in line else self.errors).write(line)
            if i % STEP == 0:
                yield 0.0
        rest = iter(rest)
        while lines := list(islice(rest, STEP)):
            self.errors.writelines(lines)
            yield 0.0
