"""``store``: export the answer store, import one, or print what it contains."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from dataset_builder.answer_store import parquet_files
from dataset_builder.answer_store.store import AnswerStore, Entry, StoreError
from dataset_builder.answer_store.walk import Skipped
from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import default_store, store_of
from dataset_builder.llm.replay import has_answer


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `store` and its options."""
    command.add_argument("action", choices=("export", "import", "stats"))
    command.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the .parquet file to write or to read")
    command.add_argument("--store", type=Path, metavar="FILE", help=f"the answer store (default: {default_store()})")
    command.set_defaults(command=handle_store)


def handle_store(given: argparse.Namespace) -> int:
    """Export or import a Parquet file, or print what the store contains. Raises StoreError."""
    store, skipped = store_of(given), Skipped()
    if given.action == "stats":
        OUT.print(parquet_files.stats(store, skipped), markup=False)
        _say_skipped(store, skipped)
    elif given.file is None:
        raise StoreError(f"store {given.action}: expected a FILE, such as answers.parquet")
    elif given.action == "export":
        written = parquet_files.export(store, given.file, skipped=skipped)
        OUT.print(f"{written} entries of {store} written to {given.file}", markup=False)
        _say_skipped(store, skipped)
    else:
        unusable: list[Entry] = []
        added, total = parquet_files.import_(store, given.file, has_answer, unusable)
        OUT.print(
            f"{added} of {total} entries of {given.file} added to {store}; the others were there already", markup=False
        )
        _say_unusable(unusable)
    return 0


def _say_skipped(store: AnswerStore, skipped: Skipped) -> None:
    """Name what of a damaged store could not be read, and how the rest is rescued."""
    if skipped:
        lines = "\n".join(f"  {line}" for line in skipped.lines())
        OUT.print(
            f"{store} is damaged. These were left out:\n{lines}\nTo go on with the others: `store export FILE`, move the store away, "
            "`store import FILE`. What is missing is asked again, and paid.",
            markup=False,
        )


def _say_unusable(entries: Sequence[Entry]) -> None:
    """Name imported answers that cannot be read as one."""
    if entries:
        keys = ", ".join(entry.key.hex() for entry in entries[:5]) + (", …" if len(entries) > 5 else "")
        OUT.print(
            f"{len(entries)} of them are said to be good, but are no complete answer of a model: {keys}. A build asks these requests again; "
            "with --replay-only it rejects their rows (llm_failed)",
            markup=False,
        )
