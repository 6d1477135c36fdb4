"""A cap on the cost of a dataset. Each call is reserved before it is sent, so that no answer can exceed the cap."""

import asyncio


class Budget:
    """A cap in dollars for all answers of a dataset, including those paid in earlier runs; None: no cap.

    The maximum cost of a call is reserved before it is sent. While reserved calls are in flight, a call that would not fit
    waits until their actual cost is known.
    """

    def __init__(self, cap: float | None = None) -> None:
        self.cap, self.spent, self.reserved = cap, 0.0, 0.0
        self._settled = asyncio.Event()

    def charge(self, usd: float) -> None:
        """Count what was paid in an earlier run."""
        self.spent += usd

    async def reserve(self, usd: float) -> bool:
        """True: the call may be made, and must be settled. False: it could exceed the cap."""
        while self.cap is not None and self.spent + self.reserved + usd > self.cap:
            if self.reserved <= 0.0:
                return False
            self._settled.clear()
            await self._settled.wait()
        self.reserved += usd
        return True

    def settle(self, reserved: float, usd: float) -> None:
        """Replace a reserved amount by the actual cost."""
        self.reserved = max(0.0, self.reserved - reserved) if self.reserved - reserved > 1e-9 else 0.0
        self.spent += usd
        self._settled.set()
