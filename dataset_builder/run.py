"""Run a pipeline: apply its stages to the rows, one after the other, and cache each result under its inputs."""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from datasets import Dataset
from datasets.fingerprint import Hasher

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.apply import apply_to_live_arrow, apply_to_live_rows
from dataset_builder.llm.runner import Runner
from dataset_builder.llm.usage import Usage
from dataset_builder.row import features
from dataset_builder.stage import REJECTED, Stage, bind
from dataset_builder.stage_code import stage_hash

ARROW_BATCH = 1000  # rows; a stage on Arrow tables spends its time per batch, not per row
DIED = "abruptly died"  # in the message of `datasets` for a worker that is gone


class WorkerDied(RuntimeError):
    """A worker process was killed; the message says why this happens, and what to do."""


@dataclass(frozen=True)
class StageRun:
    """What one stage did: wall-clock seconds, whether its rows came from the cache, its calls and rejections."""

    stage: str
    seconds: float
    cached: bool
    calls: Usage | None = None  # of a stage that asks a model
    rejected: dict[str, int] = field(default_factory=dict)  # rows that it rejected, by reason code


def run(
    rows: Dataset,
    stages: Sequence[Stage],
    *,
    runner: Runner | None = None,
    num_proc: int | None = None,
    batch_size: int = 64,
) -> tuple[Dataset, list[StageRun]]:
    """Apply the stages in order to rows on disk. Returns the rows, and what each stage did.

    For a stage that asks a model, all answers are first fetched into the store; then the stage is mapped over the rows. So `map`
    never waits for a network and cannot lose a paid answer. The cache key covers the content of the input, the stage, its tools,
    the source files that it can reach, the columns' types, and the answers: an edit or a new answer is never ignored (`map` by
    itself fingerprints an imported function by its name only), and an edit that changes no value rebuilds no later stage.
    Raises ValueError where a stage asks a model and there is no runner, or adds a column that row.py does not declare; WorkerDied.
    """
    stages = bind(rows.column_names, stages)
    if runner is None and (asking := [s.name for s in stages if s.asks_model]):
        raise ValueError(f"the stages {asking} ask a model; expected runner=Runner(store, …)")
    # raises for a column that is not declared: here, before anything is paid
    features([*rows.column_names, *(column for s in stages for column in s.adds)])
    content, runs, before = rows._fingerprint, [], reasons(rows)
    for s in stages:
        started, there = time.perf_counter(), _files_beside(rows)
        digest, usage = runner.fetch_answers(s, rows) if runner and s.asks_model else ("", None)
        types = features([*rows.column_names, *s.adds])
        key = Hasher.hash((content, s.name, s.tools, stage_hash(s), str(types), digest))
        store = runner.store if runner and s.asks_model else None
        how = {"features": types, "new_fingerprint": key, "desc": s.name}
        workers = num_proc if s.tools else None  # starting them costs more than a stage without tools
        rows = _map(rows, s, store, batch_size, workers, how)
        cached = {file["filename"] for file in rows.cache_files} <= there
        content = _content_of(rows, key)
        rejected = dict((after := reasons(rows)) - before)
        runs.append(StageRun(s.name, time.perf_counter() - started, cached, usage, rejected))
        before = after
    return rows, runs


def _map(
    rows: Dataset, stage: Stage, store: AnswerStore | None, batch_size: int, num_proc: int | None, how: dict[str, Any]
) -> Dataset:
    """Dataset.map with what a stage on Arrow tables, or one on rows, needs."""
    if stage.arrow:
        size, apply, facts = max(batch_size, ARROW_BATCH), apply_to_live_arrow, {"stage": stage}
    else:
        size, apply, facts = batch_size, apply_to_live_rows, {"stage": stage, "store": store}
    rows = rows.with_format("arrow" if stage.arrow else None)
    try:
        done = rows.map(apply, fn_kwargs=facts, batched=True, batch_size=size, num_proc=num_proc, **how)
    except (
        RuntimeError,
        EOFError,
        ConnectionError,
    ) as why:  # the last two: the process between the workers was killed
        if num_proc is None or (isinstance(why, RuntimeError) and DIED not in str(why)):
            raise
        raise WorkerDied(
            f"stage {stage.name}: one of {num_proc} worker processes was killed, most often because the memory was full ({why}). Nothing is "
            f"lost: run the same command again with a smaller NUM_PROC (--num-proc), or without it"
        ) from why
    return done.with_format(None)


def reasons(rows: Dataset) -> Counter[str]:
    """The number of rejected rows per reason code."""
    table = rows.select_columns(REJECTED).with_format("arrow")[:]
    counts = pc.call_function("value_counts", [table[REJECTED].drop_null()])
    return Counter({count["values"]: count["counts"] for count in counts.to_pylist()})


def _files_beside(rows: Dataset) -> set[str]:
    """The files in the folder of these rows, where `map` keeps its results too."""
    return {str(path) for path in Path(rows.cache_files[0]["filename"]).parent.iterdir()}


def _content_of(rows: Dataset, key: str) -> str:
    """sha256 of the schema and values of a stage's result; kept beside it, so that it is computed once."""
    kept = Path(rows.cache_files[0]["filename"]).with_name(f"content-{key}.sha256")
    if not kept.exists():
        table = rows.data.table.replace_schema_metadata(None)  # the metadata names the key
        digest = hashlib.sha256(table.schema.serialize())
        for batch in table.to_batches():
            digest.update(batch.serialize())
        written = kept.with_suffix(f".{os.getpid()}")
        written.write_text(digest.hexdigest(), "utf-8")
        written.replace(kept)
    return kept.read_text("utf-8")
