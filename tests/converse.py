"""Lead a stage's conversations by hand: a function stands for the model, and nothing is stored or sent."""

from collections.abc import Callable, Sequence
from typing import Any

from dataset_builder.asking import advance, begin, columns_of
from dataset_builder.conversation import Answer, Request
from dataset_builder.stage import Batch, Stage

Reply = Callable[[Request], str | Answer]


def converse(stage: Stage, batch: Batch, reply: Reply) -> tuple[dict[str, list[Any]], list[Request]]:
    """The columns that the stage makes of this batch when ``reply`` answers, and every request it made, in order."""
    asked: list[Request] = []

    def recall(requests: Sequence[Request]) -> dict[bytes, Answer]:
        asked.extend(requests)
        return {request.key: _answer(request, reply(request)) for request in requests}

    some = next(iter(batch.values()))
    talks = begin(stage, {"rejected_because": [None] * len(some), **batch})
    assert not advance(talks, recall)
    return columns_of(stage, talks), asked


def _answer(request: Request, said: str | Answer) -> Answer:
    return said if isinstance(said, Answer) else Answer(request, said)
