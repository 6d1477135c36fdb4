"""What the rows that the store has answered tell of those that it has not: how many requests, to which model, how long.

A row does not go through all stages: questions are rejected on the way, and texts are refined, ranked or asked again only where they must
be. How often is not guessed but taken from the rows of a trial build.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datasets import Dataset

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.apply import apply_to_live_rows, merged
from dataset_builder.llm.conversation import ConversationState
from dataset_builder.llm.model import Answer, Request, keys_in
from dataset_builder.llm.replay import AnswerLookup, advance, columns_of, start_conversations
from dataset_builder.stage import Stage

ANSWERED = 100  # rows of each source that are looked up


@dataclass(frozen=True)
class Follow:
    """Of the rows whose conversation in a stage has ended: requests after the first ones, as a share of these; the rounds of the longest."""

    follow_ups: float
    rounds: int


@dataclass
class AnsweredRows:
    """``follow``: by stage. ``asked``: of the rows that are answered to their end, by stage those that it asked for, with their source;
    ``made``: by stage and row, the requests."""

    follow: dict[str, Follow] = field(default_factory=dict)
    asked: dict[str, dict[int, str]] = field(default_factory=dict)
    made: dict[str, dict[int, list[Request]]] = field(default_factory=dict)

    def tells_of(self, stage: str) -> bool:
        """Whether there are rows that were asked for in this stage and are answered to their end."""
        return bool(self.asked.get(stage))

    def later(self, begun: str, sources: Mapping[str, int], stage: str) -> Iterator[tuple[Request, float]]:
        """Requests that rows which wait in the stage ``begun`` will make in a later one, each with how often, which need not be whole.

        ``sources``: how many rows of each.
        """
        begin, made = self.asked[begun], self.made.get(stage, {})
        for source, number in sources.items():
            like = [row for row, of in begin.items() if of == source] or list(begin)
            for row in like:
                yield from ((request, number / len(like)) for request in made.get(row, ()))


def read_answered(rows: Dataset, stages: Sequence[Stage], store: AnswerStore) -> AnsweredRows:
    """Run the first rows of each source, which a trial build takes, on the stored answers."""
    sources = rows["source"]
    starts = {source: sources.index(source) for source in dict.fromkeys(sources)}
    numbers = [n for start in starts.values() for n in range(start, min(start + ANSWERED, len(rows)))]
    columns: dict[str, list[Any]] = {name: list(values) for name, values in rows[numbers].items()}
    found = AnsweredRows()
    for stage in stages:
        if not columns["id"]:
            break
        if not stage.asks_model:
            columns |= apply_to_live_rows(columns, stage)
            continue
        lookup = _Noting(AnswerLookup(store))
        states = start_conversations(stage, columns)
        first = {state.row: len(state.requests) for state in states}
        waiting = {state.row for state in advance(states, lookup)}
        done = [state for state in states if state.row not in waiting]
        if asked := sum(first[state.row] for state in done):
            follow_ups = sum(state.received for state in done) / asked - 1
            found.follow[stage.name] = Follow(follow_ups, max(state.rounds for state in done))
        found.asked[stage.name] = {numbers[s.row]: columns["source"][s.row] for s in done if first[s.row]}
        found.made[stage.name] = {numbers[s.row]: lookup.requests_of(s) for s in done if first[s.row]}
        columns |= merged(columns, stage, [state.row for state in done], columns_of(stage, done))
        kept = [n for n in range(len(columns["id"])) if n not in waiting]
        columns = {name: [values[n] for n in kept] for name, values in columns.items()}
        numbers = [numbers[n] for n in kept]
    whole = set(numbers)
    for name, rows_of in found.asked.items():
        found.asked[name] = {row: source for row, source in rows_of.items() if row in whole}
        found.made[name] = {row: made for row, made in found.made[name].items() if row in whole}
    return found


class _Noting:
    """A lookup that remembers the requests."""

    def __init__(self, lookup: AnswerLookup) -> None:
        self._lookup = lookup
        self._requests: dict[bytes, Request] = {}

    def __call__(self, requests: Sequence[Request]) -> Mapping[bytes, Answer]:
        self._requests |= {request.key: request for request in requests}
        return self._lookup(requests)

    def requests_of(self, state: ConversationState) -> list[Request]:
        """Those whose answers a conversation has received."""
        return [self._requests[key] for key in keys_in(state.keys)]
