"""All rows of a build into their files, in one pass in which they are also hashed, counted and unrolled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Dataset, Features

from dataset_builder.publishing.funnel import Tally
from dataset_builder.publishing.layout import data_file, rows_in
from dataset_builder.publishing.learning.configs import learning_of, learning_rows, learning_types
from dataset_builder.publishing.streams.batches import tables
from dataset_builder.publishing.streams.digests import RowDigests
from dataset_builder.publishing.streams.parquet_files import ParquetFiles, is_small
from dataset_builder.publishing.unroll import FORMS, unrolled, unrolled_types, unrolls


@dataclass(frozen=True)
class Config:
    """What is known of the rows of a config, or of a split of the questions, once they are written."""

    features: Features
    rows: int
    digests: RowDigests


@dataclass
class Contents:
    """The splits and further configs that were written, and what became of the questions."""

    splits: dict[str, Config] = field(default_factory=dict)
    configs: dict[str, Config] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)


def write_contents(draft: Path, splits: Mapping[str, Dataset], configs: Mapping[str, Dataset]) -> Contents:
    """Write the rows of the questions by split, the configs that are made from the published ones, and further configs.

    A further config of such a one's name is written in its stead; one without rows is left out.
    """
    columns = next(iter(splits.values())).column_names
    place, contents = rows_in(columns), Contents()
    beside = {name: rows for name, rows in configs.items() if len(rows)}
    kept = FORMS if unrolls(columns) and "train" in splits else ()
    types = unrolled_types() if kept else Features()
    forms = {name: _Output(draft, "train", name, types) for name in kept if name not in beside}
    learned = _Learned(draft, [name for name in learning_of(columns) if name not in beside])
    for split, rows in splits.items():
        output = _Output(draft, split, place, rows.features, rows)
        for table in tables(rows):
            found = output.add(table)
            for row in found:
                contents.tally.add(row)
            many = unrolled(found) if forms and split == "train" else {}
            for name in many.keys() & forms.keys():
                forms[name].add(pa.Table.from_pylist(many[name], schema=types.arrow_schema))
            if split == "train":
                learned.add(found)
        contents.splits[split] = output.close()
    for name in dict.fromkeys([*kept, *beside]):
        output = forms.get(name) or _Output(draft, "train", name, beside[name].features, beside[name])
        for table in tables(beside[name]) if name in beside else ():
            output.add(table)
        contents.configs[name] = output.close()
    contents.configs |= learned.close()
    return contents


class _Learned:
    """The files of the configs for trainers; one is begun with its first row."""

    def __init__(self, draft: Path, names: Sequence[str]) -> None:
        self._draft, self._names = draft, names
        self._outputs: dict[str, _Output] = {}

    def add(self, questions: Sequence[Mapping[str, Any]]) -> None:
        """Write what these published questions give."""
        for name, rows in learning_rows(questions, self._names).items():
            if rows:
                types = learning_types(name)
                if name not in self._outputs:
                    self._outputs[name] = _Output(self._draft, "train", name, types)
                self._outputs[name].add(pa.Table.from_pylist(rows, schema=types.arrow_schema), rows)

    def close(self) -> dict[str, Config]:
        """End the files, in the order of the configs."""
        return {name: self._outputs[name].close() for name in self._names if name in self._outputs}


class _Output:
    """Files of rows that are hashed as they are written. ``whole``: all of them, where they are a Dataset."""

    def __init__(self, draft: Path, split: str, place: str, features: Features, whole: Dataset | None = None) -> None:
        self._file = draft / data_file(split, place)
        self._whole = whole if whole is not None and is_small(whole) else None
        self._files = None if self._whole is not None else ParquetFiles(draft, split, place, features)
        self._features, self._rows, self._digests = features, 0, RowDigests()

    def add(self, table: pa.Table, rows: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Write these rows, and return them. ``rows``: the same, where they are known as they are read from the file."""
        if self._files:
            self._files.add(table)
        rows = table.to_pylist() if rows is None else rows
        for row in rows:
            self._digests.add(row)
        self._rows += len(rows)
        return rows

    def close(self) -> Config:
        """End the files."""
        if self._files:
            self._files.close()
        elif self._whole is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._whole.to_parquet(self._file)
        return Config(self._features, self._rows, self._digests)
