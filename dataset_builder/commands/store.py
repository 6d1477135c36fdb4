"""``store``: export the answer store, import one, or print what it contains."""

import argparse
from pathlib import Path

from dataset_builder.answer_store import parquet_files
from dataset_builder.answer_store.store import StoreError
from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import default_store, store_of


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `store` and its options."""
    command.add_argument("action", choices=("export", "import", "stats"))
    command.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the .parquet file to write or to read")
    command.add_argument("--store", type=Path, metavar="FILE", help=f"the answer store (default: {default_store()})")
    command.set_defaults(command=handle_store)


def handle_store(given: argparse.Namespace) -> int:
    """Export or import a Parquet file, or print what the store contains. Raises StoreError."""
    store = store_of(given)
    if given.action == "stats":
        OUT.print(parquet_files.stats(store), markup=False)
    elif given.file is None:
        raise StoreError(f"store {given.action}: expected a FILE, such as answers.parquet")
    elif given.action == "export":
        OUT.print(
            f"{parquet_files.export(store, given.file)} entries of {store} written to {given.file}", markup=False
        )
    else:
        added, total = parquet_files.import_(store, given.file)
        OUT.print(
            f"{added} of {total} entries of {given.file} added to {store}; the others were there already", markup=False
        )
    return 0
