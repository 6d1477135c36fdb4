"""How often one request is tried, and what ends a run: the limits, and the hints for the errors that end it."""

import random
import time
from dataclasses import dataclass, field

from dataset_builder.llm.calls.connection import Change, Connection
from dataset_builder.llm.calls.errors import FILTER, TIME_OUT, UNSENT, CallError, ErrorAction, room_for_answer
from dataset_builder.llm.calls.servers import Servers
from dataset_builder.llm.model import Request

MAX_ERRORS = 8  # failed calls of one request
MAX_REFUSALS = 20  # 429 answers to one request
MAX_BAD_ANSWERS = 4  # paid but unusable answers to one request
MAX_TRUNCATED = 2  # of these, answers that end at max_tokens: no others cost as much, and a model that has lost its thread rarely finds it
MAX_TIME_OUTS = 4  # of one request: its server may still work on it, so each call waits longer than the last
DEADLINE_S = 1800.0  # for one request, from its first call
BACK_OFF = {
    ErrorAction.TRY_AGAIN: (0.25, 8.0),
    ErrorAction.SLOW_DOWN: (0.05, 8.0),
}  # first and longest wait in seconds; each wait is twice the last
LASTING = (FILTER,)  # kinds of errors after which no later run sends the request again
DOWN = 20  # requests given up in a row, without an answer: the endpoint counts as down
FORBIDDEN = 5  # calls refused with 403 by a server, without an answer: the key may ask nothing
AT_ONCE = 3  # servers that may fail one request, one right after the other: it may be the request that fails them
HINTS = {  # by kind of the last error: the likely cause, and what to set
    TIME_OUT: "the endpoint is slower than TIMEOUT (--timeout) allows, or has more requests than it works on at once: raise TIMEOUT, lower "
    "IN_FLIGHT (--in-flight) to the number that it works on, or lower MAX_TOKENS (--max-tokens)",
    UNSENT: "no server listens at this URL: set {url}",
    "no completion": "this URL does not lead to a chat-completions endpoint: set {url}, which usually ends in /v1",
    "401": "the key is wrong: set {key}",
    "403": "the key may not use this model: set {key}, or another model",
    "404": "the endpoint has no such model, or {url} lacks its path (usually /v1)",
    "no money": "add credit at the provider",
}


@dataclass
class Attempts:
    """How often one request has been tried."""

    bad: int = 0
    truncated: int = 0
    errors: int = 0
    refusals: int = 0
    time_outs: int = 0
    change: Change = field(default_factory=Change)
    tried: set[Connection] = field(default_factory=set)  # servers that failed it since it last waited
    deadline: float = field(default_factory=lambda: time.monotonic() + DEADLINE_S)

    @property
    def patience(self) -> float:
        """How many times the time-out the next call may take."""
        return 1.0 + self.time_outs

    @property
    def all_bad(self) -> bool:
        """Whether as many answers were paid for and unusable as are paid for."""
        return self.bad >= MAX_BAD_ANSWERS or self.truncated >= MAX_TRUNCATED

    def failed(self, servers: Servers, server: Connection, error: CallError) -> bool:
        """Count a failed call. Returns whether the request goes on at once, at a server that has not failed it.

        A call that never reached its server is not counted then: each such server is out, and the last one counts.
        """
        self.tried.add(server)
        unsent = error.kind == UNSENT
        moves = servers.another(self.tried) and (unsent or len(self.tried) < AT_ONCE)
        self.errors += error.action == ErrorAction.TRY_AGAIN and not (unsent and moves)
        self.refusals += error.action == ErrorAction.SLOW_DOWN
        self.time_outs += error.kind == TIME_OUT
        if not moves:
            self.tried.clear()
        return moves

    def asks_for_less(self, request: Request, error: CallError) -> bool:
        """Ask for as many tokens as the error says that there is room for. False where it says none, or not fewer."""
        asked = self.change.max_tokens or request.llm.max_tokens
        room = room_for_answer(error.said, asked, request.size)
        if not room or room >= asked:
            return False
        # an error that names the least that a prompt has would be met again and again: the second time, much less is asked for
        again = self.change.max_tokens is not None
        self.change = self.change._replace(max_tokens=min(room, asked * 3 // 4) if again else room)
        return True

    def over(self, action: ErrorAction, wait: float) -> bool:
        """Whether the request must be given up."""
        used_up = self.errors >= MAX_ERRORS or self.refusals >= MAX_REFUSALS or self.time_outs >= MAX_TIME_OUTS
        used_up = used_up or self.all_bad
        return action == ErrorAction.GIVE_UP or used_up or time.monotonic() + wait > self.deadline

    def wait(self, error: CallError) -> float:
        """Seconds until the next try: the endpoint's retry-after, or an ever longer wait with random jitter."""
        first, longest = BACK_OFF[error.action]
        count = self.refusals if error.action == ErrorAction.SLOW_DOWN else self.errors + self.bad
        return max(error.retry_after, min(longest, first * 2**count) * random.uniform(0.5, 1.0))
