"""The usage of a stage: counts of answers and calls, tokens, dollars, errors by kind."""

import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tqdm import tqdm


@dataclass
class Spend:
    """Tokens and dollars of answers. ``usd`` is None as soon as the price of one model is not known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0

    def add(self, prompt_tokens: int | None, completion_tokens: int | None, usd: float | None) -> None:
        """Add one answer."""
        self.prompt_tokens += prompt_tokens or 0
        self.completion_tokens += completion_tokens or 0
        self.usd = None if usd is None or self.usd is None else self.usd + usd

    def tokens(self) -> str:
        """``61k+5k``: of prompts and completions."""
        return f"{self.prompt_tokens / 1e3:,.0f}k+{self.completion_tokens / 1e3:,.0f}k"

    def as_dict(self) -> dict[str, Any]:
        """The values for the manifest."""
        usd = None if self.usd is None else round(self.usd, 6)
        return {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens, "usd": usd}


class LeftOut(NamedTuple):
    """That one of several servers was left out. ``lasting``: for the rest of the run."""

    server: str
    why: str
    lasting: bool


def said_of(outages: Mapping[LeftOut, int]) -> list[str]:
    """A sentence without its full stop for each server and reason, by how often it was left out for it."""
    return [
        f"{server} was left out {'for the rest of the run' if lasting else '1 time' if number == 1 else f'{number} times'} ({why})"
        for (server, why, lasting), number in outages.items()
    ]


@dataclass
class Usage:
    """Counts while answers arrive.

    ``now``: the cost of this run; ``before``: the cost of its other answers, in earlier runs.
    """

    done: int = 0  # rows
    hits: int = 0  # answers that were in the store
    sent: int = 0  # calls, repeated ones too
    good: int = 0
    bad: int = 0  # paid and not usable
    in_flight: int = 0
    now: Spend = field(default_factory=Spend)
    before: Spend = field(default_factory=Spend)
    began: float = field(default_factory=time.monotonic)
    lost_usd: float = 0.0  # the possible cost of calls without an answer
    errors: Counter[str] = field(default_factory=Counter)
    notes: dict[str, None] = field(default_factory=dict)  # what was adapted for an endpoint, each once, in order
    # how often a server got no calls. Not in the manifest, which is published: names of machines are nobody's business
    outages: Counter[LeftOut] = field(default_factory=Counter)

    def note(self, text: str) -> None:
        """Keep a sentence for the end of the build; "" is none."""
        if text:
            self.notes[text] = None

    def left_out(self, server: str, why: str, *, lasting: bool = False) -> None:
        """Count that one of several servers gets no calls, for a while or for the rest of the run."""
        self.outages[LeftOut(server, why, lasting)] += 1

    def line(self) -> str:
        """The text of the progress bar."""
        money = "price unknown" if self.now.usd is None else f"${self.now.usd:.2f}"
        errors = ", ".join(f"{number} × {kind}" for kind, number in self.errors.most_common(4))
        speed = self.now.completion_tokens / max(time.monotonic() - self.began, 1.0)
        parts = (
            f"{self.in_flight} in flight",
            f"{self.hits} known",
            f"{self.sent} calls",
            f"{self.now.tokens()} tokens",
            f"{speed:,.0f} tokens/s" if speed >= 1 else "",
            money,
            errors,
        )
        return ", ".join(part for part in parts if part)

    def as_dict(self) -> dict[str, Any]:
        """The values for the manifest's run facts."""
        return {
            **{name: getattr(self, name) for name in ("hits", "sent", "good", "bad")},
            "now": self.now.as_dict(),
            "before": self.before.as_dict(),
            "lost_usd": round(self.lost_usd, 6),
            "faults": dict(self.errors),
            **({"adapted": list(self.notes)} if self.notes else {}),
        }


def say(text: str) -> None:
    """Print a line on stderr, above a progress bar where there is one."""
    tqdm.write(text, file=sys.stderr)
    sys.stderr.flush()
