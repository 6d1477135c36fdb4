"""The bytes of an exported answer store, through `store import` and what `verify` says of its entries."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_builder.answer_store.parquet_files import SCHEMA, damaged, import_, stats
from dataset_builder.answer_store.store import AnswerStore, StoreError
from dataset_builder.llm.replay import has_answer
from tests.fuzz.border import Border
from tests.fuzz.store import KEYS, entries


def seeds() -> Sequence[bytes]:
    """An export as it is written, and one that is not compressed, so that mutations reach its values."""
    rows = [{**e._asdict(), "checksum": e.checksum} for e in entries()]
    table, files = pa.Table.from_pylist(rows, schema=SCHEMA), []
    with tempfile.TemporaryDirectory() as folder:
        for compression, dictionary in (("zstd", True), ("none", False)):
            pq.write_table(table, f"{folder}/a.parquet", compression=compression, use_dictionary=dictionary)
            files.append(Path(folder, "a.parquet").read_bytes())
    return files


def read(data: bytes, folder: Path) -> None:
    """Import it into an empty store; whatever was taken is a possible answer."""
    file = folder / "a.parquet"
    file.write_bytes(data)
    for name in ("s.sqlite", "s.sqlite-wal", "s.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    store = AnswerStore(folder / "s.sqlite")
    try:
        import_(store, file, has_answer, [])
        damaged(file)
        for known in store.find(KEYS).values():
            assert 0 <= known.usd <= 1e6 and 0 <= known.lost_usd == 0
        stats(store)
    finally:
        store.close()


BORDER = Border("store_import", "bytes", seeds, read, (StoreError,))
