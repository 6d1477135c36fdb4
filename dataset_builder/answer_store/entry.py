"""One entry of the answer store, and what all entries of a request say together."""

import hashlib
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

STATUSES = ("good", "bad", "failed", "final", "sent", "lost")


class StoreError(ValueError):
    """The file is no answer store, or it cannot be read; the message says what to do."""


class Entry(NamedTuple):
    """One row of the table.

    ``reason``, ``detail``: why an answer is bad or missing; ``usd``: None where no price is known.
    """

    key: bytes
    status: str
    reason: str | None
    detail: str | None
    response: str | None
    model: str
    stage: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    at: float | None = None  # None: now

    def storable(self) -> "Entry":
        """The entry without half characters, and without numbers that SQLite cannot hold."""
        whole = {
            name: value.encode("utf-8", "replace").decode("utf-8")
            for name, value in self._asdict().items()
            if isinstance(value, str)
        }
        counts = {name: None for name in ("prompt_tokens", "completion_tokens") if (getattr(self, name) or 0) >= 2**63}
        return self._replace(**whole, **counts)

    @property
    def checksum(self) -> bytes:
        """8 bytes over the fields that must be intact."""
        text = f"{self.status}\0{self.reason}\0{self.detail}\0{self.response}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=self.key).digest()


@dataclass(frozen=True)
class KnownRequest:
    """What the store knows about one request: the entry that counts, the number of bad ones, and the cost of all.

    ``priced``: the price of every paid one is known. ``lost_usd``: the possible cost of calls without an answer. ``costs``: when each entry
    was written, and what it has cost or may have cost.
    """

    entry: Entry | None
    bad: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    priced: bool
    lost_usd: float
    costs: tuple[tuple[float, float], ...] = ()

    def usd_before(self, at: float) -> float:
        """What was spent on it before this time, with what may have been."""
        return sum(usd for written, usd in self.costs if written < at)


COLUMNS = f"{', '.join(Entry._fields)}, checksum"
MAX_KEY = 64  # bytes that a checksum can be keyed with
_TEXT, _COUNT, _NUMBER = (str, type(None)), (int, type(None)), (int, float, type(None))
_KINDS = (bytes, str, _TEXT, _TEXT, _TEXT, str, str, _COUNT, _COUNT, _NUMBER, _NUMBER, _NUMBER)

NOTHING = KnownRequest(None, 0, 0, 0, 0.0, True, 0.0)  # what is known of a request that was never made


def whole(row: Sequence[Any]) -> Entry | None:
    """The entry of a row, or None with a warning where it differs from what was written."""
    entry = read_entry(row)
    if entry is None:
        warnings.warn(
            f"an entry of the answer store is torn or corrupt ({row[Entry._fields.index('stage')]}); it counts as missing",
            stacklevel=3,
        )
    return entry


def read_entry(row: Sequence[Any]) -> Entry | None:
    """The entry of the values of COLUMNS, or None where it differs from what was written."""
    entry = Entry(*row[:-1])
    if not all(isinstance(value, kinds) for value, kinds in zip(entry, _KINDS, strict=True)):
        return None
    return entry if len(entry.key) <= MAX_KEY and entry.checksum == row[-1] else None


def _cost(usd: float | None) -> float | None:
    """A cost that can be one: an imported file may say minus a million, which would lift the cap. Anything else is not known."""
    return usd if usd is not None and math.isfinite(usd) and usd >= 0 else None


def cost_of(entry: Entry) -> float:
    """What an entry has cost its build, or may have cost; a call that has not ended counts where it is under way."""
    return 0.0 if entry.status == "sent" else _cost(entry.usd) or 0.0


def _tokens(number: int | None) -> int:
    return max(0, number or 0)


def known_request(entries: Sequence[Entry]) -> KnownRequest:
    """The entry that counts is the last good one; without one, the last that gives the reason."""
    if len(entries) == 1 and entries[0].status == "good":  # nearly always
        e = entries[0]
        usd = _cost(e.usd)
        return KnownRequest(
            e,
            0,
            _tokens(e.prompt_tokens),
            _tokens(e.completion_tokens),
            usd or 0.0,
            usd is not None,
            0.0,
            ((e.at or 0.0, usd or 0.0),),
        )
    good = [entry for entry in entries if entry.status == "good"]
    failed = [entry for entry in entries if entry.status in ("failed", "final")]
    bad = [entry for entry in entries if entry.status == "bad"]
    paid = good + bad
    return KnownRequest(
        entry=(good or failed or [None])[-1],
        bad=len(bad),
        prompt_tokens=sum(_tokens(e.prompt_tokens) for e in paid),
        completion_tokens=sum(_tokens(e.completion_tokens) for e in paid),
        usd=sum(_cost(e.usd) or 0.0 for e in paid),
        priced=all(_cost(e.usd) is not None for e in paid),
        lost_usd=sum(_cost(e.usd) or 0.0 for e in entries if e.status in ("sent", "lost")),
        costs=tuple((e.at or 0.0, _cost(e.usd) or 0.0) for e in entries),
    )
