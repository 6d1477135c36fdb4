"""sha256 of rows, in the order of their digests: 32 bytes are kept of each row, not the row."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from dataset_builder.publishing.layout import SPLITS

SIZE = hashlib.sha256().digest_size


class RowDigests:
    """The digests of rows that came in any order; equal ones count as often as they came."""

    def __init__(self, rows: Iterable[Any] = ()) -> None:
        self._found = bytearray()
        for row in rows:
            self.add(row)

    def __len__(self) -> int:
        return len(self._found) // SIZE

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowDigests) and self.sorted() == other.sorted()

    def add(self, row: Any) -> None:
        """Take in one row, or any other value that JSON has."""
        self._found += hashlib.sha256(canonical(row)).digest()

    def sorted(self) -> bytes:
        """All digests in the order of their bytes, one after the other."""
        found = np.frombuffer(
            self._found, f"S{SIZE}"
        )  # equal lengths, so that numpy's blindness to zeros at the end is no matter
        return np.sort(found).tobytes()


def hash_of(
    splits: Mapping[str, RowDigests],
    columns: Mapping[str, str],
    inputs: Mapping[str, Any],
    configs: Mapping[str, tuple[Mapping[str, str], RowDigests]],
) -> str:
    """The content hash (`folder.content_hash`). A split that is missing counts as an empty one."""
    digest = hashlib.sha256(canonical([columns, inputs]))
    for split in SPLITS:
        digest.update(split.encode())
        digest.update(splits[split].sorted() if split in splits else b"")
    for name, (types, rows) in sorted(configs.items()):
        digest.update(canonical(types))
        digest.update(name.encode())
        digest.update(rows.sorted())
    return digest.hexdigest()


def config_hash_of(columns: Mapping[str, str], rows: RowDigests) -> str:
    """sha256 over the columns and rows of a single config."""
    return hashlib.sha256(canonical(columns) + rows.sorted()).hexdigest()


def canonical(value: Any) -> bytes:
    """One text for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
