"""Many rows in little memory: a list of dicts takes 4 kB a question, this a tenth."""

import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

BLOCK = 32  # rows that are packed, and unpacked, together
IN_MEMORY = 1_000_000  # bytes; what is larger lies in a file of its own, which no folder lists


class PackedRows(Sequence[Any]):
    """Rows in compressed blocks. Every access makes new objects: what is changed in a row that was read changes nothing here."""

    def __init__(self, rows: Iterable[Any] = ()) -> None:
        from datasets import config  # takes a second to import, and nothing that is only shown has rows
        from pyarrow import Codec

        folder = Path(config.HF_DATASETS_CACHE)  # on a disk; /tmp may be memory
        folder.mkdir(parents=True, exist_ok=True)
        self._blocks = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115  for as long as the rows
        weakref.finalize(self, self._blocks.close)
        self._codec = Codec("zstd")  # blocks as small as zlib's in a third of its time
        self._starts, self._sizes = array("q", [0]), array("q")  # of blocks; packed and unpacked
        self._open: list[Any] = []
        self._unpacked = lru_cache(maxsize=4)(self._unpack)
        for row in rows:
            self.append(row)

    def append(self, row: Any) -> None:
        """Add a row, as it is when its block becomes full."""
        self._open.append(row)
        if len(self._open) == BLOCK:
            data = pickle.dumps(self._open, pickle.HIGHEST_PROTOCOL)
            block = self._codec.compress(data, asbytes=True)
            self._blocks.seek(self._starts[-1])
            self._blocks.write(block)
            self._starts.append(self._starts[-1] + len(block))
            self._sizes.append(len(data))
            self._open = []

    def __len__(self) -> int:
        return self._full * BLOCK + len(self._open)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    def __iter__(self) -> Iterator[Any]:
        number = 0
        while number < self._full:
            yield from self._unpack(number)
            number += 1
        yield from self._open

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        number, place = divmod(range(len(self))[at], BLOCK)  # raises IndexError; of a negative one, the place
        return self._unpacked(number)[place] if number < self._full else self._open[place]

    @property
    def _full(self) -> int:
        """Blocks that are packed."""
        return len(self._starts) - 1

    def _unpack(self, number: int) -> list[Any]:
        begin, end = self._starts[number : number + 2]
        self._blocks.seek(begin)
        return pickle.loads(self._codec.decompress(self._blocks.read(end - begin), self._sizes[number]))
