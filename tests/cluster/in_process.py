"""A cluster of one process, this one: what a task gets is pickled as for another, and blocks are done in reverse order."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pyarrow as pa

from dataset_builder.cluster.cluster import Block, Cluster
from dataset_builder.cluster.worker import SentStage, apply_to_block
from dataset_builder.stage import Stage


class Killed(Exception):
    """The build that uses the cluster is no more."""


class InProcess:
    """``most``: after so many blocks the build is killed. ``blocks``: those that were done, with their stages."""

    def __init__(self, most: int = 10**9) -> None:
        self.most = most
        self.blocks: list[tuple[str, int]] = []

    def apply(
        self, stage: Stage, key: str, blocks: Sequence[int], block: Callable[[int], Block], batch_size: int
    ) -> Iterator[tuple[int, list[pa.Table]]]:
        sent: Any = pickle.dumps(SentStage.of(stage))
        for start in reversed(blocks):
            if len(self.blocks) == self.most:
                raise Killed
            rows, answers = pickle.loads(pickle.dumps(block(start)))
            self.blocks.append((stage.name, start))
            yield start, apply_to_block(pickle.loads(sent).stage(), rows, batch_size, answers)


def cluster(most: int = 10**9) -> tuple[InProcess, Cluster]:
    """It, and the same as `run` takes it."""
    one = InProcess(most)
    return one, cast(Cluster, one)
