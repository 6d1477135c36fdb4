"""A stage is a batched function from columns to columns. This file is the whole framework."""

import functools
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset
from datasets.fingerprint import Hasher

from dataset_builder.answer_store import AnswerStore
from dataset_builder.answers import Answers
from dataset_builder.asking import begin, replayed
from dataset_builder.row import features
from dataset_builder.tally import Tally

Batch = Mapping[str, list[Any]]
REJECTED, DETAIL = "rejected_because", "rejected_detail"
ROOT = Path(__file__).parent.parent
CODE = {".py", ".jinja", ".tsv", ".txt"}
ARROW_BATCH = 1000  # rows; a stage on Arrow tables spends its time per batch, not per row


@dataclass(frozen=True)
class Stage:
    """A named function, the columns it reads, the columns it adds, and the tools it is given."""

    fn: Callable[..., Any]
    needs: tuple[str, ...]
    adds: tuple[str, ...]
    tools: dict[str, Any] = field(default_factory=dict)
    arrow: bool = False
    asks: bool = False
    guess: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        """The function's name, which is also the name of its file, its prompt and its test."""
        return self.fn.__name__

    def __call__(self, batch: Any, **tools: Any) -> Any:
        """What the function makes of this batch, with these tools over its own: columns or, where it asks, conversations."""
        return self.fn(batch, **{**self.tools, **tools})

    def using(self, **tools: Any) -> "Stage":
        """The same stage with these tools (a graph, a model, a number), all of them frozen values."""
        return replace(self, tools=tools)


@dataclass(frozen=True)
class StageRun:
    """What one stage did: seconds on the clock, and whether its rows came from the cache."""

    stage: str
    seconds: float
    cached: bool
    calls: Tally | None = None  # of a stage that asks a model
    rejected: dict[str, int] = field(default_factory=dict)  # rows that it rejected, by reason code


def stage(
    *,
    needs: str,
    adds: str = "",
    arrow: bool = False,
    asks: bool = False,
    guess: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Any]], Stage]:
    """Make a function a stage. Column names are separated by blanks; their types stand in row.py.

    The function gets the columns it needs, of the rows that are still alive, and returns lists of the same length: the
    columns it adds, and where it rejects rows the two of ``rejects``. With ``arrow`` its batch is a pyarrow.Table, and its
    columns are pyarrow arrays: for stages that would spend their time on making Python objects. A stage that ``asks`` a model
    returns a conversation for each row instead (conversation.py); its ``guess``, a plain batched function with the same tools,
    says what it would typically add, for an estimate before anything was asked.
    """
    return lambda fn: Stage(fn, tuple(needs.split()), tuple(adds.split()), {}, arrow, asks, guess)


def run(
    rows: Dataset,
    stages: Sequence[Stage],
    *,
    answers: Answers | None = None,
    num_proc: int | None = None,
    batch_size: int = 64,
) -> tuple[Dataset, list[StageRun]]:
    """Apply the stages in order to rows that lie on disk.

    A stage that asks a model first has all its answers brought into the store, and only then is mapped over the rows: `map`
    never waits for a network and cannot lose a paid answer. Cached by input, stage, tools, all source code, and the answers,
    so that an edit or a new answer is never ignored: `map` by itself fingerprints an imported function by its name only.
    """
    check(rows.column_names, stages)
    if answers is None and (asking := [s.name for s in stages if s.asks]):
        raise ValueError(f"the stages {asking} ask a model; expected answers=Answers(store, …)")
    key, runs, before = rows._fingerprint, [], reasons(rows)
    for s in stages:
        started, there = time.perf_counter(), _files_beside(rows)
        digest, tally = answers.bring_in(s, rows) if answers and s.asks else ("", None)
        key = Hasher.hash((key, s.name, s.tools, code_hash(), digest))
        facts = {"stage": s} if s.arrow else {"stage": s, "store": answers.store if answers and s.asks else None}
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
        runs.append(StageRun(s.name, time.perf_counter() - started, cached, tally, rejected))
        before = after
    return rows, runs


def reasons(rows: Dataset) -> Counter[str]:
    """How many rows are rejected for which reason."""
    table = rows.select_columns(REJECTED).with_format("arrow")[:]
    counts = pc.call_function("value_counts", [table[REJECTED].drop_null()])
    return Counter({count["values"]: count["counts"] for count in counts.to_pylist()})


