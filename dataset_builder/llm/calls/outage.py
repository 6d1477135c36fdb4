"""When a server is left out because it fails, and when it is tried again.

A refused connection is enough: the call was not sent, so it says nothing of the request. Other failures (cut off, 5xx, no whole answer in
time, a page that is no answer) may be the fault of one request, so it takes several in a row. Where one call in five fails by chance, five in
a row come once in 3,000 calls; a server that is gone gives them in one round trip, since it had more calls in flight than that.
"""

from dataset_builder.llm.calls.errors import UNSENT

IN_A_ROW = 5  # failures of other kinds, without an answer between them
FIRST_S, LONGEST_S = 5.0, 60.0  # until a server that is out is tried again: at first, at most; each time twice as long


class Outage:
    """Whether a server is out, as a pure function of outcomes and times in seconds."""

    __slots__ = ("delay", "failures", "out", "retry_at")

    def __init__(self) -> None:
        self.failures, self.out = 0, False
        self.delay, self.retry_at = FIRST_S, 0.0

    def answered(self) -> bool:
        """Record that the server has answered, be it with a refusal. Returns whether it was out."""
        was_out, self.failures, self.out = self.out, 0, False
        return was_out

    def failed(self, now: float, kind: str) -> bool:
        """Record a failed call. Returns whether the server is out from now on, and was not before."""
        self.failures += 1
        if self.out:
            if now >= self.retry_at:  # the call that tried it; those in flight when it went out say nothing new
                self.delay = min(2 * self.delay, LONGEST_S)
                self.retry_at = now + self.delay
            return False
        self.out = kind == UNSENT or self.failures >= IN_A_ROW
        if self.out:
            self.delay, self.retry_at = FIRST_S, now + FIRST_S
        return self.out
