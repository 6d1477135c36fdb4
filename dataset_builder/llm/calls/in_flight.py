"""How many calls one server works on at once: found by measuring, since it rarely says it.

Many calls at once fill a large server; at a small one, all but a few wait in a queue and none is answered in time. So few are sent at
first, and four times as many as long as more is answered in the same time. By Little's law the answers in a second are the calls in
flight divided by the seconds of a call, so each call measures it. Where four times as many calls gave hardly more, the smaller number
stays, and twice as many are tried from time to time.
"""

import time

START = 32  # calls in flight at first: with fewer, a fast endpoint would wait for this and not for the start of the rate limiter
# how many times as many are tried: while it is not known how many are too many; later, from time to time
TIMES, TRY_TIMES = 4, 2
# a larger number stays if this many times as much is answered: of TIMES as many, of TRY_TIMES
MORE, TRY_MORE = 1.25, 1.1
FULL_USE = 0.75  # a call counts if at least this share of the allowed number was in flight
ENOUGH = 4  # measured calls at a number; and a quarter of that number
TRY_EVERY, TRY_CALLS = 5.0, 10  # seconds, and times the usual time of a call, until a larger number is tried again


class ConcurrencyController:
    """The number of calls that may be in flight, as a pure function of answers and times. ``most``: it is never larger."""

    def __init__(self, most: int, start: int = START) -> None:
        self.most, self.limit = most, min(start, most)
        # the number that is known to be of use, and the answers per second at it
        self.best: tuple[int, float] | None = None
        self.full = False
        self.tried_at = self.halved_at = 0.0
        self._begin()

    def _begin(self) -> None:
        # the first answer to a call at this limit; until then, calls are sent in a burst
        self.settled_at: float | None = None
        self.calls, self.in_flight, self.seconds = 0, 0.0, 0.0

    def answered(self, limit: int, in_flight: int, sent_at: float, now: float) -> None:
        """Record an answer. ``limit``, ``in_flight``: the limit, and the calls in flight, when its call was sent."""
        if limit != self.limit or in_flight < FULL_USE * self.limit:
            return
        self.settled_at = now if self.settled_at is None else self.settled_at
        if sent_at < self.settled_at:
            return
        self.calls, self.seconds = self.calls + 1, self.seconds + now - sent_at
        self.in_flight += in_flight
        if self.calls >= max(ENOUGH, self.limit // 4):
            self._judge(now)

    def _judge(self, now: float) -> None:
        rate, usual = self.in_flight / max(self.seconds, 1e-9), self.seconds / self.calls
        more = TRY_MORE if self.full else MORE
        if self.best is None or (self.limit > self.best[0] and rate >= more * self.best[1]):
            self.best = self.limit, rate
            self._set(self.limit * (TRY_TIMES if self.full else TIMES))
        elif self.limit > self.best[0]:
            self.full, self.tried_at = True, now
            self._set(self.best[0])
        else:  # measured again: the server may have become faster or slower
            self.best = self.limit, rate
            if now - self.tried_at > max(TRY_EVERY, TRY_CALLS * usual):
                self._set(self.limit * TRY_TIMES)
            else:
                self._begin()

    def timed_out(self, sent_at: float, now: float) -> None:
        """Record that a call was given up after the time-out: half as many from now on. Calls sent before the last cut say the same."""
        if sent_at >= self.halved_at:
            self.full, self.tried_at, self.halved_at, self.best = True, now, now, None
            self._set(max(1, self.limit // 2))

    def _set(self, limit: int) -> None:
        self.limit = min(limit, self.most)
        self._begin()


class InFlight:
    """The calls in flight at one server, and whether there is room for another. Who waits for room waits in `servers.Servers`."""

    def __init__(self, most: int) -> None:
        self.controller = ConcurrencyController(most)
        self.taken = self.sent = 0  # calls that were let pass; those of them that were sent
        self.answers, self.tokens, self.began = 0, 0, 0.0

    @property
    def has_room(self) -> bool:
        """Whether another call may pass."""
        return self.taken < self.controller.limit

    @property
    def load(self) -> float:
        """The share of the calls that may pass and have."""
        return self.taken / self.controller.limit

    def begin(self) -> tuple[int, int]:
        """Record that a call is sent now. Returns the limit and the calls in flight."""
        self.began = self.began or time.monotonic()
        self.sent += 1
        return self.controller.limit, self.sent

    def end(self) -> None:
        """Record that a call has ended, however it ended."""
        self.sent -= 1

    def answered(self, begun: tuple[int, int], tokens: int, sent_at: float) -> None:
        """Record the answer to a call. ``begun``: what `begin` returned."""
        self.answers, self.tokens = self.answers + 1, self.tokens + tokens
        self.controller.answered(*begun, sent_at, time.monotonic())

    def timed_out(self, sent_at: float) -> None:
        """Record that a call had no answer within the time-out."""
        self.controller.timed_out(sent_at, time.monotonic())

    def seen(self) -> str:
        """What was seen of the endpoint, in words."""
        per_second = self.tokens / max(time.monotonic() - self.began, 1e-9)
        answers = f"{self.answers:,} answers, {per_second:,.0f} tokens/s" if self.answers else "no answer yet"
        return f"{answers}, {self.sent} calls in flight"
