"""The raw rows of one split of a source: from all its configs, only its own rows, without official test questions."""

import itertools
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from dataset_builder.row import Raw
from dataset_builder.sources.label_base import expect_counted_from_zero
from dataset_builder.sources.plain_text import plain
from dataset_builder.sources.raw_files import RawFile, SourceError, read_hub, read_local, split_files
from dataset_builder.sources.table import SOURCES, UNPINNED, Source, TestIds, expect_known


class RawRow(NamedTuple):
    """A raw row and its position.

    The number counts all rows of the config's file, so that readers can find the row there.
    """

    config: str | None
    number: int
    values: Raw


class OwnRows(Collection[RawRow]):
    """The rows of a split, taken from the rows of its configs' files while they are passed."""

    def __init__(self) -> None:
        self._parts: list[tuple[str | None, RawFile, list[bool]]] = []

    def add(self, config: str | None, file: RawFile, own: list[bool]) -> None:
        """Add those rows of a config's file that are ``own``."""
        self._parts.append((config, file, own))

    def __iter__(self) -> Iterator[RawRow]:
        for config, file, own in self._parts:
            for number, values in itertools.compress(enumerate(file.rows), own):
                yield RawRow(config, number, values)

    def __len__(self) -> int:
        return sum(sum(own) for _, _, own in self._parts)

    def __contains__(self, row: object) -> bool:
        return any(row == one for one in self)


@dataclass(frozen=True)
class RawSplit:
    """The raw rows of one split of a source, and the revision and files that they were read from."""

    rows: OwnRows
    revision: str
    files: dict[str, str]  # local files, with their sha256


def read_split(name: str, split: str, data_dir: Path | None = None) -> RawSplit:
    """The raw rows of one split of a source, from ``data_dir`` where one is given, else from the Hub.

    Raises SourceError for an unknown name, an invalid file, or a missing column.
    """
    source = SOURCES[expect_known("source", name, SOURCES)]
    expect_known(f"split of {name}", split, source.splits)
    if source.local_only and data_dir is None:
        raise SourceError(
            f"{name} is not read from the Hub: {source.local_only}. Put the files at DIR/{source.hub_id}/{split}.jsonl "
            "(or .jsonl.gz, .parquet) and give --data-dir DIR"
        )
    revision = None if source.revision == UNPINNED else source.revision
    rows = OwnRows()
    files: dict[str, str] = {}
    for config in _configs(source):
        file = _read(name, config, split, revision, data_dir)
        _expect_columns(file, source.columns)
        if source.made_from and data_dir:
            file = replace(file, revision=_made_from(file, source.made_from))
        if source.numbered:
            expect_counted_from_zero(file, source.numbered)
        rows.add(config, file, _own_rows(name, split, file, data_dir))
        files |= file.files
        revision = file.revision  # so all configs are read at one commit, also of an unpinned source
    return RawSplit(rows, revision or UNPINNED, files)


def splits_in(data_dir: Path) -> list[tuple[str, str]]:
    """Every source's splits that have a file in this folder."""
    return [
        (name, split)
        for name, source in SOURCES.items()
        if not source.folder
        for split in source.splits
        if any(
            split_files(_folder(source, config, data_dir), _file_split(source, split)) for config in _configs(source)
        )
    ]


def _configs(source: Source) -> Sequence[str | None]:
    return source.configs or (None,)


def _file_split(source: Source, split: str) -> str:
    """The split in the file's name: where ids define the test split, the train split's file contains both."""
    return source.train if source.test_ids and source.train else split


def _folder(source: Source, config: str | None, data_dir: Path) -> Path:
    return data_dir / source.hub_id / (config or "")


def _read(name: str, config: str | None, split: str, revision: str | None, data_dir: Path | None) -> RawFile:
    source = SOURCES[name]
    split = _file_split(source, split)
    if source.folder:
        return read_local(source.folder, split, source.folder)
    if data_dir:
        folder = _folder(source, config, data_dir)
        if source.test and not split_files(folder, split) and split_files(folder, source.test):
            raise SourceError(
                f"{folder} has no file of the split {split!r}, but one of the evaluation split {source.test!r}. To use its rows "
                f"in a trial, add --split {name}={source.test}; to build from {split!r}, put its file there"
            )
        return read_local(folder, split, data_dir)
    return read_hub(source.hub_id, config, split, revision)


def _expect_columns(file: RawFile, columns: Sequence[str]) -> None:
    for number, row in enumerate(file.rows, 1):
        if missing := [column for column in columns if column not in row]:
            raise SourceError(f"{file.place}, row {number}: no column {missing}; found {sorted(row)}")


def _made_from(file: RawFile, made_from: Callable[[Raw], str | None]) -> str:
    """What all rows of a file were made from. Raises SourceError where they are of several, or a row does not say it."""
    found = {made_from(row) for row in file.rows}
    if None in found:
        raise SourceError(f"{file.place}: a row does not say what it was made from; make the file anew")
    if len(said := sorted(filter(None, found))) > 1:
        raise SourceError(
            f"{file.place}: its rows are made from {'; '.join(said[:3])}; expected one graph and one seed in a file"
        )
    return said[0]


def _own_rows(name: str, split: str, file: RawFile, data_dir: Path | None) -> list[bool]:
    """Of each row whether it belongs to this source and this split. Raises SourceError where there is none."""
    source = SOURCES[name]
    own = [source.keep(row) for row in file.rows] if source.keep else [True] * len(file.rows)
    if source.test_ids:
        ids = _test_ids(source, source.test_ids, data_dir)
        is_test = [_id(row[source.test_ids.column]) in ids for row in file.rows]
        if source.test and not any(is_test):
            raise SourceError(
                f"{file.place}: none of its rows is in the official test split; the list of ids belongs to another dataset"
            )
        own = [kept and test == (split == source.test) for kept, test in zip(own, is_test, strict=True)]
    if not any(own):
        raise SourceError(
            f"{file.place}: none of its {len(own)} rows is of {name}, split {split}; expected at least one. Check that it is the "
            f"file of {source.page}"
        )
    return own


def _test_ids(source: Source, ids: TestIds, data_dir: Path | None) -> set[str]:
    """The official test ids. They are never guessed, so that no test row gets into training data.

    Raises SourceError.
    """
    if data_dir is None:
        return {_id(row[ids.hub_column]) for row in read_hub(ids.hub_id, None, ids.hub_split, ids.hub_revision).rows}
    path = data_dir / source.hub_id / ids.file
    try:
        listed = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as why:
        raise SourceError(f"{path}: expected the ids of the official test split as a JSON list; {why}") from why
    if not isinstance(listed, list) or not listed:
        raise SourceError(f"{path}: found {type(listed).__name__}, expected a JSON list of ids")
    return {_id(one) for one in listed}


def _id(value: Any) -> str:
    """An id in one spelling: 101, 101.0 (as tools write a column of numbers that has gaps), "101" and " 0101" are one article."""
    text = plain(str(value)).strip()
    number, _, rest = text.partition(".")
    is_number = number.isdecimal() and number.isascii() and not rest.strip("0")
    return (number.lstrip("0") or "0") if is_number else text
