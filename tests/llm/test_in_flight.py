"""How many calls are in flight: few at first, more as long as that is faster; in simulated time, with servers of known size."""

import heapq
import random

import pytest

from dataset_builder.llm.calls.in_flight import START, ConcurrencyController


def simulate(
    slots: int, *, most: int = 256, calls: int = 1500, spread: float = 0.5, seed: int = 0
) -> tuple[float, int, int]:
    """Run calls at a server with so many slots, which works through its queue in order, 100 tokens a second in each slot.

    Returns the seconds that the calls took, as a multiple of what they take with all slots always busy; the last limit; the longest queue.
    """
    draw, controller = random.Random(seed), ConcurrencyController(most)
    free = [0.0] * slots
    flying: list[tuple[float, float, int, int]] = []  # end, begin, limit, calls in flight at its begin
    now, sent, longest, work = 0.0, 0, 0, 0.0
    while sent < calls or flying:
        while sent < calls and len(flying) < controller.limit:
            tokens = round(200 * (1 + spread * (2 * draw.random() - 1)))
            begin = max(now, heapq.heappop(free))
            end = begin + tokens / 100
            heapq.heappush(free, end)
            heapq.heappush(flying, (end, now, controller.limit, len(flying) + 1))
            work += tokens / 100
            sent, longest = sent + 1, max(longest, len(flying) - slots)
        now, begun, limit, in_flight = heapq.heappop(flying)
        controller.answered(limit, in_flight, begun, now)
    return now / (work / slots), controller.limit, longest


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slots", [1, 2, 4, 16, 64])
def test_a_server_of_any_size_is_busy_and_its_queue_stays_short(slots: int, seed: int) -> None:
    time, limit, longest = simulate(slots, calls=max(400, 50 * slots), seed=seed)
    assert time < 1.1
    assert limit <= 4 * max(START, 2 * slots)
    assert longest <= 8 * max(START, 2 * slots)


def test_a_server_without_a_queue_gets_as_many_as_may_be() -> None:
    assert simulate(10_000)[1] == 256
    assert simulate(10_000, most=20)[1] == 20


def test_a_time_out_halves_the_number_once_for_all_calls_of_its_time() -> None:
    controller = ConcurrencyController(256, start=64)
    for _ in range(64):
        controller.timed_out(0.0, 300.0)
    assert controller.limit == 32
    for i in range(10):
        controller.timed_out(300.0 * i, 300.0 * (i + 1))
    assert controller.limit == 1


def test_what_was_not_used_says_nothing() -> None:
    controller = ConcurrencyController(256)
    for i in range(100):
        controller.answered(
            START, 1, i - 0.1, float(i)
        )  # one call at a time: the rows are few, or the rate is limited
    assert controller.limit == START


def test_a_faster_server_is_found_again() -> None:
    controller = ConcurrencyController(256)
    now = 0.0

    def answer(slots: int, calls: int) -> None:
        nonlocal now
        for _ in range(calls):
            seconds = max(1.0, controller.limit / slots)
            now += seconds / controller.limit
            controller.answered(controller.limit, controller.limit, now - seconds, now)

    answer(4, 400)
    assert controller.limit <= 2 * START
    answer(200, 4000)
    assert controller.limit >= 128
