"""Runs a border on mutated contents, in one process: what raised, what was slow, how much memory it took."""

import hashlib
import resource
import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky

from tests.fuzz.border import CORPUS, Border
from tests.fuzz.mutations import mutated

ROOT = Path(__file__).parents[2]
SLOW_S, MEMORY_MB = 5.0, 1_000
MAX_TRIES = 100  # runs of Hypothesis for one number of contents: some borders have few different ones


class TooSlow(BaseException):
    """Reading took longer than `SLOW_S`. No Exception: a reader that catches those must not take it for bad input."""


class Finding(Exception):
    """Where something was raised that is no message for the user, and the content."""


@dataclass
class Tally:
    """What happened at a border: how many different contents were read or refused, what was found (once each), time, memory."""

    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    findings: dict[str, bytes] = field(default_factory=dict)  # where it was raised: the shortest content found
    again: Counter[str] = field(default_factory=Counter)  # how often each was met
    once: int = 0  # findings that did not come again
    slowest_s: float = 0.0
    memory_mb: float = 0.0
    seen: set[bytes] = field(default_factory=set)  # digests: Hypothesis draws the same content in several ways

    @property
    def number(self) -> int:
        """All contents that were tried."""
        return self.read + self.refused.total() + self.again.total()

    def add(self, other: "Tally") -> None:
        """Take what another process found."""
        self.read += other.read
        self.once += other.once
        self.refused += other.refused
        self.again += other.again
        for where, data in other.findings.items():
            self.findings[where] = min(self.findings.get(where, data), data, key=len)
        self.slowest_s, self.memory_mb = (
            max(self.slowest_s, other.slowest_s),
            max(self.memory_mb, other.memory_mb),
        )


def run(border: Border, number: int, start: int, folder: Path) -> Tally:
    """Try so many mutated contents, drawn with this seed. What was found is shrunk, once for each place in the code."""
    tally, tries = Tally(), 0
    while (left := number - tally.number) > 0 and tries < MAX_TRIES:

        @seed(start + tries)
        @settings(
            max_examples=left,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
                HealthCheck.filter_too_much,
                HealthCheck.large_base_example,
            ],
        )
        @given(mutated(border))
        def batch(data: bytes) -> None:
            attempt(border, data, folder, tally)

        tries += 1
        try:
            batch()
        except Finding as why:  # Hypothesis raises that of the shortest content
            tally.findings.setdefault(*why.args)
        except Flaky:  # it came once and not again: mostly one of time
            tally.once += 1
    tally.memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return tally


def attempt(border: Border, data: bytes, folder: Path, tally: Tally) -> None:
    """Read one content. Raises Finding where something else than a refusal came, which was not found before."""
    digest = hashlib.blake2b(data, digest_size=8).digest()
    if digest in tally.seen:
        return
    begun, refused = time.perf_counter(), ""
    try:
        with time_limit(SLOW_S):
            try:
                border.read(data, folder)
            except border.refusals as why:
                refused = type(why).__name__
                str(why).encode()  # it must be a message that can be printed
    except (Exception, TooSlow) as why:
        where = fingerprint(why)
        tally.again[where] += 1
        if where not in tally.findings:
            raise Finding(where, data) from why
    else:
        tally.seen.add(digest)
        tally.read += not refused
        tally.refused.update([refused] if refused else [])
    finally:
        tally.slowest_s = max(tally.slowest_s, time.perf_counter() - begun)


def fingerprint(why: BaseException) -> str:
    """The exception's type, and the innermost place in this project (for `TooSlow`, which comes at any moment, the file)."""
    frames = [f for f in traceback.extract_tb(why.__traceback__) if Path(f.filename).is_relative_to(ROOT)]
    frames = [f for f in frames if "/tests/" not in f.filename and "/.venv/" not in f.filename] or frames[-1:]
    if not frames:
        return type(why).__name__
    file = Path(frames[-1].filename).relative_to(ROOT).as_posix()
    return f"{type(why).__name__} in {file}" + ("" if isinstance(why, TooSlow) else f":{frames[-1].lineno}")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooSlow after so many seconds, in Python code of the main thread."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(
        signal.ITIMER_REAL, seconds, seconds
    )  # again: one may be raised where it is ignored, in a callback
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def keep(border: str, where: str, data: bytes) -> Path:
    """Write a finding into the corpus; the tests read it from then on."""
    kind = where.partition(" ")[0]
    path = CORPUS / border / f"{kind}-{hashlib.sha256(data).hexdigest()[:8]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
