"""Run a stage's conversations without a server: a function replaces the model, and nothing is stored or sent."""

from collections.abc import Callable, Sequence
from typing import Any

from dataset_builder.llm.model import Answer, Request
from dataset_builder.llm.replay import advance, columns_of, start_conversations
from dataset_builder.stage import Batch, Stage

Reply = Callable[[Request], str | Answer]


def converse(stage: Stage, batch: Batch, reply: Reply) -> tuple[dict[str, list[Any]], list[Request]]:
    """The columns that the stage makes of this batch when ``reply`` answers, and every request it made, in order."""
    asked: list[Request] = []

    def lookup(requests: Sequence[Request]) -> dict[bytes, Answer]:
        asked.extend(requests)
        return {request.key: _answer(request, reply(request)) for request in requests}

    some = next(iter(batch.values()))
    states = start_conversations(stage, {"rejected_because": [None] * len(some), **batch})
    assert not advance(states, lookup)
    return columns_of(stage, states), asked


def _answer(request: Request, said: str | Answer) -> Answer:
    return said if isinstance(said, Answer) else Answer(request, said)
