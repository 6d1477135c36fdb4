"""The time-out counts from the last answer to an earlier call: a queue is no fault, a silent server is one."""

import asyncio

import pytest

from dataset_builder.llm.calls.patience import Patience


def outcomes(durations: list[float], timeout_s: float) -> list[str]:
    """What becomes of calls, all sent at once, that are answered after so many seconds."""

    async def main() -> list[str]:
        patience = Patience(None)

        async def one(seconds: float) -> str:
            try:
                async with patience.wait(timeout_s):
                    await asyncio.sleep(seconds)
            except TimeoutError:
                return "time-out"
            return "answered"

        return await asyncio.gather(*map(one, durations))

    return asyncio.run(main())


def test_a_queue_that_moves_does_not_time_out_and_a_silent_server_does() -> None:
    assert outcomes([0.5 * i for i in range(1, 6)], 1.5) == ["answered"] * 5  # the last waits 2.5 s
    assert outcomes([9.0] * 3, 0.3) == ["time-out"] * 3


def test_a_call_that_later_ones_overtake_times_out() -> None:
    assert outcomes([9.0, 0.1, 0.2, 0.3], 0.6) == ["time-out", "answered", "answered", "answered"]


def test_without_a_given_time_out_a_slow_server_gets_as_long_as_its_answers_take() -> None:
    patience = Patience(None)
    assert patience.seconds(5000) == 1000  # nothing is known yet
    patience.answered(5, 60.0)  # too short to say how fast it writes
    assert patience.seconds(5000) == 1000
    patience.answered(1000, 20.0)
    assert patience.seconds(5000) == 300
    patience.answered(1000, 500.0)
    assert patience.seconds(1000) == 500 and patience.seconds(10**6) == 1500
    assert Patience(7.0).seconds(5000) == 7.0


def test_other_errors_pass() -> None:
    async def main() -> None:
        async with Patience(None).wait(1):
            raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(main())
