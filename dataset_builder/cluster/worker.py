"""What a process of the cluster does: it applies a stage to a block of rows. It knows nothing of Ray, and opens no answer store."""

import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from dataset_builder.answer_store.in_memory import AnswersInMemory
from dataset_builder.apply import apply_to_live_arrow, apply_to_live_rows
from dataset_builder.row import features
from dataset_builder.stage import DETAIL, REJECTED, Stage
from dataset_builder.stage_code import code_hash
from kg import KG, GraphError

PACKAGES = ("datasets", "numba", "numpy", "pyahocorasick", "pyarrow", "spacy")  # that rows depend on


class ClusterError(RuntimeError):
    """A cluster that cannot be used, or that could not finish; the message says what was found, expected, and what to do."""


@dataclass(frozen=True)
class SentStage:
    """A stage as it is sent: where it is defined, what it was given, and the hash of this project's code.

    A function that is sent by its value would be another one in each process.
    """

    module: str
    name: str
    needs: tuple[str, ...]
    optional: tuple[str, ...]
    tools: Mapping[str, Any]
    code: str

    @classmethod
    def of(cls, stage: Stage) -> "SentStage":
        """Raises ValueError for a stage that no other process can import."""
        module = stage.fn.__module__
        if not isinstance(getattr(sys.modules[module], stage.name, None), Stage) or module == "__main__":
            raise ValueError(
                f"stage {stage.name!r} of {module} cannot be sent to a cluster; expected one that stands in a module, under its function's name"
            )
        return cls(module, stage.name, stage.needs, stage.optional, stage.tools, code_hash())

    def stage(self) -> Stage:
        """The stage in this process. Raises ClusterError where its code is another one: a node may have joined after the others were looked at."""
        if code_hash() != self.code:
            raise ClusterError(
                f"node {platform.node()} has another copy of this project's code; expected the same checkout on every node (docs/ray.md)"
            )
        found = getattr(importlib.import_module(self.module), self.name)
        return replace(found, needs=self.needs, optional=self.optional, tools=dict(self.tools))


def apply_to_block(stage: Stage, rows: pa.Table, batch_size: int, answers: pa.Table | None) -> list[pa.Table]:
    """The columns that the stage adds, and the two by which it rejects rows: a table for each ``batch_size`` rows, as `datasets.map` makes them.

    ``answers``: of a stage that asks a model, the answers to all requests of these rows (answer_store/in_memory.py).
    """
    store = None if answers is None else AnswersInMemory(answers)
    schema = features([*stage.adds, REJECTED, DETAIL]).arrow_schema
    done = []
    for start in range(0, len(rows), batch_size):
        batch = rows.slice(start, batch_size)
        if stage.arrow:
            done.append(apply_to_live_arrow(batch, stage).select(schema.names).cast(schema))
        else:
            done.append(pa.Table.from_pydict(apply_to_live_rows(batch.to_pydict(), stage, store), schema=schema))
    return done


@dataclass(frozen=True)
class Node:
    """What a node of the cluster computes with: its Python and packages, its copy of this project, and the graph as it reads it."""

    name: str
    versions: Mapping[str, str]
    code: str
    graph: str

    def differs(self, own: "Node") -> list[str]:
        """In what it differs from the node of the build, in words."""
        faults = [
            f"{name} {version}, not {own.versions[name]}"
            for name, version in self.versions.items()
            if version != own.versions[name]
        ]
        faults += ["another copy of this project's code"] if self.code != own.code else []
        return faults + ([self.graph or "another graph"] if self.graph != own.graph else [])


def node_facts(kg: KG | None) -> Node:
    """The facts of the node on which it runs. A graph that cannot be read is a fact too: why not, in words."""
    versions = {"Python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}
    graph = ""
    if kg:
        try:
            graph = KG.load(kg.path, kg.embedder).digest
        except (GraphError, OSError) as why:
            graph = str(why)
    return Node(platform.node(), versions, code_hash(), graph)
