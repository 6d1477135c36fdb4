"""The rate at which to send to an endpoint that answers 429 above its limit, which may be known, unknown or changing.

Requests are paced, never sent in bursts. At the start the rate doubles every third of a second, until the first *cut*. A cut
is made when more of the recent requests were refused than chance explains. It sets the rate slightly below the rate that the
server has accepted, which is measured, not guessed. Where one cut follows another the limit is falling, so the cuts get
deeper. After a cut the rate first grows slowly, to stay near a constant limit, then faster the longer nothing is refused, to
find a limit that has risen. Where the last cuts show that the limit is rising, it grows fast at once. Refusals at a rate that
was accepted before are attributed to chance, and a cut allows for them. A known limit is only a ceiling. Rising latency
without any 429 (a full server) stops the growth. The latency of a call for most of which this process computed is its own, not
the server's: it says nothing.
"""

import asyncio
import contextlib
import itertools
import math
import time
from collections import deque
from collections.abc import Callable

WINDOW = 1.0  # seconds over which refusals are counted
AT_MIN = 0.2  # seconds since the last cut before the next one is considered
START, START_DOUBLES = 100.0, 0.3  # first rate in requests per second; seconds in which it doubles
OVERLOAD, OF_LAST = 6, 30  # this many refusals of the last requests end the start: too many for chance
AFTER_START = 0.03  # growth per second, since the start finds the limit only roughly
CUT, NEXT_CUT, DEEPEST = (
    0.97,
    0.95,
    0.85,
)  # factors on the accepted rate: the first cut; each that follows within FOLLOWS; the deepest cut
FOLLOWS = 1.5  # seconds since the last cut within which a cut follows it
ENOUGH, HALF_OF = 40, 0.5  # requests needed to estimate the share of refusals by chance; seconds
GROW, GROW_DOUBLES, FASTEST = (
    0.004,
    1.0,
    0.6,
)  # growth per second; seconds since the last cut in which it doubles; its maximum per second
RISING = 1.25  # recently accepted rate / accepted rate since the last cut: the limit has risen, not just a token bucket run empty
CATCH_UP, KNOWN_CATCH_UP = 0.03, 0.15  # seconds of delay that a sender may make up for; with a known limit
LONG_WAIT = 5.0  # seconds: a longer Retry-After applies to all requests, not to one row
FULL, LOOK = 2.0, 0.1  # at this multiple of the usual latency the server is full; seconds between checks
WHOLE = 0.9  # the share of WINDOW over which answers came, from which the rate of a full server is read
OWN = 0.5  # the share of a call for which this process computed, from which its latency is not the server's
FORGET = 0.98  # factor per second on the estimated share of refusals by chance
LONG_PAUSE = 0.5  # seconds: a longer wait ends with the run
BELOW = 0.99  # the part of a known limit that is used


