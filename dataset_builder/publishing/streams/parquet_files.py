"""Write rows to parquet as `Dataset.to_parquet` does, but from a stream, and in several files where one would be too large.

`Dataset.to_parquet` needs the number and the size of all rows before the first is written, and writes selected rows as a chunk each, which
takes several times as long. Where the pages of a file begin depends on such chunks: so small builds are left to it, and keep their bytes.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, config
from datasets.arrow_writer import get_parquet_column_options

from dataset_builder.publishing.layout import data_file
from dataset_builder.publishing.streams.batches import tables

ROW_GROUP = 100_000_000  # bytes of Arrow in a row group, as `datasets` has them: who reads a row decodes so much
SMALL = 10_000  # rows
FILE = 500_000_000  # bytes after which a file ends; `push_to_hub` of `datasets` takes the same


def is_small(rows: Dataset) -> bool:
    """Whether `Dataset.to_parquet` writes these rows as one row group, and their chunks take little memory."""
    return len(rows) <= SMALL and rows.data.nbytes * len(rows) <= ROW_GROUP * len(rows.data)


def write_file(file: Path, rows: Dataset) -> None:
    """Write the rows to one parquet file, however large it becomes."""
    if is_small(rows):
        file.parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(file)
        return
    writer = ParquetFile(file, rows.features)
    for table in tables(rows):
        writer.add(table)
    writer.close()


class ParquetFile:
    """A parquet file that is written in row groups of at most ROW_GROUP bytes (a single larger table is one group)."""

    def __init__(self, file: Path, features: Features) -> None:
        self.file = file
        self._waiting: list[pa.Table] = []
        self._bytes = 0  # of the tables that wait
        file.parent.mkdir(parents=True, exist_ok=True)
        schema, cdc = features.arrow_schema, config.DEFAULT_CDC_OPTIONS
        options = get_parquet_column_options(features, schema)
        self._writer = pq.ParquetWriter(
            file, schema, use_content_defined_chunking=cdc, write_page_index=True, **options
        )

    def add(self, table: pa.Table) -> None:
        """Take in rows, of these columns in this order."""
        if self.is_full_with(table):
            self._write_group()
        self._waiting.append(table)
        self._bytes += table.nbytes

    def is_full_with(self, table: pa.Table) -> bool:
        """Whether these rows belong to the next row group."""
        return bool(self._waiting) and self._bytes + table.nbytes > ROW_GROUP

    def close(self) -> None:
        """Write what waits, and end the file."""
        self._write_group()
        self._writer.add_key_value_metadata({"content_defined_chunking": json.dumps(config.DEFAULT_CDC_OPTIONS)})
        self._writer.close()

    def _write_group(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting).combine_chunks())
        self._waiting, self._bytes = [], 0


class ParquetFiles:
    """The files of one split of one config. None has its name before `close`, since a name tells how many there are."""

    def __init__(self, folder: Path, split: str, place: str, features: Features) -> None:
        """Begin the first file of ``folder/place``."""
        self._folder, self._split, self._place, self._features = folder, split, place, features
        self._drafts: list[Path] = []
        self._last = self._begin()

    def add(self, table: pa.Table) -> None:
        """Take in rows, of these columns in this order."""
        if self._last.is_full_with(table) and self._last.file.stat().st_size >= FILE:
            self._last.close()
            self._last = self._begin()
        self._last.add(table)

    def close(self) -> None:
        """End the last file, and give all of them their names."""
        self._last.close()
        for number, draft in enumerate(self._drafts):
            draft.rename(self._folder / data_file(self._split, self._place, number, len(self._drafts)))

    def _begin(self) -> ParquetFile:
        self._drafts.append(self._folder / self._place / f".{self._split}-{len(self._drafts):05}")
        return ParquetFile(self._drafts[-1], self._features)
