"""The rows of several parts as one memory-mapped Dataset, in the order of their positions in the whole."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, concatenate_datasets

from dataset_builder.publishing.layout import batches_of


@contextlib.contextmanager
def scratch(out: Path) -> Iterator[Path]:
    """A folder on the disk of ``out``, for copies of all rows; it is deleted at the end."""
    there = out.resolve().parent
    there.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=there, prefix=f".{out.name}.{os.getpid()}.", suffix=".tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_order(copies: Sequence[Dataset], positions: Sequence[np.ndarray]) -> Dataset:
    """The rows of all of these, sorted by their positions."""
    return concatenate_datasets(list(copies)).select(np.argsort(np.concatenate(positions)))


def copied(files: Sequence[Path], copy: Path) -> Dataset:
    """The rows of parquet files in one Arrow file, which is mapped, not read; a batch is in memory. Raises ArrowException, OSError."""
    schema = Features.from_arrow_schema(pq.read_schema(files[0])).arrow_schema
    with pa.ipc.new_stream(copy, schema) as writer:
        for file in files:
            with pq.ParquetFile(file) as parquet:
                for batch in batches_of(parquet):
                    writer.write_table(pa.Table.from_batches([batch]).cast(schema))
    return Dataset.from_file(str(copy))