def _files_beside(rows: Dataset) -> set[str]:
    """What lies in the folder of these rows, where `map` keeps its results too."""
    return {str(path) for path in Path(rows.cache_files[0]["filename"]).parent.iterdir()}


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    """The batch as rows, for a stage that makes a conversation of each."""
    return [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]


def rejects(code: str, details: Sequence[str | None]) -> dict[str, list[Any]]:
    """The two columns by which a stage rejects rows with this code: those that have a detail. None: the row goes on."""
    return {REJECTED: [code if detail else None for detail in details], DETAIL: list(details)}


def apply_to_live_rows(batch: Batch, stage: Stage, store: AnswerStore | None = None) -> dict[str, list[Any]]:
    """A rejected row keeps its reason and gets nulls; a stage never sees it, nor a column that it does not need.

    ``store``: where a stage that asks finds its answers, all of them. Raises MissingAnswer.
    """
    if stage.arrow:
        table = Dataset.from_dict(dict(batch), features=features(list(batch))).data.table
        done = apply_to_live_arrow(table, stage)
        return {column: done[column].to_pylist() for column in (*stage.adds, REJECTED, DETAIL)}
    reasons = batch[REJECTED]
    live = [i for i, why in enumerate(reasons) if why is None]
    if store is None:
        result = stage({column: [batch[column][i] for i in live] for column in stage.needs})
    else:
        result = replayed(stage, begin(stage, batch), store, dict(enumerate(batch["id"])))
    return merged(batch, stage, live, result)


def merged(batch: Batch, stage: Stage, live: Sequence[int], result: Batch) -> dict[str, list[Any]]:
    """The stage's columns for the whole batch, from its result for these rows of it. Raises ValueError where they do not fit."""
    expect_declared(stage, result)
    out = {column: list(batch.get(column) or [None] * len(batch[REJECTED])) for column in stage.adds}
    out |= {REJECTED: list(batch[REJECTED]), DETAIL: list(batch[DETAIL])}
    for column, values in result.items():
        for i, value in zip(live, values, strict=True):
            out[column][i] = value
    return out


def apply_to_live_arrow(batch: pa.Table, stage: Stage) -> pa.Table:
    """apply_to_live_rows for a stage that takes and gives Arrow."""
    live = batch[REJECTED].is_null()
    result = stage(batch.filter(live).select(stage.needs))
    expect_declared(stage, result)
    if batch[REJECTED].null_count < len(batch):
        # every row's place among the live ones; null for a row that is not live, and then so is its value
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
    """Raises ValueError for a column that the stage does not say it adds."""
    if undeclared := sorted(set(result) - set(stage.adds) - {REJECTED, DETAIL}):
        raise ValueError(f"stage {stage.name!r} returned {undeclared}; it declares {sorted(stage.adds)}")


def check(columns: Sequence[str], stages: Sequence[Stage]) -> None:
    """Fail before the first row is built, not after the last. Raises ValueError for a column that nobody adds."""
    have = set(columns)
    for s in stages:
        if missing := sorted(set(s.needs) - have):
            raise ValueError(f"stage {s.name!r} needs {missing}, which no earlier stage adds; it has {sorted(have)}")
        if twice := sorted(set(s.adds) & have):
            raise ValueError(f"stage {s.name!r} adds {twice}, which is there already; give the column another name")
        have |= set(s.adds)


def show(stages: Sequence[Stage]) -> str:
    """The stages as the Markdown table printed by `stages` and in the dataset card."""
    lines = ["| stage | reads | adds | uses |", "|---|---|---|---|"]
    for s in stages:
        uses = ", ".join(f"{tool}={_in_words(value)}" for tool, value in s.tools.items())
        lines.append(f"| {s.name} | {', '.join(s.needs)} | {', '.join(s.adds)} | {uses} |")
    return "\n".join(lines)


def _in_words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@functools.cache
def code_hash(root: Path = ROOT) -> str:
    """sha256 over all code, prompts and word lists of dataset_builder and kg. Sample data are an input, not code."""
    files = [f for part in ("dataset_builder", "kg") for f in sorted((root / part).rglob("*")) if f.suffix in CODE]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
