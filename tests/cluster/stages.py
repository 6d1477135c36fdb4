"""Stages for the tests of clusters: a process of the cluster must be able to import them."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from dataset_builder.stage import stage


class Opened:
    """A tool that a process opens, as it does a graph; ``log``: each batch adds a line with its process and its first row."""

    def __init__(self, seconds: float = 0.0, log: Path | None = None) -> None:
        self.seconds, self.log = seconds, log

    def open(self) -> None:
        """Nothing to do."""


@stage(needs="id question", adds="tier")
def repeat(batch, tool: Opened):
    time.sleep(tool.seconds)
    if tool.log:
        with tool.log.open("a") as log:
            log.write(f"{os.getpid()} {batch['id'][0]}\n")
    return {
        "tier": [question * 2 for question in batch["question"]],
        "rejected_because": ["no_path" if question.endswith("7") else None for question in batch["question"]],
        "rejected_detail": [None] * len(batch["question"]),
    }


@stage(needs="tier", adds="unfound_mentions", arrow=True)
def shout(batch: pa.Table, tool: Opened):
    upper = pc.call_function("utf8_upper", [batch["tier"]]).combine_chunks()
    return {"unfound_mentions": pa.ListArray.from_arrays(range(len(upper) + 1), upper)}


@stage(needs="reference_rationale", adds="rationale")
def as_rationale(batch):
    return {"rationale": batch["reference_rationale"]}
