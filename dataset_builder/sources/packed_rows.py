"""Many rows in little memory: a list of dicts takes 4 kB a question, this a tenth."""

import pickle
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, overload

BLOCK = 32  # rows that are packed, and unpacked, together


class PackedRows(Sequence[Any]):
    """Rows in compressed blocks. Every access makes new objects: what is changed in a row that was read changes nothing here."""

    def __init__(self, rows: Iterable[Any] = ()) -> None:
        self._blocks: list[bytes] = []
        self._open: list[Any] = []
        self._unpacked = lru_cache(maxsize=4)(lambda number: _unpack(self._blocks[number]))
        for row in rows:
            self.append(row)

    def append(self, row: Any) -> None:
        """Add a row, as it is when its block becomes full."""
        self._open.append(row)
        if len(self._open) == BLOCK:
            self._blocks.append(zlib.compress(pickle.dumps(self._open, pickle.HIGHEST_PROTOCOL), 1))
            self._open = []

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + len(self._open)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    def __iter__(self) -> Iterator[Any]:
        for block in self._blocks:
            yield from _unpack(block)
        yield from self._open

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        number, place = divmod(range(len(self))[at], BLOCK)  # raises IndexError; of a negative one, the place
        return self._unpacked(number)[place] if number < len(self._blocks) else self._open[place]


def _unpack(block: bytes) -> list[Any]:
    return pickle.loads(zlib.decompress(block))
