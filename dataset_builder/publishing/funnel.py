"""What the manifest counts per source: the funnel (how many questions went in, were published, and were rejected for each reason),
flags, and how relevant the published paths are."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from dataset_builder.publishing.layout import question_files
from dataset_builder.sources.table import SOURCES

Counts = dict[str, int]  # "in", "published", then reason codes, most frequent first
QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
EDGES = (
    np.arange(11) / 10
)  # each exactly the number that is written, unlike linspace's: 0.3 begins the bin "0.3 to 0.4"


class Tally:
    """What became of the rows that came so far: two counters, however many rows there are."""

    def __init__(self) -> None:
        self._fates: dict[str, Counter[str]] = {}
        self._flags: dict[str, Counter[str]] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row by its source, what became of it, and its flags."""
        why = row["rejected_because"]
        self._fates.setdefault(row["source"], Counter())[why or "published"] += 1
        if why is None and row.get("flags"):
            codes = {re.sub(r"^#\d+ ", "", flag).partition(":")[0] for flag in row["flags"]}
            self._flags.setdefault(row["source"], Counter()).update(codes)

    def funnel(self) -> dict[str, Counts]:
        """The counts of every source, in the order of SOURCES; a source that is no longer in SOURCES comes last."""
        order = {name: number for number, name in enumerate(SOURCES)}
        names = sorted(self._fates, key=lambda name: (order.get(name, len(order)), name))
        return {name: _counts(self._fates[name]) for name in names}

    def flags(self) -> dict[str, dict[str, int]]:
        """Per source and code of a flag, the published rows that have it (stages/check_style.py)."""
        return {source: dict(sorted(counter.items())) for source, counter in sorted(self._flags.items())}


def total(table: Mapping[str, Mapping[str, int]]) -> Counts:
    """The counts of all sources together."""
    summed = Counter[str]()
    for counts in table.values():
        summed.update({key: number for key, number in counts.items() if key != "in"})
    return _counts(summed)


def reasons_of(counts: Mapping[str, int]) -> Counts:
    """The counts of the rejected rows alone."""
    return {key: number for key, number in counts.items() if key not in ("in", "published")}


def relevance_of(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """How relevant the published paths are, and the best path of each row, per source and in all; empty where no path has a relevance.

    ``manifest``: its columns, rows, files and inputs. Only the two columns that are counted are read from the files. Raises ArrowException or
    OSError for a file that cannot be read.
    """
    if "train" not in manifest["rows"]:
        return {}
    tables = []
    for file in question_files(manifest)["train"]:
        with pyarrow.parquet.ParquetFile(folder / file) as parquet:
            leaves = [parquet.schema.column(i).path for i in range(len(parquet.schema))]
            wanted = [leaf for leaf in leaves if re.fullmatch(r"paths\.list\.\w+\.relevance", leaf)]
            if not wanted:  # written before paths had it, or a pipeline without paths
                return {}
            tables.append(parquet.read(columns=["source", *wanted]))
    table = pa.concat_tables(tables)
    lists = table["paths"].combine_chunks()
    column = lists.flatten().field("relevance").cast(pa.float64())
    values = column.to_numpy(zero_copy_only=False)  # null becomes NaN
    known = ~np.isnan(values)
    if not known.any():
        return {}
    values, rows = values[known], lists.value_parent_indices().to_numpy()[known]
    best = np.full(len(table), -np.inf)
    np.maximum.at(best, rows, values)
    names = table["source"].to_numpy()
    parts = {name: names == name for name in sorted(set(names[rows]))}
    calibrated_on = (manifest["inputs"].get("relevance") or {}).get("calibrated_on")
    return {
        **({"calibrated_on": calibrated_on} if calibrated_on else {}),
        "sources": {name: _relevances(values[chosen[rows]], best[chosen]) for name, chosen in parts.items()},
        "all": _relevances(values, best),
    }


def _relevances(paths: np.ndarray, best: np.ndarray) -> dict[str, Any]:
    """Numbers of paths and rows; quartiles and counts in steps of 0.1, of paths and of each row's best one. A row without any is left out."""
    best = best[np.isfinite(best)]
    return {"paths": len(paths), "rows": len(best), "of_paths": _distribution(paths), "of_best": _distribution(best)}


def _distribution(values: np.ndarray) -> dict[str, list[Any]]:
    """A quartile is one of the values, never a mean of two: nothing is computed that another machine could round otherwise."""
    quartiles = np.quantile(values, QUARTILES, method="inverted_cdf")
    return {"quartiles": [round(q, 4) for q in quartiles.tolist()], "bins": np.histogram(values, EDGES)[0].tolist()}


def _counts(reasons: Counter[str]) -> Counts:
    published, others = reasons["published"], [(why, n) for why, n in reasons.items() if why != "published"]
    rejected = dict(sorted(others, key=lambda reason: (-reason[1], reason[0])))
    return {"in": published + sum(rejected.values()), "published": published, **rejected}
