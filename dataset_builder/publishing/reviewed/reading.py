"""The reviews of a dataset folder, and what its rows say of the reviewed texts: verdict, labels of steps, relevance of the paths."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dataset_builder.agreement.experts import Key, Machine
from dataset_builder.agreement.reviews import question_of
from dataset_builder.publishing.layout import batches_of, data_files, question_files

REVIEWS = "reviews"
OF_QUESTIONS = ("id", "source", "verdict", "paths")
OF_STEPS = ("id", "source", "steps", "verdict")


def review_files(folder: Path, manifest: Mapping[str, Any]) -> list[Path]:
    """The files of the config `reviews`; none where the folder has no reviews."""
    files = [folder / name for name in data_files(manifest["files"], "train", REVIEWS)]
    return [file for file in files if file.is_file()]


def machines_of(place: str, folder: Path, manifest: Mapping[str, Any], ids: Collection[str]) -> dict[Key, Machine]:
    """What the rows of a folder say of the texts with these ids: of a question or, as `<question id>#<k>`, of one of its rationales.

    ``place``: A or B. The config `steps` has the verdict of each rationale; a rejected text has it in its question's row.
    """
    questions = {question_of(id_) for id_ in ids}
    by_question: dict[str, dict[str, Any]] = {}
    for names in question_files(manifest).values():  # published rows first: a rejected one may repeat an id
        for row in _rows([folder / name for name in names], OF_QUESTIONS, questions):
            by_question.setdefault(row["id"], row)
    steps = [folder / name for name in data_files(manifest["files"], "train", "steps")]
    by_text = {row["id"]: row for row in _rows([file for file in steps if file.is_file()], OF_STEPS, set(ids))}
    return {
        Key(place, id_): _machine(by_question[question_of(id_)], by_text.get(id_))
        for id_ in ids
        if question_of(id_) in by_question
    }


def _machine(question: Mapping[str, Any], text: Mapping[str, Any] | None) -> Machine:
    verdict = (text or question).get("verdict") or {}
    known = [path["relevance"] for path in question.get("paths") or () if path.get("relevance") is not None]
    return Machine(
        source=question["source"],
        verdict=verdict.get("label"),
        by=verdict.get("by"),
        steps=tuple(step["label"] for step in text["steps"]) if text else None,
        relevance=max(known, default=None),
    )


def _rows(files: list[Path], columns: Collection[str], ids: Collection[str]) -> Iterator[dict[str, Any]]:
    for file in files:
        with pq.ParquetFile(file) as parquet:
            have = [name for name in columns if name in parquet.schema_arrow.names]
            for batch in batches_of(parquet, columns=have):
                yield from (row for row in batch.to_pylist() if row["id"] in ids)