class RateController:
    """The rate, as a pure function of requests, answers and their times.

    ``ceiling``: a known limit in requests per second.
    """

    def __init__(self, now: float, ceiling: float = math.inf) -> None:
        known = ceiling < math.inf
        self.ceiling = BELOW * ceiling
        self.rate = self.ceiling if known else START
        self.starting = not known
        self.next = self.last = self.cut_at = self.looked_at = now
        self.paused_until = 0.0
        self.cuts = 0  # each following the one before
        self.growth = GROW
        self.accepted = self.noise = self.usual_latency = 0.0
        self.calm_sent = self.calm_refused = 0
        self.full = False
        self.sent: deque[float] = deque()
        self.refused: deque[float] = deque()  # by the time at which they were sent
        self.sent_since_cut = self.refused_since_cut = 0
        self.answered: deque[float] = deque()  # ends of the calls within WINDOW
        self.latencies: deque[tuple[float, float]] = deque()  # end, latency: of those whose latency is the server's

    def next_send(self, now: float) -> float:
        """The time at which the next request may be sent."""
        elapsed, self.last = now - self.last, now
        if now - self.looked_at > LOOK:
            self.looked_at, self.full = now, self._server_is_full(now)
        late, due = KNOWN_CATCH_UP if self.ceiling < math.inf else CATCH_UP, self.next + 1 / self.rate
        if now >= self.paused_until and not self.full and due > now - late:  # the rate is the limiting factor
            if self.starting:
                self.rate *= 2 ** (elapsed / START_DOUBLES)
            else:
                quiet = min(now - self.cut_at, 60.0)
                self.rate *= 1 + min(self.growth * 2 ** (quiet / GROW_DOUBLES), FASTEST) * elapsed
        self.noise *= FORGET**elapsed
        self.rate = min(self.rate, self.ceiling)
        self.next = max(self.next + 1 / self.rate, now - late, self.paused_until)
        return self.next

    def sent_at(self, now: float) -> None:
        """Record that a request was sent."""
        self.sent.append(now)
        self.sent_since_cut += 1

    def ok(self, sent_at: float, now: float, computed: float = 0.0) -> None:
        """Record that the request sent at that time was answered. ``computed``: the CPU seconds of this process since then."""
        self.answered.append(now)
        while self.answered[0] < now - WINDOW:
            self.answered.popleft()
        if computed < OWN * (now - sent_at):
            self.latencies.append((now, now - sent_at))
        while self.latencies and self.latencies[0][0] < now - WINDOW:
            self.latencies.popleft()

    def refuse(self, sent_at: float, now: float, retry_after: float = 0.0) -> None:
        """Record that the request sent at that time was refused with a 429."""
        if retry_after > LONG_WAIT:
            self.paused_until = max(self.paused_until, now + retry_after)
        self.refused.append(sent_at)
        if sent_at < self.cut_at:
            return  # sent before the last cut: says nothing about the present rate
        self.refused_since_cut += 1
        since = max(sent_at - WINDOW, self.cut_at)
        if now - self.cut_at < AT_MIN:
            return
        known = _between(self.sent, since, sent_at)  # the outcome of later ones is not known yet
        if not known:
            return  # too late to conclude anything
        if self.starting:
            known = known[:OF_LAST]
        sent, refused = len(known), len(_between(self.refused, known[-1], sent_at))
        chance = self.noise * sent
        enough = OVERLOAD if self.starting else max(3, 0.01 * sent)
        if refused >= enough + chance + 3 * chance**0.5:
            self._cut((sent - refused) / max(now - known[-1], AT_MIN), now)

    def _cut(self, lately: float, now: float) -> None:
        """Lower the rate. ``lately``: accepted requests per second in the window.

        A token bucket that ran empty makes ``lately`` too high. The rate accepted since the last cut, when the bucket was
        empty too, is the rate at which the bucket fills."""
        elapsed = now - self.cut_at
        since_cut = (self.sent_since_cut - self.refused_since_cut) / elapsed
        accepted = lately if lately > RISING * since_cut and not self.starting else since_cut
        rise = math.log(accepted / self.accepted) / elapsed if self.accepted > 0 and accepted > 0 else 0.0
        self.cuts = self.cuts + 1 if elapsed < FOLLOWS and not self.starting and rise < 0 else 0
        self.noise = max(self.noise, self._by_chance(now))
        self.growth = AFTER_START if self.starting else GROW if self.cuts else min(max(GROW, rise / 2), FASTEST)
        self.accepted = accepted
        self.rate = max(1.0, max(CUT * NEXT_CUT**self.cuts, DEEPEST) * min(self.rate, accepted))
        self.starting, self.cut_at = False, now
        self.sent_since_cut = self.refused_since_cut = 0

    def _by_chance(self, now: float) -> float:
        """The share of refusals that the rate did not cause; 0 where it cannot be estimated.

        These are the refusals in the first half of the time since a cut, when the rate was below the accepted one. They are
        summed over as many cuts as the estimate needs."""
        if now - self.cut_at < HALF_OF and not self.starting:
            return 0.0  # the last cut was not deep enough
        half = self.cut_at + (now - self.cut_at) / 2
        sent, refused = (len(_between(times, self.cut_at, half)) for times in (self.sent, self.refused))
        if refused > OVERLOAD / OF_LAST * sent:
            return 0.0  # the rate began above the limit
        self.calm_sent, self.calm_refused = self.calm_sent + sent, self.calm_refused + refused
        if self.calm_sent < ENOUGH:
            return 0.0
        share = self.calm_refused / self.calm_sent if self.calm_refused >= 3 else 0.0
        self.calm_sent = self.calm_refused = 0
        return share

    def _server_is_full(self, now: float) -> bool:
        """Whether latency has doubled; then, once per second, the rate is limited to what the server completes."""
        if len(self.latencies) < 20:
            return False
        recent = sorted(self.latencies[-j][1] for j in range(1, min(50, len(self.latencies)) + 1))
        latency = recent[len(recent) // 2]
        usual = self.usual_latency * (1 + 0.05 * LOOK)  # forgets 5 % a second
        self.usual_latency = min(usual, latency) if usual else latency
        if latency <= FULL * self.usual_latency:
            return False
        # at the start of a stage the answers of a whole window are not there yet: a rate measured from them would be too low
        if now - self.cut_at > WINDOW and now - self.answered[0] > WHOLE * WINDOW:
            self.rate = min(self.rate, max(5.0, 1.05 * len(self.answered) / WINDOW))
            self.starting, self.cut_at, self.growth = False, now, GROW
            self.sent_since_cut = self.refused_since_cut = 0
        return True


class RateLimiter:
    """RateController with a clock, for one model at one server. Limits are in requests and tokens per second."""

    def __init__(self, ceiling: float = math.inf) -> None:
        self.controller = RateController(time.monotonic(), ceiling)
        self.tokens_per_second = math.inf
        self._next_token = 0.0
        self._turn = asyncio.Lock()

    def limit(self, requests: float | None, tokens: float | None) -> None:
        """Set the limits that the endpoint names."""
        if requests:
            self.controller.ceiling = BELOW * requests
        if tokens:
            self.tokens_per_second = BELOW * tokens

    async def slot(
        self, tokens: int, ended: asyncio.Event | None = None, withdrawn: Callable[[], bool] | None = None
    ) -> float | None:
        """Wait until a request of at most ``tokens`` tokens may be sent, or ``ended`` is set: then nothing more may be sent.

        ``withdrawn``: whether it is not to be sent here any more, asked when its turn comes. Returns the time, to be passed to `ok` or
        `refuse`; None where it was withdrawn.
        """
        async with self._turn:  # one after the other, so that a new rate applies to all that wait
            if withdrawn is not None and withdrawn():
                return None
            now = time.monotonic()
            at = self.controller.next_send(now)
            if self.tokens_per_second < math.inf:
                self._next_token = max(self._next_token, now - CATCH_UP)
                at = max(at, self._next_token)
                self._next_token += tokens / self.tokens_per_second
            if ended is not None and at - now > LONG_PAUSE:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(at - now):
                        await ended.wait()
            elif at > now:
                await asyncio.sleep(at - now)
            sent_at = time.monotonic()
            self.controller.sent_at(sent_at)
            return sent_at

    def ok(self, sent_at: float, computed: float = 0.0) -> None:
        """Record that the request sent at that time was answered. ``computed``: the CPU seconds of this process since then."""
        self.controller.ok(sent_at, time.monotonic(), computed)

    def refuse(self, sent_at: float, retry_after: float = 0.0) -> None:
        """Record that the request sent at that time was refused with a 429."""
        self.controller.refuse(sent_at, time.monotonic(), retry_after)


def _between(times: deque[float], since: float, until: float) -> list[float]:
    """The times from ``since`` to ``until``, latest first; much older ones are removed from ``times``."""
    while times and times[0] < since - 10 * WINDOW:
        times.popleft()
    newer = itertools.dropwhile(lambda at: at > until, reversed(times))
    return list(itertools.takewhile(lambda at: at >= since, newer))
