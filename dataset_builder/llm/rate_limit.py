"""How fast to send to an endpoint whose limit may be known, unknown or moving, and which answers 429 above it.

Sends are paced, never in bursts. The rate doubles every third of a second until the first *cut*, which is made when more of
what was sent lately was refused than chance explains. A cut sets the rate a little below what the server has accepted, which
is measured and not guessed; deeper where cut follows cut, since then the limit falls. After it the rate grows slowly, at first,
so that it stays near a steady limit, and ever faster the longer nothing is refused, so that a limit that rose is found; at once
fast where the last cuts show that it rises. Refusals at a rate that was accepted before are chance, and are allowed for.
A known limit is only a ceiling. Rising latency without any 429 (a full server) stops the growth.
"""

import asyncio
import itertools
import math
import time
from collections import deque

WINDOW = 1.0  # seconds over which refusals are counted
AT_MIN = 0.2  # seconds since the last cut, before anything is concluded
START, START_DOUBLES = 100.0, 0.3  # requests a second at first; seconds
OVERLOAD, OF_LAST = 6, 30  # so many refusals of the last sends end the start: chance does not make so many
AFTER_START = 0.03  # growth a second, since the start tells the limit only roughly
CUT, NEXT_CUT, DEEPEST = (
    0.97,
    0.95,
    0.85,
)  # of the accepted rate: the first cut; each that follows within a second; at most
FOLLOWS = 1.5  # seconds within which a cut follows another
HELPLESS = (
    6  # so many cuts in a row, each to a lower rate and soon after the last, and still refused: not for our rate
)
SOON_S, SOON_SENDS = 1.0, 60  # either is soon
ENOUGH, HALF_OF = 40, 0.5  # sends that tell the share of refusals that come by chance; seconds
GROW, GROW_DOUBLES, FASTEST = 0.004, 1.0, 0.6  # a second; seconds of quiet in which that doubles; a second
RISING = 1.25  # accepted of late, to accepted since the last cut: the limit has risen, it is no bucket that ran empty
CATCH_UP, KNOWN_CATCH_UP = 0.03, 0.15  # seconds that a late sender may make up for; below a known limit
LONG_WAIT = 5.0  # a Retry-After above this is for everybody, not for one row
FULL, LOOK = 2.0, 0.1  # times the usual latency: the server is full; seconds between looks
FORGET = 0.98  # of what is remembered about chance, a second
BELOW = 0.99  # of a known limit


