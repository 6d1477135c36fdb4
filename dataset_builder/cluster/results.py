"""The results of one stage's blocks as files, until all are there: a build that is begun again does the missing ones."""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
from datasets import Features
from datasets.arrow_writer import ArrowWriter

WRITER_ROWS = 1000  # of a record batch, as `datasets.map` has them


class Results:
    """The files of a stage in this folder: one per block, named after the number of its first row."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def missing(self, starts: Iterable[int]) -> list[int]:
        """Those of these blocks that have no whole file: one that was cut by a machine that went down is none."""
        return [start for start in starts if not _is_whole(self._file(start))]

    def keep(self, start: int, tables: Sequence[pa.Table]) -> None:
        """Keep a block's result. It is there whole or not at all."""
        file = self._file(start)
        draft = file.with_suffix(f".{os.getpid()}")
        with pa.OSFile(str(draft), "wb") as sink, pa.ipc.new_file(sink, tables[0].schema) as writer:
            for table in tables:
                writer.write_table(table.combine_chunks())
        draft.replace(file)

    def write(self, starts: Iterable[int], path: Path, features: Features, fingerprint: str) -> None:
        """Make one Arrow file of all blocks in this order, as `datasets.map` writes its cache; then delete the folder."""
        draft = path.with_suffix(f".{os.getpid()}")
        with ArrowWriter(
            features=features, path=str(draft), writer_batch_size=WRITER_ROWS, fingerprint=fingerprint
        ) as writer:
            for start in starts:
                with pa.OSFile(str(self._file(start))) as source:
                    blocks = pa.ipc.open_file(source)
                    for number in range(blocks.num_record_batches):
                        writer.write_table(pa.Table.from_batches([blocks.get_batch(number)]))
            writer.finalize()
        draft.replace(path)
        shutil.rmtree(self.folder)

    def _file(self, start: int) -> Path:
        return self.folder / f"{start}.arrow"


def _is_whole(file: Path) -> bool:
    try:
        with pa.OSFile(str(file)) as source:
            pa.ipc.open_file(source)
    except (FileNotFoundError, pa.ArrowInvalid):
        return False
    return True
