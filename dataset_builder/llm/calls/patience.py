"""The time-out of a call, counted from when its server can have begun with it.

A call may wait in its server's queue behind those that were sent before. While these are answered, it has not timed out: the time counts
from the last answer to an earlier call. A server that answers nothing gets the time-out once, from when the call was sent.

Where no time-out is given, it is USUAL_S, or the time that an answer of max_tokens takes at the endpoint's speed if that is longer: a call
that a slow server still works on must not be sent again.
"""

import asyncio
import itertools
from collections import deque
from typing import Any

USUAL_S = 300.0  # the papers' models at their providers answer in seconds
# tokens a second of a call, as long as no answer has come; the longest time-out that is not given
SLOWEST, LONGEST_S = 5.0, 1500.0
KEPT_S = 4 * LONGEST_S  # answers that are older say nothing of any call
LAST, ENOUGH_TOKENS = 20, 64  # answers whose speed counts: so many, of at least so many tokens


class Patience:
    """The time-outs of the calls to one endpoint. ``given_s``: seconds without a whole answer; None: by max_tokens and speed."""

    def __init__(self, given_s: float | None) -> None:
        self.given_s = given_s
        self.speeds: deque[float] = deque(maxlen=LAST)
        self.numbers = itertools.count()
        self._answers: deque[tuple[int, int]] = deque()  # second of the loop's clock, smallest number answered in it

    def seconds(self, max_tokens: int) -> float:
        """The time-out of a call now."""
        if self.given_s is not None:
            return self.given_s
        return max(USUAL_S, min(max_tokens / min(self.speeds, default=SLOWEST), LONGEST_S))

    def answered(self, tokens: int, seconds: float) -> None:
        """Record the length of an answer, and the seconds that it took."""
        if tokens >= ENOUGH_TOKENS:
            self.speeds.append(tokens / max(seconds, 1e-9))

    def wait(self, patience: float) -> "Wait":
        """Within it, a call waits for its answer, for so many seconds. Raises TimeoutError."""
        return Wait(self, patience)

    def note(self, number: int, second: int) -> None:
        """Record the second in which a call was answered."""
        if self._answers and self._answers[-1][0] == second:
            number = min(number, self._answers.pop()[1])
        self._answers.append((second, number))
        while self._answers[0][0] < second - KEPT_S:
            self._answers.popleft()

    def last_before(self, number: int) -> float:
        """The time of the last answer to a call that was sent before this one; 0 if there was none."""
        return next((float(second) for second, earlier in reversed(self._answers) if earlier < number), 0.0)


class Wait:
    """The wait of one call, as a context manager: a class, since a generator would cost a tenth of all that a call costs here."""

    __slots__ = ("began", "loop", "number", "of", "patience", "timeout", "timer")

    def __init__(self, of: Patience, patience: float) -> None:
        self.of, self.patience, self.number = of, patience, next(of.numbers)
        self.loop, self.timeout = asyncio.get_running_loop(), asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self.timeout.__aenter__()
        self.began = self.loop.time()
        self.timer = self.loop.call_at(self.began + self.patience, self.look)

    async def __aexit__(self, *raised: Any) -> bool | None:
        self.timer.cancel()
        if raised[0] is None:
            self.of.note(self.number, int(self.loop.time()))
        return await self.timeout.__aexit__(*raised)

    def look(self) -> None:
        """End the wait, unless an earlier call was answered in the meantime."""
        due = max(self.began, self.of.last_before(self.number)) + self.patience
        if due <= self.loop.time():
            self.timeout.reschedule(self.loop.time())
        else:
            self.timer = self.loop.call_at(due, self.look)
