"""Conversations of many rows over the answer store: lead each as far as the known answers go, and make columns of the finished."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataset_builder.answer_store import AnswerStore, Entry, text_of
from dataset_builder.conversation import Answer, Request, Talk
from dataset_builder.tally import Tally

if TYPE_CHECKING:
    from dataset_builder.stage import Stage


class MissingAnswer(LookupError):
    """The answer store has no answer to a request, and nobody may be asked."""


class Recall:
    """Looks requests up in the store, and counts what the answers have cost.

    ``statuses``: the entries that count as an answer; without ``failed``, what may come when it is asked for again does not.
    """

    def __init__(
        self,
        store: AnswerStore,
        statuses: tuple[str, ...] = ("good", "final", "failed"),
        tally: Tally | None = None,
        charge: Callable[[float], None] = lambda usd: None,
    ) -> None:
        self.store, self.statuses, self.tally, self.charge = store, statuses, tally or Tally(), charge
        self.seen: set[bytes] = set()  # each request is counted once
        self.bad: dict[bytes, int] = {}  # paid answers that could not be used, of requests without a good one

    def __call__(self, requests: Sequence[Request]) -> dict[bytes, Answer]:
        """The answers that are known, by the key of their request."""
        known = self.store.find([request.key for request in requests])
        found = {}
        for request in requests:
            if (about := known.get(request.key)) is None:
                continue
            answered = about.entry is not None and about.entry.status in self.statuses
            if request.key not in self.seen:
                self.seen.add(request.key)
                self.charge(about.usd + about.lost_usd)
                self.tally.before.add(
                    about.prompt_tokens, about.completion_tokens, about.usd if about.priced else None
                )
                self.tally.lost_usd += about.lost_usd
                self.tally.hits += answered
                self.bad[request.key] = about.bad
            if about.entry is not None and answered:
                found[request.key] = answer_of(request, about.entry)
        return found


def answer_of(request: Request, entry: Entry) -> Answer:
    """What a conversation hears of this entry."""
    if entry.status == "good":
        return Answer(request, text_of(entry.response or ""))
    return Answer(request, "", entry.reason, entry.detail or "")


def begin(stage: "Stage", batch: Mapping[str, list[Any]], start: int = 0) -> list[Talk]:
    """The conversations of a batch's living rows, each with its row's number."""
    live = [i for i, why in enumerate(batch["rejected_because"]) if why is None]
    conversations = stage({column: [batch[column][i] for i in live] for column in stage.needs}) if live else []
    return [Talk(start + i, conversation) for i, conversation in zip(live, conversations, strict=True)]


def advance(talks: Sequence[Talk], recall: Callable[[Sequence[Request]], Mapping[bytes, Answer]]) -> list[Talk]:
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


def replayed(
    stage: "Stage",
    talks: Sequence[Talk],
    store: AnswerStore,
    ids: Mapping[int, str],
    tally: Tally | None = None,
    used: set[bytes] | None = None,
) -> dict[str, list[Any]]:
    """The columns that a stage's conversations come to with the answers in the store. ``ids``: of rows, by number.

    The keys of all requests are added to ``used``. Raises MissingAnswer.
    """
    recall = Recall(store, tally=tally)
    waiting = advance(talks, recall)
    if used is not None:
        used |= recall.seen
    if waiting:
        talk, asked = waiting[0], waiting[0].requests[0]
        raise MissingAnswer(
            f"stage {stage.name}, row {ids[talk.row]}: {store} has no answer of {asked.llm} to the request "
            f"{asked.key.hex()}; expected every answer of this build. Import the store that was published with it "
            "(`store import FILE`), or build without --replay-only"
        )
    return columns_of(stage, talks)


def columns_of(stage: "Stage", talks: Sequence[Talk]) -> dict[str, list[Any]]:
    """One list per column that the stage adds, and the two by which it rejects rows; null where a row has no value."""
    rows = [talk.columns or {} for talk in talks]
    names = [*stage.adds, "rejected_because", "rejected_detail"]
    if strays := sorted({name for row in rows for name in row} - set(names)):
        raise ValueError(f"stage {stage.name!r} returned {strays}; it declares {sorted(stage.adds)}")
    return {name: [row.get(name) for row in rows] for name in names}
