"""The time-out of a call, counted from when its server can have begun with it.

A call may wait in its server's queue behind those that were sent before. While these are answered, it has not timed out: the time counts
from the last answer to an earlier call. A server that answers nothing gets the time-out once, from when the call was sent.
"""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator


class Patience:
    """The time-outs of the calls to one endpoint. ``timeout_s``: seconds without a whole answer."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._numbers = itertools.count()
        self._answers: deque[tuple[int, int]] = deque()  # second of the loop's clock, smallest number answered in it

    @contextlib.asynccontextmanager
    async def wait(self, times: float = 1.0) -> AsyncIterator[None]:
        """Within it, a call waits for its answer. ``times``: how many time-outs it gets. Raises TimeoutError."""
        loop, number = asyncio.get_running_loop(), next(self._numbers)
        began, patience = loop.time(), times * self.timeout_s
        async with asyncio.timeout(None) as timeout:

            def look() -> None:
                nonlocal timer
                due = max(began, self._last_before(number)) + patience
                if due <= loop.time():
                    timeout.reschedule(loop.time())
                else:
                    timer = loop.call_at(due, look)

            timer = loop.call_at(began + patience, look)
            try:
                yield
                self._note(number, int(loop.time()))
            finally:
                timer.cancel()

    def _note(self, number: int, second: int) -> None:
        if self._answers and self._answers[-1][0] == second:
            number = min(number, self._answers.pop()[1])
        self._answers.append((second, number))
        while self._answers[0][0] < second - 2 * self.timeout_s:
            self._answers.popleft()

    def _last_before(self, number: int) -> float:
        """The time of the last answer to a call that was sent before this one; 0 if there was none."""
        return next((float(second) for second, earlier in reversed(self._answers) if earlier < number), 0.0)
