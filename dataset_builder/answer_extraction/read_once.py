"""Read each text once: remember what was read of it, under a digest.

A rationale is read when it arrives, when its stage is replayed from the store, and in later stages. Texts are not kept, so that they can be
freed: of a text there are only 16 bytes here, and what was read.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
MOST = (
    2**18
)  # texts: about 40 MB. In a build with more of them (29,000 questions with nine samples), some are read again


class ReadOnce(Generic[T]):
    """What a pure function read of the last texts: of half of ``most`` at least, of ``most`` at most. Safe for several threads."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._new: dict[bytes, T] = {}
        self._old: dict[bytes, T] = {}
        self._values: dict[T, T] = {}  # equal results are one object

    def of(self, texts: Iterable[str], read: Callable[[], T]) -> T:
        """The result for these texts, which must be all that ``read`` depends on."""
        key = _digest(texts)
        new, old = self._new, self._old
        if key in new:
            return new[key]
        value = old[key] if key in old else read()
        if len(new) >= self.most // 2:
            self._old, self._new, self._values = new, {}, {}
        self._new[key] = value = self._values.setdefault(value, value)
        return value


def _digest(texts: Iterable[str]) -> bytes:
    """16 bytes over the texts and where each of them ends."""
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()
