"""How fast to send to an endpoint whose limit may be known, unknown or moving, and which answers 429 above it.

Sends are paced, never in bursts. Slow start doubles the rate every half second. A *cut* is made when, among what was sent in
the last second, more was refused than chance explains: the rate becomes 0.97 of what the server accepted in that time, which
is measured and not guessed. Then it grows 0.4 % a second, and faster the longer nothing was refused, so that a limit that
rose is found again. A known limit is only a ceiling. Rising latency without any 429 (a full server) stops the growth.
"""

import asyncio
import time
from collections import deque

WINDOW = 1.0  # seconds over which refusals are counted
AT_LEAST = 0.2  # of the window, before anything is concluded from it
CUT, GROW, FASTEST = 0.97, 0.004, 0.15  # of the accepted rate; a second; a second after long quiet
QUIET_DOUBLES = 3.0  # seconds without a cut in which the growth doubles
DOUBLE_S = 0.5  # slow start
CATCH_UP = 0.02  # seconds that a late sender may make up for
LONG_WAIT = 5.0  # a Retry-After above this is for everybody, not for one row
FULL = 2.0  # times the usual latency: the server is full
FORGET = 0.98  # of what is remembered about limit and noise, a second


class Pacer:
    """The pace towards one model at one endpoint. ``ceiling``: a known limit, requests per second."""

    def __init__(
        self, ceiling: float = float("inf"), tokens_per_second: float = float("inf"), rate: float = 20.0
    ) -> None:
        known = ceiling < float("inf")
        self.ceiling, self.tokens_per_second = 0.98 * ceiling, 0.98 * tokens_per_second
        self.rate = self.ceiling if known else rate
        self.slow_start = not known
        now = time.monotonic()
        self.next = self.last = self.cut_at = now
        self.next_token = self.paused_until = 0.0
        self.sent: deque[float] = deque()
        self.refused: deque[float] = deque()  # by the time when they were sent
        self.answered: deque[tuple[float, float]] = deque()  # end, latency
        self.usual_latency, self.top, self.noise = 0.0, 0.0, 0.0
        self._turn = asyncio.Lock()

    def limit(self, requests: float | None, tokens: float | None) -> None:
        """The endpoint names its limits, per second."""
        if requests:
            self.ceiling = 0.98 * requests
        if tokens:
            self.tokens_per_second = 0.98 * tokens

    async def slot(self, tokens: int = 0) -> float:
        """Wait for the next moment to send a call that may take so many tokens; it is given back to `ok` or `refuse`."""
        async with self._turn:  # one after the other, so that a new rate counts for all who wait
            return await self._wait(tokens)

    async def _wait(self, tokens: int) -> float:
        now = time.monotonic()
        self._grow(now)
        self.next = max(self.next + 1 / self.rate, now - CATCH_UP, self.paused_until)
        at = self.next
        if tokens and self.tokens_per_second < float("inf"):
            self.next_token = max(self.next_token, now - CATCH_UP)
            at = max(at, self.next_token)
            self.next_token += tokens / self.tokens_per_second
        if at > now:
            await asyncio.sleep(at - now)
        sent_at = time.monotonic()
        self.sent.append(sent_at)
        return sent_at

    def ok(self, sent_at: float) -> None:
        """An answer came to the call sent at that time."""
        now = time.monotonic()
        self.answered.append((now, now - sent_at))
        while self.answered[0][0] < now - WINDOW:
            self.answered.popleft()

    def refuse(self, sent_at: float, retry_after: float = 0.0) -> None:
        """A 429 came to the call sent at that time."""
        now = time.monotonic()
        if retry_after > LONG_WAIT:
            self.paused_until = max(self.paused_until, now + retry_after)
        self.refused.append(sent_at)
        since = max(now - WINDOW, self.cut_at)
        if sent_at < self.cut_at or now - since < AT_LEAST * WINDOW:
            return  # sent before the last cut, so no news
        sent, refused = _count(self.sent, since), _count(self.refused, since)
        chance = self.noise * sent
        if refused < max(3, 0.01 * sent + chance + 3 * chance**0.5):
            return
        if self.rate < self.top / 2:  # cut to half and still refused: these refusals do not depend on our rate
            self.noise = max(self.noise, refused / sent)
            return
        accepted = (sent - refused) / (now - since)
        self.top = max(self.top, accepted)
        self.rate = max(1.0, CUT * min(self.rate, accepted))
        self.slow_start, self.cut_at = False, now

    def _grow(self, now: float) -> None:
        elapsed, self.last = now - self.last, now
        if (
            now >= self.paused_until and not self._server_is_full(now) and self.next > now - 0.05
        ):  # the pace is what limits
            quiet = min(now - self.cut_at, 60.0)
            growth = min(GROW * 2 ** (quiet / QUIET_DOUBLES), FASTEST)
            self.rate *= 2 ** (elapsed / DOUBLE_S) if self.slow_start else 1 + growth * elapsed
        self.noise, self.top = self.noise * FORGET**elapsed, self.top * FORGET**elapsed
        self.rate = min(self.rate, self.ceiling)

    def _server_is_full(self, now: float) -> bool:
        """Latency has doubled: hold the rate, once a second, at what the server completes."""
        if len(self.answered) < 20:
            return False
        recent = sorted(self.answered[-j][1] for j in range(1, min(50, len(self.answered)) + 1))
        latency = recent[len(recent) // 2]
        usual = self.usual_latency * (1 + 0.05 / self.rate)  # forgets 5 % a second
        self.usual_latency = min(usual, latency) if usual else latency
        if latency <= FULL * self.usual_latency:
            return False
        if now - self.cut_at > WINDOW:
            self.slow_start, self.cut_at = False, now
            self.rate = min(self.rate, max(5.0, 1.05 * len(self.answered) / WINDOW))
        return True


def _count(times: deque[float], since: float) -> int:
    """How many are not older; what is much older is dropped."""
    while times and times[0] < since - 3 * WINDOW:
        times.popleft()
    newer = 0
    for at in reversed(times):
        if at < since:
            break
        newer += 1
    return newer
