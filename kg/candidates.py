"""The nodes that a mention may stand for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload


@dataclass(frozen=True)
class Candidate:
    """A node that a mention may stand for, by which method, and whether that is accepted without a further choice."""

    node: int
    name: str
    type: str
    score: float
    method: str
    accepted: bool


class Candidates(Sequence[Candidate]):
    """Candidates that begin with a link by lookup; similar names are searched only when a later candidate is read.

    Lookup links tens of thousands of mentions per second, the search ranks a thousand, and often only the link is needed.
    """

    def __init__(self, linked: list[Candidate], fill: Callable[[], list[Candidate]]) -> None:
        self._linked, self._fill = linked, fill

    @cached_property
    def _all(self) -> list[Candidate]:
        return self._fill()

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> list[Candidate]: ...
    def __getitem__(self, index: int | slice) -> Candidate | list[Candidate]:
        if isinstance(index, int) and 0 <= index < len(self._linked):
            return self._linked[index]
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return self._all == (list(other) if isinstance(other, Sequence) else other)

    def __repr__(self) -> str:
        return repr(self._all)
