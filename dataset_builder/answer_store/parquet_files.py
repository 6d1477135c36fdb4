"""The answer store as a Parquet file, published with a dataset, so that others can rebuild it without a key."""

import time
from collections.abc import Callable, Iterable, Iterator, Set
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_builder.answer_store.entry import STATUSES, Entry, StoreError, read_entry
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.answer_store.walk import Skipped
from dataset_builder.configs import CONFIGS
from dataset_builder.row import as_features

PUBLISHED = (
    "good",
    "bad",
    "failed",
    "final",
)  # not the possible cost of calls without an answer, which concerns this machine only
# The most that one imported answer can have: of tokens (ten times the largest window), of dollars for a token (twice the dearest model's
# price), of dollars where the tokens are not known, of seconds
MOST_TOKENS, MOST_USD_PER_TOKEN, MOST_USD, MOST_SECONDS = 10**7, 1.2e-3, 10.0, 10**6
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
                writer.write_table(as_table(entries))
                written += len(entries)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return written


def as_table(entries: Iterable[Entry]) -> pa.Table:
    """The entries as an export has them, each with its checksum."""
    return pa.Table.from_pylist([{**e._asdict(), "checksum": e.checksum} for e in entries], schema=SCHEMA)


def import_(
    store: AnswerStore,
    file: Path,
    usable: Callable[[Entry], bool] = lambda entry: True,
    unusable: list[Entry] | None = None,
) -> tuple[int, int]:
    """Add the entries that the store does not have; returns how many, and how many the file has. Raises StoreError.

    The store's own answers win: of a request that it has a good answer to, no other answer is added. Only what `export` publishes is taken, not
    what another build has under way or lost, with costs that can be some. ``usable``: whether the answer of a good entry can be read. One that
    cannot is no answer for a build that asks, but is one of the published build, so it is added too, and to ``unusable``.
    """
    added = total = 0
    for rows in _rows(file):
        entries = [_plausible(_entry(row, file)) for row in rows]
        own = store.entries_of([entry.key for entry in entries])
        known = {(entry.key, entry.checksum) for entry in own}
        answered = {entry.key for entry in own if entry.status == "good" and usable(entry)}
        new = [
            entry
            for entry in entries
            if (entry.key, entry.checksum) not in known
            and entry.status in PUBLISHED
            and not (entry.status == "good" and entry.key in answered)
        ]
        store.add(new)
        if unusable is not None:
            unusable += [entry for entry in new if entry.status == "good" and not usable(entry)]
        added, total = added + len(new), total + len(entries)
    return added, total


def damaged(file: Path) -> list[str]:
    """The errors in the entries of an exported file. Raises StoreError where it cannot be read as one."""
    found = []
    for rows in _rows(file):
        for row in rows:
            try:
                _entry(row, file)
            except StoreError as why:
                found.append(str(why))
    return found


def _rows(file: Path) -> Iterator[list[dict[str, Any]]]:
    """The rows of a Parquet file with the columns and types of an export, in batches. Raises StoreError."""
    try:
        parquet = pq.ParquetFile(file)
        names = parquet.schema_arrow.names
        if missing := sorted(set(SCHEMA.names) - set(names)):
            raise StoreError(
                f"{file} is no exported answer store: it has no column {', '.join(missing)}; expected a file of `store export`"
            )
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise StoreError(
                f"{file} is no exported answer store: it has the column {', '.join(twice)} more than once; expected a file of `store export`"
            )
        for batch in parquet.iter_batches(BATCH, columns=SCHEMA.names):
            batch.validate(full=True)  # offsets and UTF-8 of somebody else's file
            yield pa.Table.from_batches([batch]).select(SCHEMA.names).cast(SCHEMA).to_pylist()
    except (OSError, pa.ArrowException) as why:
        raise StoreError(f"{file} cannot be read as an exported answer store ({why})") from why


def _entry(row: dict[str, Any], file: Path) -> Entry:
    entry = read_entry([row[name] for name in (*Entry._fields, "checksum")])
    if entry is None or entry.status not in STATUSES:
        key = row["key"].hex() if isinstance(row["key"], bytes) else row["key"]
        raise StoreError(
            f"{file} is damaged: the entry {key} differs from what was written; copy or download the file again"
        )
    return entry


def _plausible(entry: Entry) -> Entry:
    """The entry without numbers that an answer cannot have: they would count for the cap of every build that uses it."""

    def number(value: float | None, most: float) -> Any:
        return value if value is not None and 0 <= value <= most else None  # also where it is not finite

    prompt, completion = number(entry.prompt_tokens, MOST_TOKENS), number(entry.completion_tokens, MOST_TOKENS)
    known = None not in (prompt, completion)
    return entry._replace(
        prompt_tokens=prompt,
        completion_tokens=completion,
        usd=number(entry.usd, ((prompt or 0) + (completion or 0)) * MOST_USD_PER_TOKEN if known else MOST_USD),
        seconds=number(entry.seconds, MOST_SECONDS),
        at=number(entry.at, time.time()),
    )


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
