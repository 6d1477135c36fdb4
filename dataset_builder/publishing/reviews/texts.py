"""The texts of a folder that can be judged: its published rationales, with the ids of the config `steps`, and their hashes."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dataset_builder.publishing.layout import question_files, read_rows
from dataset_builder.publishing.learning.steps import rationales_of


def judged_texts(question: Mapping[str, Any]) -> dict[str, str]:
    """The published rationales of a question's row by id: the question's own, or `<question id>#<k>` as in the config `cot`."""
    return {id_: rationale["text"] for id_, _, rationale in rationales_of(question) if rationale["text"]}


def published_rows(folder: Path, manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The published questions of a folder, batch by batch."""
    return read_rows(*(folder / file for file in question_files(manifest).get("train", ())))


def texts_of(folder: Path, manifest: Mapping[str, Any], ids: set[str]) -> dict[str, str]:
    """The texts with these ids that the folder publishes; one that it does not publish is left out."""
    questions = {id_.partition("#")[0] for id_ in ids}
    found: dict[str, str] = {}
    for row in published_rows(folder, manifest):
        if row["id"] in questions:
            found |= {id_: text for id_, text in judged_texts(row).items() if id_ in ids}
    return found


def text_hash(text: str) -> str:
    """sha256 of a text in UTF-8, as 64 hexadecimal digits. Half characters, which UTF-8 does not have, are encoded too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
