"""A file of requests: a line of JSON each, for one model, within a provider's limits."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_builder.answer_store.file import PRIVATE

REQUESTS, BYTES = 50_000, 200_000_000  # of one file, at OpenAI and Azure


def line_of(key: bytes, url: str, body: Mapping[str, Any]) -> bytes:
    """The line of a request: its key in hex is its `custom_id`."""
    line = {"custom_id": key.hex(), "method": "POST", "url": url, "body": body}
    return json.dumps(line).encode() + b"\n"


@dataclass
class RequestFile:
    """The requests of one batch while they are collected. Nobody else may read the file: prompts can be what was paid for."""

    path: Path
    requests: int = 0
    size: int = 0  # bytes
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16), repr=False)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lines = open(self.path, "wb", opener=_private)  # noqa: SIM115  open until it is whole

    def has_room(self, lines: int, size: int, most: int = REQUESTS) -> bool:
        """Whether so many lines of so many bytes fit in too. One line alone always does, since a provider says best why it is too long."""
        total = self.requests + lines
        return total <= 1 or (total <= most and self.size + size <= BYTES)

    def add(self, key: bytes, line: bytes) -> None:
        """Write a line."""
        self._lines.write(line)
        self.digest.update(key)
        self.requests, self.size = self.requests + 1, self.size + len(line)

    def close(self) -> None:
        """The file is whole."""
        self._lines.close()

    def delete(self) -> None:
        """It is no longer needed."""
        self._lines.close()
        self.path.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)
