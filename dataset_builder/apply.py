"""Apply one stage to a batch of rows: what runs inside `datasets.map`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset

from dataset_builder.answer_store.in_memory import AnswersInMemory
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.replay import AnswerLookup, replay, start_conversations
from dataset_builder.row import features
from dataset_builder.stage import DETAIL, REJECTED, Batch, Stage


def apply_to_live_rows(
    batch: Batch, stage: Stage, store: AnswerStore | AnswersInMemory | None = None
) -> dict[str, list[Any]]:
    """Apply a stage to the rows that are not rejected, with the columns it needs. Rejected rows get nulls.

    ``store``: contains all answers of a stage that asks a model. Raises MissingAnswer where one is missing.
    """
    stage = stage.bound(batch.keys())
    if stage.arrow:
        table = Dataset.from_dict(dict(batch), features=features(list(batch))).data.table
        done = apply_to_live_arrow(table, stage)
        return {column: done[column].to_pylist() for column in done.column_names}
    reasons = batch[REJECTED]
    live = [i for i, why in enumerate(reasons) if why is None]
    if store is None:
        result = stage({column: [batch[column][i] for i in live] for column in stage.needs})
    else:
        result = replay(stage, start_conversations(stage, batch), AnswerLookup(store), dict(enumerate(batch["id"])))
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
    """apply_to_live_rows for a stage that takes and returns Arrow: the same columns, as a table."""
    live, stage = batch[REJECTED].is_null(), stage.bound(batch.column_names)
    result = stage(batch.filter(live).select(stage.needs))
    expect_declared(stage, result)
    if batch[REJECTED].null_count < len(batch):
        # every row's position among the live ones; null for a rejected row, which makes its values null too
        places = pa.array(np.cumsum(live) - 1, mask=~live.to_numpy())
        result = {column: values.take(places) for column, values in result.items()}
    for column in (REJECTED, DETAIL):
        given = [result[column]] if column in result else []
        result[column] = pc.call_function("coalesce", [batch[column], *given])
    return pa.table({column: result[column] for column in (*stage.adds, REJECTED, DETAIL)})


def expect_declared(stage: Stage, result: Mapping[str, Any]) -> None:
    """Raises ValueError for a column that the stage does not declare in ``adds``."""
    if undeclared := sorted(set(result) - set(stage.adds) - {REJECTED, DETAIL}):
        raise ValueError(f"stage {stage.name!r} returned {undeclared}; it declares {sorted(stage.adds)}")
