"""Run conversations of many rows on the answers in the store, and collect the columns of the finished ones."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataset_builder.answer_store.in_memory import AnswersInMemory
from dataset_builder.answer_store.store import AnswerStore, Entry, KnownRequest
from dataset_builder.llm.completion import Completion, read_completion
from dataset_builder.llm.conversation import ConversationState
from dataset_builder.llm.model import Answer, Request, Said
from dataset_builder.llm.usage import Usage

if TYPE_CHECKING:
    from dataset_builder.stage import Stage


WINDOW = "the request is longer than the model's context"  # a server may be started again with a larger one


class MissingAnswer(LookupError):
    """The answer store has no answer to a request, and no model may be called."""


class AnswerLookup:
    """Looks up requests in the store, and counts the cost of the answers.

    ``statuses``: the entries that count as an answer. Without ``failed``, a request that may succeed later has no answer. ``charge``: is
    called with what was spent before ``since``; what was spent later, the builds on the store tell each other.
    """

    def __init__(
        self,
        store: AnswerStore | AnswersInMemory,
        statuses: tuple[str, ...] = ("good", "final", "failed"),
        usage: Usage | None = None,
        charge: Callable[[float], None] = lambda usd: None,
        since: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self.store, self.statuses, self.usage, self.charge = store, statuses, usage or Usage(), charge
        self.since = since
        self.seen: set[bytes] = set()  # each request is counted once

    def __call__(self, requests: Sequence[Request]) -> dict[bytes, Answer]:
        """The known answers, by the key of their request."""
        known = self.store.find([request.key for request in requests])
        found = {}
        for request in requests:
            if (about := known.get(request.key)) is None:
                continue
            said = self.said(about.entry)
            self.count(request.key, about, answered=said is not None)
            if said is not None:
                found[request.key] = Answer(request, *said)
        return found

    def count(self, key: bytes, about: KnownRequest, *, answered: bool) -> None:
        """Count the cost of a request, unless it was counted before."""
        if key in self.seen:
            return
        self.seen.add(key)
        self.charge(about.usd_before(self.since()))
        self.usage.before.add(about.prompt_tokens, about.completion_tokens, about.usd if about.priced else None)
        self.usage.lost_usd += about.lost_usd
        self.usage.hits += answered

    def said(self, entry: Entry | None) -> Said | None:
        """What an entry says, or None where it counts as no answer: then a run that may call asks again."""
        if entry is None or entry.status not in self.statuses:
            return None
        said = said_of(entry)
        if "failed" in self.statuses:
            return said
        outgrown = entry.status == "final" and (entry.detail or "").startswith(WINDOW)
        return None if outgrown or (entry.status == "good" and said.failure) else said


def said_of(entry: Entry) -> Said:
    """What a conversation is told of this entry.

    An earlier version took some replies for good that are none, such as one that the server broke off: these are failures.
    """
    if entry.status != "good":
        return Said("", entry.reason, entry.detail or "")
    read = read_completion(entry.response or "")
    if isinstance(read, Completion) and _complete(read):
        return Said(read.text)
    return Said("", "llm_failed", f"the answer is {read.bad if isinstance(read, Completion) else read.why}")


def has_answer(entry: Entry) -> bool:
    """Whether the response of a good entry is one that `said_of` can read."""
    read = read_completion(entry.response or "")
    return isinstance(read, Completion) and _complete(read)


def _complete(read: Completion) -> bool:
    return read.bad is None or (read.unsaid and bool(read.text.strip()))


def start_conversations(stage: "Stage", batch: Mapping[str, list[Any]], start: int = 0) -> list[ConversationState]:
    """The conversations of the rows of a batch that are not rejected, each with its row's number."""
    stage = stage.bound(batch.keys())
    live = [i for i, why in enumerate(batch["rejected_because"]) if why is None]
    conversations = stage({column: [batch[column][i] for i in live] for column in stage.needs}) if live else []
    return [ConversationState(start + i, conversation) for i, conversation in zip(live, conversations, strict=True)]


def advance(
    states: Sequence[ConversationState], lookup: Callable[[Sequence[Request]], Mapping[bytes, Answer]]
) -> list[ConversationState]:
    """Continue every conversation while its answers are known. Returns those that wait for an unknown answer."""
    waiting, moving = [], [state for state in states if state.columns is None]
    while moving:
        known = lookup([request for state in moving for request in state.requests])
        still = []
        for state in moving:
            if all(request.key in known for request in state.requests):
                state.receive([known[request.key] for request in state.requests])
                if state.columns is None:
                    still.append(state)
            else:
                waiting.append(state)
        moving = still
    return waiting


def replay(
    stage: "Stage",
    states: Sequence[ConversationState],
    lookup: AnswerLookup,
    ids: Mapping[int, str],
) -> dict[str, list[Any]]:
    """The columns that a stage's conversations return with the answers in the store. ``ids``: row ids by row number.

    Raises MissingAnswer.
    """
    if waiting := advance(states, lookup):
        state, asked = waiting[0], waiting[0].requests[0]
        raise MissingAnswer(
            f"stage {stage.name}, row {ids[state.row]}: {lookup.store} has no answer of {asked.llm} to the request "
            f"{asked.key.hex()}; expected every answer of this build. Import the store that was published with it "
            "(`store import FILE`), or build without --replay-only"
        )
    return columns_of(stage, states)


def columns_of(stage: "Stage", states: Sequence[ConversationState]) -> dict[str, list[Any]]:
    """One list per column that the stage adds, and the two by which it rejects rows; null where a row has no value."""
    rows = [state.columns or {} for state in states]
    names = [*stage.adds, "rejected_because", "rejected_detail"]
    if strays := sorted({name for row in rows for name in row} - set(names)):
        raise ValueError(f"stage {stage.name!r} returned {strays}; it declares {sorted(stage.adds)}")
    return {name: [row.get(name) for row in rows] for name in names}
