"""Find rows of the training data that ask the same as an evaluation question."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_builder.contamination.benchmarks import NONE, read_benchmarks
from dataset_builder.contamination.overlap import overlaps
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.raw_splits import splits_in
from dataset_builder.sources.table import SOURCES
from sft.recipe import RecipeError
from sft.row_shapes import question_of

Questions = list[dict[str, Any]]


def evaluation_questions(chosen: str | None, data_dir: Path | None) -> tuple[Questions, list[str]]:
    """The questions of the available test splits, and the names of the splits that are not available.

    ``chosen``: names separated by commas, or ``all``: from ``data_dir`` if it has them, else from the Hub. By default only what is in
    ``data_dir``: the build has already compared its rows, and no network is needed. Raises RecipeError for a name that is unknown or
    cannot be read.
    """
    try:
        read, unread = read_benchmarks(chosen or (NONE if data_dir is None else _in(data_dir)), (), data_dir)
    except SourceError as error:
        raise RecipeError(str(error)) from error
    return [row for benchmark in read for row in benchmark.rows], [one.name for one in unread]


def _in(data_dir: Path) -> str:
    """The names of the evaluation splits that have a file in this folder, separated by commas. Raises RecipeError for none."""
    names = [name for name, split in splits_in(data_dir) if split == SOURCES[name].test]
    if not names:
        raise RecipeError(f"found no evaluation split in {data_dir}; expected DIR/<Hub id>/[config/]<split>.jsonl")
    return ",".join(names)


def overlapping(
    rows: Sequence[Mapping[str, Any]], questions: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, str]]:
    """The position of each row that repeats an evaluation question, and which question."""
    ours = [question_of(row) for row in rows]
    for mine, theirs in overlaps(ours, questions):
        yield mine, f"asks the same as {questions[theirs]['source']} {questions[theirs]['id']}"
