"""Rows of the training data that ask the same as an evaluation question."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_builder.contamination import overlaps
from dataset_builder.raw_data import SourceError
from dataset_builder.raw_splits import read_split
from dataset_builder.row import row_id
from dataset_builder.sources import SOURCES


def evaluation_questions(data_dir: Path | None) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The questions of every test split (``data_dir``: raw rows as files, else the Hub), and why one is not at hand, by name."""
    questions: list[dict[str, Any]] = []
    missing: dict[str, str] = {}
    for name, source in SOURCES.items():
        if source.test is None:
            continue
        try:
            rows = read_split(name, source.test, data_dir).rows
        except SourceError as error:
            missing[name] = str(error)
            continue
        for raw in rows:
            row = source.to_row(raw.values)
            questions.append(row | {"id": row_id(name, raw.config, row), "source": name})
    return questions, missing


def overlapping(
    rows: Sequence[Mapping[str, Any]], questions: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, str]]:
    """Position of a row, and the evaluation question that it repeats."""
    ours = [row if "question" in row else row["prompt"][-1]["content"] for row in rows]
    for mine, theirs in overlaps(ours, questions):
        yield mine, f"asks the same as {questions[theirs]['source']} {questions[theirs]['id']}"
