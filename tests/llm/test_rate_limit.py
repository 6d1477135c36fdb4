"""The pacing law in virtual time: how much of a limit it uses, and what it does not fall for."""

import asyncio
import time

import pytest

from dataset_builder.llm.calls.rate_limit import BELOW, RateController, RateLimiter
from tests.support.simulated_limit import simulate

STEADY = [(0.0, 300.0)]


def test_a_known_limit_is_used_and_never_exceeded() -> None:
    use = simulate(STEADY, 20, ceiling=300)
    assert use.used > 0.98 and use.refused == 0


@pytest.mark.parametrize("limit", [30.0, 300.0, 2000.0])
def test_a_steady_unknown_limit_is_found(limit: float) -> None:
    use = simulate([(0.0, limit)], 30, in_flight=5000)
    assert use.used_later > 0.97
    assert use.refused * limit * 30 < 0.005 * limit * 30 + 40  # half a per cent, and what the start costs


@pytest.mark.parametrize(
    ("schedule", "seconds", "used", "refused"),
    [
        ([(0, 50), (10, 300), (40, 300), (50, 100)], 60, 0.92, 0.01),
        ([(0, 50), (20, 300)], 30, 0.87, 0.01),
        ([(0, 300), (10, 300), (20, 50)], 40, 0.95, 0.015),
        ([(0, 300), (10, 300), (10.01, 50)], 30, 0.95, 0.03),
    ],
)
def test_a_moving_limit_is_followed(schedule: list, seconds: float, used: float, refused: float) -> None:
    use = simulate(schedule, seconds)
    assert use.used > used and use.refused < refused


@pytest.mark.parametrize("burst_s", [0.01, 1.0])
def test_shallow_and_deep_buckets(burst_s: float) -> None:
    use = simulate(STEADY, 30, burst_s=burst_s)
    assert use.used > 0.85 and use.refused < 0.012


def test_refusals_that_do_not_depend_on_the_rate_do_not_hold_it_down() -> None:
    """A law that takes 7 % of random 429s for congestion falls to a few requests a second."""
    for seed in range(5):
        assert simulate([(0.0, 10_000.0)], 20, noise=0.07, in_flight=100, seed=seed).rate > 300


def test_a_slow_endpoint_is_measured_over_its_own_time() -> None:
    """Accepted requests counted over a window longer than the run made an early law fall to 25 a second."""
    use = simulate([(0.0, 100.0)], 60, latency=5.0)
    assert use.used_later > 0.97


def test_the_rate_does_not_grow_where_the_calls_in_flight_are_the_limit() -> None:
    assert simulate([(0.0, 1e9)], 20, in_flight=10).rate < 1000


def test_a_full_server_is_not_filled_further() -> None:
    controller, now = RateController(0.0), 0.0
    for i in range(4000):
        now = max(now, controller.next_send(now))
        controller.sent_at(now)
        controller.ok(now - (0.1 if i < 300 else 0.5), now)  # latency rises fivefold
    assert controller.rate < 2000


def test_a_process_that_is_busy_itself_finds_no_server_full() -> None:
    controller, now = RateController(0.0), 0.0
    for i in range(4000):
        now = max(now, controller.next_send(now))
        controller.sent_at(now)
        latency, computed = (0.1, 0.0) if i < 300 else (0.5, 0.3)
        controller.ok(now - latency, now, computed)
    assert controller.rate > 5000


def test_the_first_answers_of_a_stage_do_not_set_its_rate() -> None:
    """Thirty answers within a fifth of a second are 150 in a second; 32 was the rate of the next ten seconds."""
    controller, now = RateController(0.0), 0.0
    for _ in range(1000):
        now = max(now, controller.next_send(now))
        controller.sent_at(now)
        controller.ok(now - 0.02, now)
    before = controller.rate
    now += 5.0  # between two stages
    for _ in range(100):
        now = max(now + 0.007, controller.next_send(now))
        controller.sent_at(now)
        controller.ok(now - 0.3, now)
    assert controller.rate >= before


def test_a_long_retry_after_pauses_everybody() -> None:
    controller = RateController(0.0)
    controller.sent_at(0.1)
    controller.refuse(0.1, 0.2, retry_after=30)
    assert controller.next_send(0.3) >= 30.2
    controller = RateController(0.0)
    controller.refuse(0.1, 0.2, retry_after=1)
    assert controller.next_send(0.3) < 0.5


def test_the_pacer_keeps_to_requests_and_tokens_a_second() -> None:
    async def seconds(rate_limiter: RateLimiter, number: int, tokens: int) -> float:
        started = time.monotonic()
        await asyncio.gather(*(rate_limiter.slot(tokens) for _ in range(number)))
        return time.monotonic() - started

    assert asyncio.run(seconds(RateLimiter(200), 60, 10)) >= 60 / 200 * BELOW - 0.15
    limited = RateLimiter()
    limited.limit(None, 10_000)
    assert asyncio.run(seconds(limited, 6, 1000)) >= 0.35
