"""The rows of a Dataset as Arrow tables of a few hundred rows, and which of them have a value."""

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset

from dataset_builder.publishing.layout import BATCH

MAPPED = 250_000_000  # bytes of mapped files that are read before they are given back


def tables(rows: Dataset, size: int = BATCH) -> Iterator[pa.Table]:
    """The rows, in their order, ``size`` at a time, each column in one chunk: a Dataset with selected rows has a chunk per row.

    Such chunks made the writing of parquet several times as slow.
    """
    opened, read = rows, 0
    for start in range(0, len(rows), size):
        if rows.cache_files and (start == 0 or read > MAPPED):
            opened, read = _opened_again(rows), 0
        arrow: Any = opened.with_format("arrow")  # typed as if it gave a dict
        table = arrow[start : start + size].combine_chunks()
        read += table.nbytes
        yield table


def _opened_again(rows: Dataset) -> Dataset:
    """The same rows through mappings of their own, since a copy by pickle has the names of mapped files, not their content.

    What was read through a mapping counts as this process's memory until the mapping ends.
    """
    return pickle.loads(pickle.dumps(rows))


def has_value(rows: Dataset, column: str) -> np.ndarray:
    """Of every row, whether this column is not null: a mask of one byte per row, without a Python object per cell."""
    masks = [table[column].is_valid().to_numpy() for table in tables(rows.select_columns([column]))]
    return np.concatenate(masks) if masks else np.zeros(0, bool)
