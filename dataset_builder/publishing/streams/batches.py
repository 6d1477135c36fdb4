"""The rows of a Dataset as Arrow tables of a few hundred rows, and which of them have a value."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset

from dataset_builder import mapped
from dataset_builder.publishing.layout import BATCH


def tables(rows: Dataset, size: int = BATCH) -> Iterator[pa.Table]:
    """The rows, in their order, ``size`` at a time, each column in one chunk: a Dataset with selected rows has a chunk per row.

    Such chunks made the writing of parquet several times as slow.
    """
    read = 0
    arrow: Any = rows.with_format("arrow")  # typed as if it gave a dict
    for start in range(0, len(rows), size):
        if rows.cache_files and read > mapped.MAPPED:
            mapped.release(mapped.folder_of(rows))
            read = 0
        table = arrow[start : start + size].combine_chunks()
        read += table.nbytes
        yield table


def has_value(rows: Dataset, column: str) -> np.ndarray:
    """Of every row, whether this column is not null: a mask of one byte per row, without a Python object per cell."""
    masks = [table[column].is_valid().to_numpy() for table in tables(rows.select_columns([column]))]
    return np.concatenate(masks) if masks else np.zeros(0, bool)
