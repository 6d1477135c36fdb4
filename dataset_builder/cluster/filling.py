"""Fill the cache of a stage by a cluster: afterwards the result lies where `datasets.map` would have put it, and looks the same."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from datasets import Dataset, Features
from datasets.utils import tqdm

from dataset_builder.answer_store.in_memory import table_of
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.cluster.cluster import Block, Cluster
from dataset_builder.cluster.results import Results
from dataset_builder.llm.heard import Heard, HeardRow
from dataset_builder.llm.model import keys_in
from dataset_builder.mapped import folder_of, release
from dataset_builder.stage import Stage

BLOCK_ROWS = 256  # of a block at least. The same on every cluster: what one has done, another need not do again
RELEASE_BLOCKS = 80  # after so many the driver lets go of the pages that it has read


@dataclass(frozen=True)
class RowAnswers:
    """The answers in a store to the requests of each row of a stage, by the row's number. What was heard is read when it is first asked for."""

    store: AnswerStore
    heard: Heard

    @functools.cached_property
    def rows(self) -> Mapping[int, HeardRow]:
        """What each row's conversation has heard."""
        return self.heard.read()

    def table(self, start: int, stop: int) -> pa.Table:
        """The answers to the requests of these rows (answer_store/in_memory.py)."""
        heard = (self.rows[number].keys for number in range(start, stop) if number in self.rows)
        return table_of(self.store, [*dict.fromkeys(key for keys in heard for key in keys_in(keys))])


def is_heavy(stage: Stage) -> bool:
    """Whether a stage has enough to do for rows to be sent: it reads a graph, claims, or the replies of models. Others take microseconds a row."""
    return stage.asks_model or any(hasattr(tool, "open") for tool in stage.tools.values())


def fill_cache(
    cluster: Cluster,
    stage: Stage,
    rows: Dataset,
    key: str,
    types: Features,
    batch_size: int,
    answers: RowAnswers | None = None,
) -> None:
    """Apply a stage to the rows, unless its result is in the cache under this key. ``answers``: of a stage that asks a model.

    The rows of a batch stay together, as in `datasets.map`. A block's result is a file beside the cache until all are there, so that
    a build that was killed goes on where it was.
    """
    folder = folder_of(rows)
    if (path := folder / f"cache-{key}.arrow").exists():
        return
    size, results = -(-BLOCK_ROWS // batch_size) * batch_size, Results(folder / f"blocks-{key}")
    starts, seen = range(0, len(rows), size), rows.with_format("arrow")

    def block(start: int) -> Block:
        stop = min(start + size, len(rows))
        return seen[start:stop], answers and answers.table(start, stop)

    missing = results.missing(starts)
    done = len(rows) - sum(min(size, len(rows) - start) for start in missing)
    with tqdm(total=len(rows), initial=done, desc=stage.name, unit=" examples") as bar:
        for number, (start, tables) in enumerate(cluster.apply(stage, key, missing, block, batch_size)):
            results.keep(start, tables)
            bar.update(sum(map(len, tables)))
            if number % RELEASE_BLOCKS == 0:
                release(folder)
    results.write(starts, path, types, key)
