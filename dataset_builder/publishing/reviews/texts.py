"""The texts of a folder that can be judged: its published rationales, with the ids of the config `steps`, and their hashes."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dataset_builder.agreement.reviews import question_of
from dataset_builder.publishing.layout import batches_of, question_files
from dataset_builder.publishing.learning.steps import rationales_of

TEXTS = ("id", "rationale", "verdict", "rationales", "responses")  # the columns that say what was published


def judged_texts(question: Mapping[str, Any]) -> dict[str, str]:
    """The published rationales of a question's row by id: the question's own, or `<question id>#<k>` as in the config `cot`."""
    return {id_: rationale["text"] for id_, _, rationale in rationales_of(question) if rationale["text"]}


def published_rows(
    folder: Path, manifest: Mapping[str, Any], columns: Sequence[str] = TEXTS
) -> Iterator[dict[str, Any]]:
    """The published questions of a folder, batch by batch, with those of these columns that it has."""
    there = [name for name in columns if name in manifest["columns"]]
    for file in question_files(manifest).get("train", ()):
        with pq.ParquetFile(folder / file) as parquet:
            for batch in batches_of(parquet, columns=there):
                yield from batch.to_pylist()


def texts_of(folder: Path, manifest: Mapping[str, Any], ids: set[str]) -> dict[str, str]:
    """The texts with these ids that the folder publishes; one that it does not publish is left out."""
    questions = {question_of(id_) for id_ in ids}
    found: dict[str, str] = {}
    for row in published_rows(folder, manifest):
        if row["id"] in questions:
            found |= {id_: text for id_, text in judged_texts(row).items() if id_ in ids}
    return found


def text_hash(text: str) -> str:
    """sha256 of a text in UTF-8, as 64 hexadecimal digits. Half characters, which UTF-8 does not have, are encoded too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
