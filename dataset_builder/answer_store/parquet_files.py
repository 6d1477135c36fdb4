"""The answer store as a Parquet file, published with a dataset, so that others can rebuild it without a key."""

from collections.abc import Iterable, Iterator, Set
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_builder.answer_store.store import STATUSES, AnswerStore, Entry, StoreError
from dataset_builder.answer_store.walk import Skipped
from dataset_builder.row import CONFIGS, as_features

PUBLISHED = (
    "good",
    "bad",
    "failed",
    "final",
)  # not the possible cost of calls without an answer, which concerns this machine only
BATCH = 2000
SCHEMA = as_features(CONFIGS["answers"].columns).arrow_schema.remove_metadata()


def export(store: AnswerStore, file: Path, keys: Set[bytes] | None = None, skipped: Skipped | None = None) -> int:
    """Write all intact entries (of requests with these keys); returns how many. Never leaves a partial file.

    What cannot be read is added to ``skipped``, or warned of. Raises StoreError.
    """
    if not store.path.is_file():
        raise StoreError(
            f"there is no answer store {store.path}; expected one that a build has written to (--store FILE)"
        )
    draft, written = file.with_name(f".{file.name}.tmp"), 0
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with pq.ParquetWriter(draft, SCHEMA, compression="zstd") as writer:
            for entries in _batches(
                e for e in store.entries(skipped) if e.status in PUBLISHED and (keys is None or e.key in keys)
            ):
                rows = [{**e._asdict(), "checksum": e.checksum} for e in entries]
                writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
                written += len(rows)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return written


def import_(store: AnswerStore, file: Path) -> tuple[int, int]:
    """Add the entries that the store does not have; returns how many, and how many the file has. Raises StoreError.

    The store's own answers win: of a request that it has a good answer to, no other answer is added. Only what `export` publishes is taken, not
    what another build has under way or lost, with costs that can be some.
    """
    try:
        parquet = pq.ParquetFile(file)
        if missing := sorted(set(SCHEMA.names) - set(parquet.schema_arrow.names)):
            raise StoreError(
                f"{file} is no exported answer store: it has no column {', '.join(missing)}; expected a file of `store export`"
            )
        added = total = 0
        for batch in parquet.iter_batches(BATCH, columns=SCHEMA.names):
            entries = [_entry(row, file) for row in batch.to_pylist()]
            own = store.entries_of([entry.key for entry in entries])
            known = {(entry.key, entry.checksum) for entry in own}
            answered = {entry.key for entry in own if entry.status == "good"}
            new = [
                entry
                for entry in entries
                if (entry.key, entry.checksum) not in known
                and entry.status in PUBLISHED
                and not (entry.status == "good" and entry.key in answered)
            ]
            store.add(new)
            added, total = added + len(new), total + len(entries)
    except (OSError, pa.ArrowException) as why:
        raise StoreError(f"{file} cannot be read as an exported answer store ({why})") from why
    return added, total


def damaged(file: Path) -> list[str]:
    """The errors in the entries of an exported file that pyarrow can read."""
    found = []
    for batch in pq.ParquetFile(file).iter_batches(BATCH, columns=SCHEMA.names):
        for row in batch.to_pylist():
            try:
                _entry(row, file)
            except StoreError as why:
                found.append(str(why))
    return found


def _entry(row: dict, file: Path) -> Entry:
    checksum = row.pop("checksum")
    entry = Entry(**row)
    if entry.status not in STATUSES or entry.checksum != checksum:
        raise StoreError(
            f"{file} is damaged: the entry {entry.key.hex()} differs from what was written; copy or download the file again"
        )
    return entry


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    entries = iter(entries)
    while batch := list(islice(entries, BATCH)):
        yield batch


def stats(store: AnswerStore, skipped: Skipped | None = None) -> str:
    """A Markdown table of the store's entries by stage, model and status. ``skipped``: as of `AnswerStore.sums`."""
    lines = [
        "| stage | model | status | entries | prompt tokens | completion tokens | dollars |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for sums in store.sums(skipped):
        money = f"{max(sums.usd, 0.0):.4f}" if sums.priced else "unknown"
        lines.append(
            f"| {sums.stage} | {sums.model} | {sums.status} | {sums.entries:,} | {sums.prompt_tokens:,} | "
            f"{sums.completion_tokens:,} | {money} |"
        )
    return "\n".join(lines)
