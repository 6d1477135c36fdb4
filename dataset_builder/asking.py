"""Conversations of many rows over the answer store: lead each as far as the known answers go, and make columns of the finished."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataset_builder.answer_store import AnswerStore, Entry, text_of
from dataset_builder.conversation import Answer, Request, Talk

if TYPE_CHECKING:
    from dataset_builder.stage import Stage

Recall = Callable[[Sequence[Request]], Mapping[bytes, Answer]]


class MissingAnswer(LookupError):
    """The answer store has no answer to a request, and nobody may be asked."""


def advance(talks: Sequence[Talk], recall: Recall) -> list[Talk]:
    """Go on with every conversation while its answers are known. Returns those that wait for one that is not."""
    waiting, moving = [], [talk for talk in talks if talk.columns is None]
    while moving:
        known = recall([request for talk in moving for request in talk.requests])
        still = []
        for talk in moving:
            if all(request.key in known for request in talk.requests):
                talk.hear([known[request.key] for request in talk.requests])
                if talk.columns is None:
                    still.append(talk)
            else:
                waiting.append(talk)
        moving = still
    return waiting


def recall_from(store: AnswerStore, *, failed_too: bool) -> Recall:
    """Answers as the store has them. ``failed_too``: also why none came, although asking again might bring one."""
    statuses = ("good", "final", "failed") if failed_too else ("good", "final")

    def recall(requests: Sequence[Request]) -> dict[bytes, Answer]:
        known = store.find([request.key for request in requests])
        return {
            request.key: answer_of(request, found.entry)
            for request in requests
            if (found := known.get(request.key)) and found.entry and found.entry.status in statuses
        }

    return recall


def answer_of(request: Request, entry: Entry) -> Answer:
    """What a conversation hears of this entry."""
    if entry.status == "good":
        return Answer(request, text_of(entry.response or ""))
    return Answer(request, "", entry.reason, entry.detail or "")


def replayed(
    stage: "Stage", talks: Sequence[Talk], store: AnswerStore, ids: Mapping[int, str]
) -> dict[str, list[Any]]:
    """The columns that a stage's conversations come to with the answers in the store. ``ids``: of rows, by number. Raises MissingAnswer."""
    if waiting := advance(talks, recall_from(store, failed_too=True)):
        talk, asked = waiting[0], waiting[0].requests[0]
        raise MissingAnswer(
            f"stage {stage.name}, row {ids[talk.row]}: {store} has no answer of {asked.llm} to the request {asked.key.hex()}; "
            "expected every answer of this build. Import its published store (`store import FILE`), or build without --replay-only"
        )
    return columns_of(stage, talks)


def columns_of(stage: "Stage", talks: Sequence[Talk]) -> dict[str, list[Any]]:
    """One list per column that the stage adds, and the two by which it rejects rows; null where a row has no value."""
    rows = [talk.columns or {} for talk in talks]
    names = [*stage.adds, "rejected_because", "rejected_detail"]
    if strays := sorted({name for row in rows for name in row} - set(names)):
        raise ValueError(f"stage {stage.name!r} returned {strays}; it declares {sorted(stage.adds)}")
    return {name: [row.get(name) for row in rows] for name in names}
