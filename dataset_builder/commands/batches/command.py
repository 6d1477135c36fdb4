"""``batches``: the provider batches of an answer store: list them, cancel them, find lost ones, wait for them."""

import argparse
import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from dataset_builder.answer_store.batches import DROPPED, OVER, Batch, Journal
from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import above_zero, add_store, store_of
from dataset_builder.llm.batches.options import POLL_S
from dataset_builder.llm.model import ModelError
from dataset_builder.llm.prices import dollars, read_prices

if TYPE_CHECKING:
    from dataset_builder.llm.batches.batches import Batches

ACTIONS = {
    "list": "what is known of them (default)",
    "wait": "until all have ended, and take their answers in",
    "adopt": "find those whose build was killed while it sent them, and look how far all are",
    "cancel": "ask the providers to end them; what is answered by then is paid, and taken in",
    "drop": "forget those with these ids, which their provider no longer has: their requests are asked again",
}
NO_BUILD = "the command batches"  # the owner of what is taken in here


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `batches` and its options."""
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in ACTIONS.items())
    command.add_argument("action", nargs="?", choices=ACTIONS, default="list", help=meanings)
    command.add_argument(
        "ids", nargs="*", metavar="ID", help="of batches, as they are listed (default: all that have not ended)"
    )
    command.add_argument(
        "--poll",
        type=above_zero,
        default=POLL_S,
        metavar="S",
        help=f"wait: seconds between looks (default: {POLL_S:g})",
    )
    add_store(command)
    command.set_defaults(command=handle_batches)


def handle_batches(given: argparse.Namespace) -> int:
    """Do what is asked for, and list the batches. Raises ModelError."""
    store = store_of(given)
    if given.action == "drop":
        _drop(Journal(store), given.ids)
    elif given.action != "list":
        from dataset_builder.llm.batches.batches import Batches  # imports the SDK, which takes a second

        batches = Batches(store, NO_BUILD, read_prices(given.price))
        with contextlib.closing(batches):
            _act(batches, given)
    shown = _chosen(Journal(store), given.ids)
    OUT.print(_table(shown) if shown else f"{store} has no batches")
    return 0


def _act(batches: "Batches", given: argparse.Namespace) -> None:
    """Find lost batches, look at the chosen ones, and cancel or wait for them."""
    batches.find_again()
    chosen = [batch.id for batch in _chosen(batches.journal, given.ids) if batch.state not in OVER]
    if given.action == "cancel":
        for batch in _open(batches.journal, chosen):
            batches.cancel(batch)
    batches.look_at_all(_open(batches.journal, chosen))
    while given.action == "wait" and (left := _open(batches.journal, chosen)):
        time.sleep(given.poll)
        batches.look_at_all(left)
    for note in batches.notes:
        OUT.print(note, markup=False)


def _drop(journal: Journal, ids: Sequence[str]) -> None:
    """Free the requests of batches that have not ended. Raises ModelError without ids."""
    if not ids:
        raise ModelError(
            "drop needs the ids of batches: what a dropped batch answers is paid, and its requests are paid again"
        )
    for batch in _chosen(journal, ids):
        if batch.state not in OVER:
            free = journal.end(batch.id, DROPPED, "dropped by hand")
            OUT.print(f"batch {batch.id[:8]}: {free:,} requests are free to be asked again", markup=False)


def _chosen(journal: Journal, ids: Sequence[str]) -> list[Batch]:
    """The batches whose ids begin with one of these, or all. Raises ModelError for an id of none."""
    batches = journal.all()
    for word in ids:
        if not any(batch.id.startswith(word) for batch in batches):
            raise ModelError(f"{journal.store} has no batch {word}; expected an id of those that `batches` lists")
    return [batch for batch in batches if not ids or any(batch.id.startswith(word) for word in ids)]


def _open(journal: Journal, ids: Sequence[str]) -> list[Batch]:
    return [batch for batch in journal.under_way() if batch.id in ids and batch.batch_id]


def _table(batches: Sequence[Batch]) -> Table:
    table = Table("id", "model", "stage", "state", "requests", "done", "failed", "hours", "cost", "because")
    for one in batches:
        age = ((one.changed if one.state in OVER else time.time()) - one.at) / 3600
        cost = (
            dollars(one.spent) if one.state in OVER else f"at most {dollars(one.usd)}" if one.usd else "price unknown"
        )
        numbers = (f"{number:,}" for number in (one.requests, one.done, one.failed))
        table.add_row(one.id[:8], one.model, one.stage, one.state, *numbers, f"{age:.1f}", cost, one.why or "")
    return table
