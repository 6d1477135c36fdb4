"""Run a pipeline: apply its stages to the rows, one after the other, and cache each result under its inputs."""

import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
from datasets import Dataset, Features
from datasets.fingerprint import Hasher

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.apply import apply_to_live_arrow, apply_to_live_rows
from dataset_builder.llm.heard import Heard
from dataset_builder.llm.runner import Runner
from dataset_builder.llm.usage import Usage
from dataset_builder.mapped import contents, folder_of, joined, release
from dataset_builder.row import features
from dataset_builder.stage import DETAIL, REJECTED, Stage, bind
from dataset_builder.stage_code import stage_hash

if TYPE_CHECKING:
    from dataset_builder.cluster.cluster import Cluster

ARROW_BATCH = 1000  # rows; a stage on Arrow tables spends its time per batch, not per row
RELEASE_ROWS = 20_000  # after so many a stage lets go of the pages that it has read
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
    cluster: "Cluster | None" = None,
) -> tuple[Dataset, list[StageRun]]:
    """Apply the stages in order to rows on disk. Returns the rows, and what each stage did.

    For a stage that asks a model, all answers are first fetched into the store; then the stage is mapped over the rows. So `map`
    never waits for a network and cannot lose a paid answer. A stage's result is a file with the columns that it adds, and why rows
    are rejected; `joined` puts it beside the others. The cache key covers the content of the columns that the stage reads, the stage,
    its tools, the source files that it can reach, the columns' types, and the answers: an edit or a new answer is never ignored
    (`map` by itself fingerprints an imported function by its name only), and an edit that changes no value rebuilds no later stage.
    ``cluster``: applies those stages that have enough to do. What it has made lies in the same cache, so that a build can go on without it.
    Raises ValueError where a stage asks a model and there is no runner, or adds a column that row.py does not declare; WorkerDied.
    """
    stages = bind(rows.column_names, stages)
    if runner is None and (asking := [s.name for s in stages if s.asks_model]):
        raise ValueError(f"the stages {asking} ask a model; expected runner=Runner(store, …)")
    # raises for a column that is not declared: here, before anything is paid
    types = features([*rows.column_names, *(column for s in stages for column in s.adds)])
    return _applied(rows, stages, runner, num_proc, batch_size, cluster) if len(rows) else _without_rows(stages, types)


def _applied(
    rows: Dataset,
    stages: Sequence[Stage],
    runner: Runner | None,
    num_proc: int | None,
    batch_size: int,
    cluster: "Cluster | None",
) -> tuple[Dataset, list[StageRun]]:
    """The stages one after the other; the columns that each adds are a file of its own."""
    runs, before, folder = [], reasons(rows), folder_of(rows)
    where, content = dict.fromkeys(rows.column_names, rows), dict.fromkeys(rows.column_names, rows._fingerprint)
    for s in stages:
        started, there = time.perf_counter(), set(folder.iterdir())
        reads = [*dict.fromkeys(["id", *s.needs, REJECTED, DETAIL])]
        seen = joined({name: where[name] for name in reads})
        types = features(writes := [*s.adds, REJECTED, DETAIL])
        facts = (*((name, content[name]) for name in reads), s.name, s.tools, stage_hash(s), str(types))
        heard = Heard(folder / f"heard-{Hasher.hash((*facts, *_packages()))}.bin")
        digest, usage = runner.fetch_answers(s, seen, heard) if runner and s.asks_model else ("", None)
        key = Hasher.hash((*facts, digest))
        how = {"features": types, "new_fingerprint": key, "desc": s.name, "remove_columns": reads}
        if cluster:
            _fill_cache(cluster, s, seen, key, types, _rows_of_batch(s, batch_size), (runner, heard))
        workers = num_proc if s.tools and not cluster else None  # starting them costs more than a stage without tools
        done = _map(seen, s, runner.store if runner and s.asks_model else None, batch_size, workers, how)
        where |= dict.fromkeys(writes, done)
        content |= contents(done, writes, key)
        cached = {Path(file["filename"]) for file in done.cache_files} <= there
        rejected, before = dict((after := reasons(done)) - before), after
        release(folder)
        runs.append(StageRun(s.name, time.perf_counter() - started, cached, usage, rejected))
    rows = joined(where)
    rows._fingerprint = Hasher.hash(sorted(content.items()))
    return rows, runs


def _packages() -> tuple[str, int]:
    """Python, and when a package was last installed: prompts, and what is said of a reply of the wrong form, come from packages too."""
    return sys.version, Path(sysconfig.get_path("purelib")).stat().st_mtime_ns


def _without_rows(stages: Sequence[Stage], types: Features) -> tuple[Dataset, list[StageRun]]:
    """The result of no rows: `map` would not add a column to them."""
    rows = Dataset.from_dict({name: [] for name in types}, features=types)
    return rows, [StageRun(s.name, 0.0, False, Usage() if s.asks_model else None) for s in stages]


def _map(
    rows: Dataset, stage: Stage, store: AnswerStore | None, batch_size: int, num_proc: int | None, how: dict[str, Any]
) -> Dataset:
    """Dataset.map with what a stage on Arrow tables, or one on rows, needs."""
    size = _rows_of_batch(stage, batch_size)
    if stage.arrow:
        apply, facts = apply_to_live_arrow, {"stage": stage}
    else:
        apply, facts = apply_to_live_rows, {"stage": stage, "store": store}
    facts |= {"apply": apply, "folder": folder_of(rows)}
    rows = rows.with_format("arrow" if stage.arrow else None)
    try:
        done = rows.map(
            _apply, fn_kwargs=facts, with_indices=True, batched=True, batch_size=size, num_proc=num_proc, **how
        )
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


def _rows_of_batch(stage: Stage, batch_size: int) -> int:
    return max(batch_size, ARROW_BATCH) if stage.arrow else batch_size


def _fill_cache(
    cluster: "Cluster",
    stage: Stage,
    rows: Dataset,
    key: str,
    types: Features,
    batch_size: int,
    heard_by: tuple[Runner | None, Heard],
) -> None:
    """Have the cluster make what `_map` then finds in the cache."""
    from dataset_builder.cluster.filling import RowAnswers, fill_cache, is_heavy

    runner, heard = heard_by
    if is_heavy(stage):
        answers = RowAnswers(runner.store, heard) if runner and stage.asks_model else None
        fill_cache(cluster, stage, rows, key, types, batch_size, answers)


def _apply(batch: Any, numbers: Sequence[int], *, apply: Callable[..., Any], folder: Path, **facts: Any) -> Any:
    """The function that is mapped. Now and then it lets go of the pages of the rows before."""
    if numbers[0] % RELEASE_ROWS < len(numbers):
        release(folder)
    return apply(batch, **facts)


def reasons(rows: Dataset) -> Counter[str]:
    """The number of rejected rows per reason code."""
    table = rows.select_columns(REJECTED).with_format("arrow")[:]
    counts = pc.call_function("value_counts", [table[REJECTED].drop_null()])
    return Counter({count["values"]: count["counts"] for count in counts.to_pylist()})
