"""A rate controller with a simulated endpoint, in virtual time: a minute of calls takes a fraction of a second."""

import heapq
import random
from dataclasses import dataclass

from dataset_builder.llm.calls.rate_limit import RateController


@dataclass
class Use:
    """What became of a limit: shares of what was allowed, in all and after 5 s; 429s over the limit; the last rate."""

    used: float
    used_later: float
    refused: float
    rate: float


class Bucket:
    """The token bucket of the scripted server: a schedule of (second, requests a second), linear between the points."""

    def __init__(self, schedule: list[tuple[float, float]], burst_s: float) -> None:
        self.schedule, self.burst_s, self.filled = schedule, burst_s, 0.0
        self.tokens = self.rate_at(0.0) * burst_s

    def rate_at(self, t: float) -> float:
        """The limit at that time."""
        for (t0, r0), (t1, r1) in zip(self.schedule, self.schedule[1:], strict=False):
            if t < t1:
                return r0 + (t - t0) / (t1 - t0) * (r1 - r0)
        return self.schedule[-1][1]

    def take(self, t: float) -> bool:
        """True: accepted."""
        rate = self.rate_at(t)
        self.tokens = min(self.tokens + rate * (t - self.filled), max(rate * self.burst_s, 1.0))
        self.filled = t
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True


def simulate(
    schedule: list[tuple[float, float]],
    seconds: float,
    *,
    burst_s: float = 0.2,
    noise: float = 0.0,
    latency: float = 0.1,
    in_flight: int = 1000,
    ceiling: float = float("inf"),
    controller: type[RateController] = RateController,
    seed: int = 0,
) -> Use:
    """Send for so long, with as much work as can be sent. ``noise``: share of 429s that have nothing to do with the rate."""
    draw, bucket, rate_limiter = random.Random(seed), Bucket(schedule, burst_s), controller(0.0, ceiling)
    events: list[tuple[float, bool, float]] = []  # when an answer comes, ok or not, to what was sent when
    now, flying, times, refused = 0.0, 0, [], 0
    while now < seconds:
        at = max(rate_limiter.next_send(now), now)
        while events and (events[0][0] <= at or flying >= in_flight):
            came, ok, sent = heapq.heappop(events)
            flying -= 1
            at = max(at, came)
            if ok:
                rate_limiter.ok(sent, came)
            else:
                rate_limiter.refuse(sent, came)
        now = at
        rate_limiter.sent_at(now)
        flying += 1
        if draw.random() < noise:
            ok = False
        else:
            ok = bucket.take(now)
            refused += not ok
            if ok:
                times.append(now)
        delay = latency * draw.uniform(0.7, 1.3) if ok else 0.004
        heapq.heappush(events, (now + delay, ok, now))
    allowed = [sum(bucket.rate_at(t / 100) for t in range(int(s * 100), int(seconds * 100))) / 100 for s in (0, 5)]
    sends = len(times) + refused
    return Use(len(times) / allowed[0], sum(t >= 5 for t in times) / allowed[1], refused / sends, rate_limiter.rate)
