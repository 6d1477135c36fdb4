"""The rows of a build, published and rejected, as far as its evidence is compared: first digests of all, then the few that are shown."""

import math
import sys
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet

from dataset_builder.publishing.evidence_diff.path_match import digest, digests, folded
from dataset_builder.publishing.layout import batches_of, question_files

COLUMNS = ("id", "rejected_because", "nodes", "paths")
SHOWN = (*COLUMNS, "question", "answer", "rejected_detail")
Key = tuple[str, int]  # a row's id, and its number among the rows with that id, as in publishing.diff


@dataclass(frozen=True)
class Build:
    """A dataset folder, and its manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def files(self) -> list[Path]:
        """The files of the questions' rows, published ones first."""
        return [self.folder / name for name in chain.from_iterable(question_files(self.manifest).values())]

    @property
    def has_paths(self) -> bool:
        """Whether its rows have paths, the evidence that is compared."""
        return "paths" in self.manifest["columns"]

    @property
    def graph(self) -> Mapping[str, Any]:
        """What the manifest says of the graph: name, sha256, numbers."""
        return self.manifest["graph"]


class Evidence(NamedTuple):
    """What is kept of a row while builds are compared: some hundred bytes."""

    why: str | None  # reason code; None: published
    paths: bytes  # digests of each (path_match)
    best: float | None  # relevance of the most relevant path; None: no path has one
    nodes: bytes  # digest of the linked nodes


def evidence_of(build: Build) -> dict[Key, Evidence]:
    """The evidence of every row."""
    found = {}
    for key, row in _rows(build, COLUMNS, None):
        paths = row.get("paths") or ()
        why = row["rejected_because"] and sys.intern(row["rejected_because"])
        nodes = digest(sorted(linked(row)))
        found[key] = Evidence(why, b"".join(map(digests, paths)), best_relevance(row), nodes)
    return found


def rows_of(build: Build, keys: Container[Key]) -> dict[Key, dict[str, Any]]:
    """The rows with these keys, which all stay in memory."""
    return dict(_rows(build, SHOWN, keys))


def linked(row: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """The nodes that mentions of the row stand for: by folded name and type, the name as it is written."""
    return {(folded(node["name"]), node["type"] or ""): node["name"] for node in row.get("nodes") or ()}


def best_relevance(row: Mapping[str, Any]) -> float | None:
    """The relevance of the row's most relevant path, from 0 to 1; None where no path has one."""
    known = (path.get("relevance") for path in row.get("paths") or ())
    return max((value for value in known if value is not None and math.isfinite(value)), default=None)


def _rows(build: Build, columns: tuple[str, ...], keys: Container[Key] | None) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The rows with these keys (None: all), and of each only these columns, where the build has them."""
    times = Counter[str]()
    for file in build.files:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            present = [name for name in columns if name in parquet.schema_arrow.names]
            for batch in batches_of(parquet, columns=present):
                numbered = []
                for id_ in batch.column("id").to_pylist():
                    numbered.append((id_, times[id_]))
                    times[id_] += 1
                wanted = [i for i, key in enumerate(numbered) if keys is None or key in keys]
                taken = batch.take(pa.array(wanted, pa.int64())) if wanted else None
                yield from zip((numbered[i] for i in wanted), taken.to_pylist() if taken else (), strict=True)
