"""Run a pipeline: apply its stages to the rows, one after the other, and cache each result under its inputs."""

import functools
import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset
from datasets.fingerprint import Hasher

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.replay import replay, start_conversations
from dataset_builder.llm.runner import Runner
from dataset_builder.llm.usage import Usage
from dataset_builder.row import features
from dataset_builder.stage import DETAIL, REJECTED, Batch, Stage, bind

ROOT = Path(__file__).parent.parent
CODE = {".py", ".jinja", ".tsv", ".txt"}
ARROW_BATCH = 1000  # rows; a stage on Arrow tables spends its time per batch, not per row


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
    never waits for a network and cannot lose a paid answer. The cache key covers input, stage, tools, all source code and the
    answers, because `map` by itself fingerprints an imported function by its name only and would ignore an edit or a new answer.
    Raises ValueError where a stage asks a model and there is no runner.
    """
    stages = bind(rows.column_names, stages)
    if runner is None and (asking := [s.name for s in stages if s.asks_model]):
        raise ValueError(f"the stages {asking} ask a model; expected runner=Runner(store, …)")
    key, runs, before = rows._fingerprint, [], reasons(rows)
    for s in stages:
        started, there = time.perf_counter(), _files_beside(rows)
        digest, usage = runner.fetch_answers(s, rows) if runner and s.asks_model else ("", None)
        key = Hasher.hash((key, s.name, s.tools, code_hash(), digest))
        facts = {"stage": s} if s.arrow else {"stage": s, "store": runner.store if runner and s.asks_model else None}
        rows = (
            rows.with_format("arrow" if s.arrow else None)
            .map(
                apply_to_live_arrow if s.arrow else apply_to_live_rows,
                fn_kwargs=facts,
                batched=True,
                batch_size=max(batch_size, ARROW_BATCH) if s.arrow else batch_size,
                num_proc=num_proc if s.tools else None,  # starting workers costs more than a stage without tools
                features=features([*rows.column_names, *s.adds]),
                new_fingerprint=key,
                desc=s.name,
            )
            .with_format(None)
        )
        cached = {file["filename"] for file in rows.cache_files} <= there
        rejected = dict((after := reasons(rows)) - before)
        runs.append(StageRun(s.name, time.perf_counter() - started, cached, usage, rejected))
        before = after
    return rows, runs


def reasons(rows: Dataset) -> Counter[str]:
    """The number of rejected rows per reason code."""
    table = rows.select_columns(REJECTED).with_format("arrow")[:]
    counts = pc.call_function("value_counts", [table[REJECTED].drop_null()])
    return Counter({count["values"]: count["counts"] for count in counts.to_pylist()})


def _files_beside(rows: Dataset) -> set[str]:
    """The files in the folder of these rows, where `map` keeps its results too."""
    return {str(path) for path in Path(rows.cache_files[0]["filename"]).parent.iterdir()}


def apply_to_live_rows(batch: Batch, stage: Stage, store: AnswerStore | None = None) -> dict[str, list[Any]]:
    """Apply a stage to the rows that are not rejected, with the columns it needs. Rejected rows get nulls.

    ``store``: contains all answers of a stage that asks a model. Raises MissingAnswer where one is missing.
    """
    stage = stage.bound(batch.keys())
    if stage.arrow:
        table = Dataset.from_dict(dict(batch), features=features(list(batch))).data.table
        done = apply_to_live_arrow(table, stage)
        return {column: done[column].to_pylist() for column in (*stage.adds, REJECTED, DETAIL)}
    reasons = batch[REJECTED]
    live = [i for i, why in enumerate(reasons) if why is None]
    if store is None:
        result = stage({column: [batch[column][i] for i in live] for column in stage.needs})
    else:
        result = replay(stage, start_conversations(stage, batch), store, dict(enumerate(batch["id"])))
    return merged(batch, stage, live, result)


def merged(batch: Batch, stage: Stage, live: Sequence[int], result: Batch) -> dict[str, list[Any]]:
    """The stage's columns for the whole batch, from its result for the ``live`` rows. Raises ValueError if they do not fit."""
    expect_declared(stage, result)
    out = {column: list(batch.get(column) or [None] * len(batch[REJECTED])) for column in stage.adds}
    out |= {REJECTED: list(batch[REJECTED]), DETAIL: list(batch[DETAIL])}
    for column, values in result.items():
        for i, value in zip(live, values, strict=True):
            out[column][i] = value
    return out


def apply_to_live_arrow(batch: pa.Table, stage: Stage) -> pa.Table:
    """apply_to_live_rows for a stage that takes and returns Arrow."""
    live, stage = batch[REJECTED].is_null(), stage.bound(batch.column_names)
    result = stage(batch.filter(live).select(stage.needs))
    expect_declared(stage, result)
    if batch[REJECTED].null_count < len(batch):
        # every row's position among the live ones; null for a rejected row, which makes its values null too
        places = pa.array(np.cumsum(live) - 1, mask=~live.to_numpy())
        result = {column: values.take(places) for column, values in result.items()}
    for column in (REJECTED, DETAIL):
        if column in result:
            either = pc.call_function("coalesce", [batch[column], result.pop(column)])
            batch = batch.set_column(batch.column_names.index(column), column, either)
    for column, values in result.items():
        batch = batch.append_column(column, values)
    return batch


def expect_declared(stage: Stage, result: Mapping[str, Any]) -> None:
    """Raises ValueError for a column that the stage does not declare in ``adds``."""
    if undeclared := sorted(set(result) - set(stage.adds) - {REJECTED, DETAIL}):
        raise ValueError(f"stage {stage.name!r} returned {undeclared}; it declares {sorted(stage.adds)}")


@functools.cache
def code_hash(root: Path = ROOT) -> str:
    """sha256 of all code, prompts and word lists of dataset_builder and kg. Sample data are an input, not code."""
    files = [f for part in ("dataset_builder", "kg") for f in sorted((root / part).rglob("*")) if f.suffix in CODE]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
