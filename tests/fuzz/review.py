"""What raters send back, through `review-import` up to the rows; every third content is read as the study's key."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset_builder.configs import CONFIGS
from dataset_builder.publishing.reviews.config import write_rows
from dataset_builder.review.key import ReviewError, read_key
from dataset_builder.review.records import read_files
from dataset_builder.review.rows import merged, rows_of
from tests.fuzz.border import Border
from tests.support.reviews import records


def key() -> dict[str, Any]:
    """The key of a study of two folders, three cases and one rater."""
    texts = [
        [{"side": side, "id": f"q{n}", "text_hash": f"{n}{side}".rjust(64, "0"), "steps": n} for side in "ab"]
        for n in (1, 2, 3)
    ]
    folder = {"folder": "x", "pipeline": "p", "content_hash": "0" * 64}
    items = [{"item": n, "id": f"q{n}", "texts": some} for n, some in enumerate(texts, 1)]
    return {
        "version": "1",
        "study": "s",
        "seed": 0,
        "folders": {"a": folder, "b": folder},
        "raters": {"rater-1": items},
    }


def seeds() -> Sequence[bytes]:
    """A rater's file, and the key in one line."""
    lines = [json.dumps(record) for record in records(key(), "rater-1")]
    return ["\n".join(lines).encode(), json.dumps(key()).encode()]


def read(data: bytes, folder: Path) -> None:
    """Read it as both; whatever rows come can be written."""
    is_key = int(hashlib.sha256(data).hexdigest()[:8], 16) % 3 == 0
    (folder / "key.json").write_bytes(data if is_key else seeds()[1])
    (folder / "rater-1.jsonl").write_bytes(seeds()[0] if is_key else data)
    if data in seeds():
        return
    found = read_key(folder / "key.json")
    files = read_files([folder / "rater-1.jsonl"], found)
    for side in found.folders:
        rows = rows_of(files, found, side)
        assert all(row.keys() == CONFIGS["reviews"].columns.keys() for row in rows)
        both = merged(rows[:1], rows, ["rater-1"], found.study)
        assert len(both.rows) == len(rows) and not both.changed
        write_rows(folder / "reviews.parquet", both.rows)


BORDER = Border("review", "jsonl", seeds, read, (ReviewError,))
