"""Servers without a network, in an event loop with a clock of its own; outcomes of calls to them."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import openai

from dataset_builder.answer_store.entry import Entry
from dataset_builder.llm.calls.connection import Connection
from dataset_builder.llm.calls.errors import UNSENT, CallError, ErrorAction
from dataset_builder.llm.calls.in_flight import InFlight
from dataset_builder.llm.calls.patience import Patience
from dataset_builder.llm.calls.rate_limit import RateLimiter
from dataset_builder.llm.calls.servers import Servers
from dataset_builder.llm.model import LLM

T = TypeVar("T")
GONE = CallError(UNSENT, ErrorAction.TRY_AGAIN, "no connection: refused")
BROKEN = CallError("500", ErrorAction.TRY_AGAIN, "status 500")
REFUSED = CallError("429", ErrorAction.SLOW_DOWN, "status 429")
GOOD = Entry(b"key", "good", None, None, "{}", "m", "stage", 1, 1, None, 0.1)


class Clock(asyncio.SelectorEventLoop):
    """An event loop in which nobody waits: its time jumps to the next timer."""

    def __init__(self) -> None:
        self.now, clock = 0.0, self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> list[Any]:
                clock.now += timeout or 0.0
                return super().select(0)

        super().__init__(Selector())

    def time(self) -> float:
        return self.now


def in_time(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=Clock) as runner:
        return runner.run(work)


def servers_of(*limits: int) -> Servers:
    """Servers with room for so many calls, named a, b, c …"""
    client = openai.AsyncOpenAI(api_key="x")
    connections = [
        Connection(
            LLM("m"), client, RateLimiter(), InFlight(limit), Patience(300), None, limit_is_given=False, name=name
        )
        for limit, name in zip(limits, "abcdefghij", strict=False)
    ]
    return Servers(LLM("m", "farm"), connections)


async def passed(servers: Servers, number: int = 1) -> str:
    """The names of the servers that so many calls go to now, in order."""
    return "".join([(await asyncio.wait_for(servers.enter(), 0.001)).name for _ in range(number)])


async def full(servers: Servers) -> bool:
    """Whether the next call would wait."""
    try:
        await passed(servers)
    except TimeoutError:
        return True
    return False
