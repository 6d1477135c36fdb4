"""What the calls of a stage came to: counts, tokens, dollars, errors by kind."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tally:
    """Counted as answers come. ``usd`` is None as soon as one model's price is not known; ``lost_usd`` is what calls may have
    cost of which no answer came."""

    rows: int = 0
    done: int = 0
    hits: int = 0  # answers that were in the store
    sent: int = 0  # calls, repeated ones too
    good: int = 0
    bad: int = 0  # paid and not usable
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0
    lost_usd: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)

    def paid(self, prompt_tokens: int | None, completion_tokens: int | None, usd: float | None) -> None:
        """An answer came, good or bad."""
        self.prompt_tokens += prompt_tokens or 0
        self.completion_tokens += completion_tokens or 0
        self.usd = None if usd is None or self.usd is None else self.usd + usd

    def line(self) -> str:
        """For the progress bar."""
        money = "price unknown" if self.usd is None else f"${self.usd:.2f}"
        faults = ", ".join(f"{number} {kind}" for kind, number in self.faults.most_common(4))
        tokens = f"{self.prompt_tokens / 1e3:,.0f}k+{self.completion_tokens / 1e3:,.0f}k tokens"
        parts = (f"{self.in_flight} in flight", f"{self.hits} known", f"{self.sent} calls", tokens, money, faults)
        return ", ".join(part for part in parts if part)

    def as_dict(self) -> dict[str, Any]:
        """For the manifest's run facts."""
        usd = None if self.usd is None else round(self.usd, 6)
        counts = {
            name: getattr(self, name) for name in ("hits", "sent", "good", "bad", "prompt_tokens", "completion_tokens")
        }
        return {**counts, "usd": usd, "lost_usd": round(self.lost_usd, 6), "faults": dict(self.faults)}