class RateController:
    """The rate, as a pure function of what was sent and what came, and when. ``ceiling``: a known limit, requests a second."""

    def __init__(self, now: float, ceiling: float = math.inf) -> None:
        known = ceiling < math.inf
        self.ceiling = BELOW * ceiling
        self.rate = self.ceiling if known else START
        self.starting = not known
        self.next = self.last = self.cut_at = self.looked_at = now
        self.paused_until = 0.0
        self.cuts = 0  # that followed each other
        self.growth = GROW
        self.accepted = self.noise = self.usual_latency = 0.0
        self.calm_sent = self.calm_refused = 0
        self.full = False
        self.sent: deque[float] = deque()
        self.refused: deque[float] = deque()  # by the time when they were sent
        self.sent_since_cut = self.refused_since_cut = 0
        self.answered: deque[tuple[float, float]] = deque()  # end, latency

    def next_send(self, now: float) -> float:
        """When the next request may be sent."""
        elapsed, self.last = now - self.last, now
        if now - self.looked_at > LOOK:
            self.looked_at, self.full = now, self._server_is_full(now)
        late, due = KNOWN_CATCH_UP if self.ceiling < math.inf else CATCH_UP, self.next + 1 / self.rate
        if now >= self.paused_until and not self.full and due > now - late:  # the pace is what limits
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
        """A request was sent."""
        self.sent.append(now)
        self.sent_since_cut += 1

    def ok(self, sent_at: float, now: float) -> None:
        """An answer came to the request sent at that time."""
        self.answered.append((now, now - sent_at))
        while self.answered[0][0] < now - WINDOW:
            self.answered.popleft()

    def refuse(self, sent_at: float, now: float, retry_after: float = 0.0) -> None:
        """A 429 came to the request sent at that time."""
        if retry_after > LONG_WAIT:
            self.paused_until = max(self.paused_until, now + retry_after)
        self.refused.append(sent_at)
        if sent_at < self.cut_at:
            return  # sent before the last cut, so no news
        self.refused_since_cut += 1
        since = max(sent_at - WINDOW, self.cut_at)
        if now - self.cut_at < AT_MIN:
            return
        known = _between(self.sent, since, sent_at)  # of later ones nobody knows yet what becomes of them
        if not known:
            return  # it comes too late to tell anything
        if self.starting:
            known = known[:OF_LAST]
        sent, refused = len(known), len(_between(self.refused, known[-1], sent_at))
        chance = self.noise * sent
        enough = OVERLOAD if self.starting else max(3, 0.01 * sent)
        if refused >= enough + chance + 3 * chance**0.5:
            self._cut((sent - refused) / max(now - known[-1], AT_MIN), now)

    def _cut(self, lately: float, now: float) -> None:
        """``lately``: accepted a second, in the window. A bucket that ran empty makes it too high; since the last cut, when the
        bucket was empty too, what was accepted is what flows in."""
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
        """The share of refusals that had nothing to do with the rate: those of the first half of the time since a cut, when
        the rate was below what had been accepted; over as many cuts as it takes to tell."""
        if now - self.cut_at < HALF_OF and not self.starting:
            return 0.0  # the last cut was not deep enough
        half = self.cut_at + (now - self.cut_at) / 2
        sent, refused = (len(_between(times, self.cut_at, half)) for times in (self.sent, self.refused))
        if refused > OVERLOAD / OF_LAST * sent:
            return 0.0  # it began above the limit
        self.calm_sent, self.calm_refused = self.calm_sent + sent, self.calm_refused + refused
        if self.calm_sent < ENOUGH:
            return 0.0
        share = self.calm_refused / self.calm_sent if self.calm_refused >= 3 else 0.0
        self.calm_sent = self.calm_refused = 0
        return share

    def _server_is_full(self, now: float) -> bool:
        """Latency has doubled: hold the rate, once a second, at what the server completes."""
        if len(self.answered) < 20:
            return False
        recent = sorted(self.answered[-j][1] for j in range(1, min(50, len(self.answered)) + 1))
        latency = recent[len(recent) // 2]
        usual = self.usual_latency * (1 + 0.05 * LOOK)  # forgets 5 % a second
        self.usual_latency = min(usual, latency) if usual else latency
        if latency <= FULL * self.usual_latency:
            return False
        if now - self.cut_at > WINDOW:
            self.rate = min(self.rate, max(5.0, 1.05 * len(self.answered) / WINDOW))
            self.starting, self.cut_at, self.growth = False, now, GROW
            self.sent_since_cut = self.refused_since_cut = 0
        return True


class RateLimiter:
    """The law with a clock: the pace towards one model at one endpoint. Limits are in requests and tokens a second."""

    def __init__(self, ceiling: float = math.inf) -> None:
        self.controller = RateController(time.monotonic(), ceiling)
        self.tokens_per_second = math.inf
        self._next_token = 0.0
        self._turn = asyncio.Lock()

    def limit(self, requests: float | None, tokens: float | None) -> None:
        """The endpoint names its limits."""
        if requests:
            self.controller.ceiling = BELOW * requests
        if tokens:
            self.tokens_per_second = BELOW * tokens

    async def slot(self, tokens: int) -> float:
        """Wait for the next moment to send a request that may take so many tokens; it is given back to `ok` or `refuse`."""
        async with self._turn:  # one after the other, so that a new rate counts for all who wait
            now = time.monotonic()
            at = self.controller.next_send(now)
            if self.tokens_per_second < math.inf:
                self._next_token = max(self._next_token, now - CATCH_UP)
                at = max(at, self._next_token)
                self._next_token += tokens / self.tokens_per_second
            if at > now:
                await asyncio.sleep(at - now)
            sent_at = time.monotonic()
            self.controller.sent_at(sent_at)
            return sent_at

    def ok(self, sent_at: float) -> None:
        """An answer came to the request sent at that time."""
        self.controller.ok(sent_at, time.monotonic())

    def refuse(self, sent_at: float, retry_after: float = 0.0) -> None:
        """A 429 came to the request sent at that time."""
        self.controller.refuse(sent_at, time.monotonic(), retry_after)


def _between(times: deque[float], since: float, until: float) -> list[float]:
    """Those times, the last first; what is much older is dropped."""
    while times and times[0] < since - 10 * WINDOW:
        times.popleft()
    newer = itertools.dropwhile(lambda at: at > until, reversed(times))
    return list(itertools.takewhile(lambda at: at >= since, newer))
