"""A cap on what a dataset may cost. Reserved before each call, so that no answer can break it."""

import asyncio


class Budget:
    """``cap``: dollars, for all answers of this dataset, those paid in earlier runs too; None: no cap.

    A call is reserved at the most that it can cost. While reserved calls are on their way, a call that would not fit waits
    for what they really cost.
    """

    def __init__(self, cap: float | None = None) -> None:
        self.cap, self.spent, self.reserved = cap, 0.0, 0.0
        self._settled = asyncio.Event()

    def charge(self, usd: float) -> None:
        """What was paid in an earlier run."""
        self.spent += usd

    async def reserve(self, usd: float) -> bool:
        """True: the call may be made, and must be settled. False: it could break the cap."""
        while self.cap is not None and self.spent + self.reserved + usd > self.cap:
            if self.reserved <= 0.0:
                return False
            self._settled.clear()
            await self._settled.wait()
        self.reserved += usd
        return True

    def settle(self, reserved: float, usd: float) -> None:
        """What was reserved has cost this much."""
        self.reserved = max(0.0, self.reserved - reserved) if self.reserved - reserved > 1e-9 else 0.0
        self.spent += usd
        self._settled.set()
