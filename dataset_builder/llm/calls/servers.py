"""The servers of one model at one endpoint, one or several, and which of them the next call goes to.

The one with the smallest share of its calls in flight, of those that are *in*. All that wait for room wait in one queue, so that a slow
server never holds calls back while a fast one idles. A server that fails is out (outage.py): the others get its calls, and it is tried again
by one call at a time. Where all are out, all are asked, as a single server is: then each request waits longer before each try. A server
that no call can use (a wrong key, no such model) is left out for the rest of the run.
"""

import asyncio
import math
from collections import deque
from collections.abc import Collection, Sequence
from typing import NamedTuple

from dataset_builder.answer_store.entry import Entry
from dataset_builder.llm.calls.connection import Connection
from dataset_builder.llm.calls.errors import CallError, ErrorAction
from dataset_builder.llm.model import LLM


class _Waiter(NamedTuple):
    """A call that waits for room at a server other than those that its request has ``tried``."""

    turn: "asyncio.Future[Connection]"
    tried: Collection[Connection]


class Servers:
    """The connections of one model at one endpoint; it belongs to one event loop, whose clock it reads."""

    def __init__(self, llm: LLM, connections: Sequence[Connection]) -> None:
        self.llm, self.connections = llm, list(connections)
        self.price = connections[0].price
        self.asked = list(connections)  # those that are not left out for the rest of the run: never none
        self.given_up = 0  # requests in a row
        self._answered = 0  # answers before the first of these
        self._waiting: deque[_Waiter] = deque()
        self._turn = 0

    @property
    def several(self) -> bool:
        """Whether the endpoint has more than one server."""
        return len(self.connections) > 1

    @property
    def answered(self) -> int:
        """Answers of all servers."""
        return sum(connection.answered for connection in self.connections)

    def gave_up(self) -> int:
        """Record that a request was given up. Returns how many were since the last answer of any server."""
        if (answered := self.answered) != self._answered:
            self._answered, self.given_up = answered, 0
        self.given_up += 1
        return self.given_up

    def title(self, connection: Connection) -> str:
        """One of several servers, for what is said at the end of a run."""
        return f"{self.llm}: {len(self.connections)} servers; {connection.name}"

    async def enter(self, tried: Collection[Connection] = ()) -> Connection:
        """Wait until a call may pass. Returns the server that it goes to: none of ``tried``, as long as another one is in."""
        if self._waiting:
            self._let_pass()  # a pause may have ended, and who waits comes first
        if not self._waiting and (free := self._free(tried)) is not None:
            free.in_flight.taken += 1
            return free
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiter(turn, tuple(tried)))
        try:
            return await turn  # who wakes it has counted it
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(turn.result())
            raise

    def leave(self, connection: Connection) -> None:
        """Record that a call has ended, and let others pass."""
        connection.in_flight.taken -= 1
        self._let_pass()

    def heard(self, connection: Connection, outcome: Entry | CallError) -> bool:
        """Record the outcome of a call, before `leave`. Returns whether its server is out from now on."""
        if not self.several or (isinstance(outcome, Entry) and outcome.status == "failed"):  # it was not sent: the cap
            return False
        outage = connection.outage
        if isinstance(outcome, Entry) or outcome.action != ErrorAction.TRY_AGAIN:
            if outage.answered():
                self._let_pass()
            return False
        loop, tried_at = asyncio.get_running_loop(), outage.retry_at
        out = outage.failed(loop.time(), outcome.kind)
        if outage.retry_at != tried_at:
            # where the others have no room, nobody else would try it; a timer may fire a moment early
            loop.call_at(outage.retry_at + 0.01, self._let_pass)
            self._let_pass()
        return out

    def leave_out(self, connection: Connection) -> bool:
        """Send nothing more to this server. False: there is no other one left."""
        if self.asked == [connection]:
            return False
        if connection in self.asked:
            self.asked.remove(connection)
            self._let_pass()
        return True

    def another(self, tried: Collection[Connection]) -> bool:
        """Whether a server is in, and not paused, that was not tried."""
        return self.several and any(
            server not in tried and not server.outage.out and not server.paused for server in self.asked
        )

    def withdrawn(self, connection: Connection) -> bool:
        """Whether a call that waits for its turn at this server had better go to another one."""
        outage, now = connection.outage, asyncio.get_running_loop().time()
        out = outage.out and (now < outage.retry_at or connection.in_flight.taken > 1)  # else it is the one that tries
        return (out or connection.paused or connection not in self.asked) and self.another((connection,))

    def _free(self, tried: Collection[Connection]) -> Connection | None:
        """The server for the next call; None: there is no room."""
        if len(self.asked) == 1:
            return self.asked[0] if self.asked[0].in_flight.has_room else None
        now = asyncio.get_running_loop().time()
        servers = [server for server in self.asked if not server.outage.out]
        if servers:  # one that is out gets a single call when it is time
            for server in self.asked:
                due = server.outage.out and now >= server.outage.retry_at
                if due and not server.in_flight.taken and not server.paused and server not in tried:
                    return server
        servers = servers or self.asked
        servers = [server for server in servers if not server.paused] or servers
        servers = [server for server in servers if server not in tried] or servers
        best, least = None, math.inf
        self._turn += 1
        for number in range(len(servers)):  # from another one each time, for those that are equally busy
            server = servers[(number + self._turn) % len(servers)]
            if server.in_flight.has_room and server.in_flight.load < least:
                best, least = server, server.in_flight.load
        return best

    def _let_pass(self) -> None:
        """Let all pass for whom there is room, in their order; who may not go to the server with room keeps its place."""
        number = 0
        while number < len(self._waiting):
            turn, tried = self._waiting[number]
            free = None if turn.done() else self._free(tried)
            if turn.done():
                del self._waiting[number]
            elif free is not None:
                del self._waiting[number]
                free.in_flight.taken += 1
                turn.set_result(free)
            elif not tried:
                return
            else:
                number += 1
