"""A Ray cluster that applies stages to blocks of rows. Rows, answers and results flow as Arrow tables; nothing is read from a shared disk.

Only the driver, the process of the build, has the rows' files, the answer store, and the keys of model endpoints: it asks the models, at one pace and
under one cap, and sends the workers the answers. A block is a task without side effects, so that one whose worker or node is gone is done
again elsewhere, and workers that join later get blocks too.
"""

import contextlib
import functools
import importlib
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dataset_builder.cluster.worker import ClusterError, Node, SentStage, apply_to_block, node_facts
from dataset_builder.stage import Stage

if TYPE_CHECKING:
    from kg import KG

LOCAL = "local"
AGAIN = 3  # times that a block is done again whose worker was killed: one that fills the memory must not kill for ever
AHEAD = 2  # blocks that are sent per CPU of the cluster, so that none waits for the driver
CONNECT_S = 10.0
LOOK_S = 5.0  # seconds until the CPUs of the cluster are counted again: nodes come and go
Block = tuple[pa.Table, pa.Table | None]  # rows, and the answers of a stage that asks a model


class Cluster:
    """The cluster at this address, or ``local``: one of this machine's own. A context manager.

    ``workers``: blocks that are worked on at once at most; None: as many as the cluster has CPUs.
    """

    def __init__(self, address: str, workers: int | None = None) -> None:
        self.address, self.workers = address, workers
        self._looked, self._cpus = 0.0, 0

    def __enter__(self) -> "Cluster":
        ray = _ray()
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to its makers unless the user wants it
        more: dict[str, Any] = {"address": self.address}
        if self.address == LOCAL:
            more |= {"num_cpus": self.workers or os.cpu_count(), "include_dashboard": False}
        else:
            self._expect_answer()
        try:
            ray.init(**more, logging_level=logging.WARNING)
        except (ConnectionError, ValueError, RuntimeError) as why:
            raise self._unusable(str(why)) from why
        return self

    def _expect_answer(self) -> None:
        """Raise ClusterError where nothing listens at the address: Ray itself would end this process."""
        host, _, port = self.address.rpartition(":")
        if not host or not port.isdecimal() or "/" in host:
            raise self._unusable("it is no host:port")
        try:
            socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
        except (OSError, OverflowError) as why:
            raise self._unusable(f"nothing answers there: {why}") from why

    def _unusable(self, why: str) -> ClusterError:
        return ClusterError(
            f"the cluster at {self.address} cannot be used ({why}); expected --ray local (make: RAY=local), or the address host:port that "
            "`ray start --head` prints"
        )

    def __exit__(self, *_: object) -> None:
        _ray().shutdown()

    def expect_equal(self, kg: "KG | None" = None) -> None:
        """Raise ClusterError unless every node has the Python, code and packages of this process, and reads the same graph."""
        ray = _ray()
        on_node = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        task = ray.remote(num_cpus=0, max_retries=1)(node_facts)
        nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        if not nodes:
            raise self._unusable("no node of it has a CPU for tasks: `ray start --address=…` adds one")
        with self._errors("the nodes were looked at"):
            found: list[Node] = ray.get(
                [task.options(scheduling_strategy=on_node(node, soft=False)).remote(kg) for node in nodes]
            )
        own = node_facts(kg)
        if faults := [f"{node.name}: {fault}" for node in found for fault in node.differs(own)]:
            raise ClusterError(
                f"{len(faults)} of {len(found)} nodes cannot work on this build: {'; '.join(sorted(set(faults)))}. Expected the same checkout, "
                "packages and files on every node (docs/ray.md)"
            )

    def apply(
        self, stage: Stage, key: str, blocks: Sequence[int], block: Callable[[int], Block], batch_size: int
    ) -> Iterator[tuple[int, list[pa.Table]]]:
        """Apply a stage to these blocks: yields each with its result, in the order in which they are done.

        ``key``: of the stage and its tools, which a process opens once; ``block``: makes a block, when there is room for it. Raises
        ClusterError, and what the stage raises.
        """
        ray = _ray()
        sent, waiting = [ray.put(SentStage.of(stage))], list(reversed(blocks))
        task = ray.remote(num_cpus=1, max_retries=AGAIN, scheduling_strategy="SPREAD")(_apply)
        running: dict[Any, int] = {}
        with self._errors(f"stage {stage.name}"):
            while waiting or running:
                while waiting and len(running) < self._room():
                    start = waiting.pop()
                    running[task.remote(key, sent, *block(start), batch_size)] = start
                for done in ray.wait([*running], timeout=LOOK_S)[0]:
                    yield running.pop(done), ray.get(done)

    def _room(self) -> int:
        """How many blocks may be on their way."""
        if time.monotonic() - self._looked > LOOK_S:
            self._looked, self._cpus = time.monotonic(), int(_ray().cluster_resources().get("CPU", 0))
        cpus = max(1, self._cpus)
        return AHEAD * cpus if self.workers is None or self.address == LOCAL else min(self.workers, AHEAD * cpus)

    @contextlib.contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        """Raise what a task raised as it was, and ClusterError for what befell the cluster."""
        errors = _ray().exceptions
        try:
            yield
        except errors.RayTaskError as why:
            cause = why.cause
            while isinstance(cause, errors.RayTaskError):
                cause = cause.cause
            raise cause if isinstance(cause, Exception) else why from why
        except errors.RayError as why:
            said = str(why).strip().splitlines()[0]
            raise ClusterError(
                f"{doing}: the cluster at {self.address} could not finish ({type(why).__name__}: {said}). Nothing is lost: run the same "
                "command again. Where workers are killed because the memory is full, with fewer of them: --num-proc (make: NUM_PROC)"
            ) from why


@functools.lru_cache(maxsize=2)
def _opened(key: str, sent: Any) -> Stage:
    """The stage of this key, in a worker. A graph that it opens stays open in the process, for the next stage too."""
    return _ray().get(sent).stage()


def _apply(key: str, sent: list[Any], rows: pa.Table, answers: pa.Table | None, batch_size: int) -> list[pa.Table]:
    """The task. ``sent``: in a list, since Ray would unpack the stage for every block otherwise."""
    return apply_to_block(_opened(key, sent[0]), rows, batch_size, answers)


def _ray() -> Any:
    """Ray, which is imported only for builds that use it. Raises ClusterError where it is not installed."""
    try:
        return importlib.import_module("ray")
    except ImportError as why:
        raise ClusterError(
            f"{why}; expected the package ray: `make ray` installs it, `pip install .[ray]` elsewhere, or leave --ray (make: RAY) out"
        ) from why
