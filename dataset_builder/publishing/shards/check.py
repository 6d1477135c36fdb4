"""Whether the rows of a part's folder are where its positions say, and belong to this part."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from dataset_builder.publishing.layout import batches_of, files_by_config, question_files
from dataset_builder.publishing.shards.part import CONFIG, part_of

SHOWN = 5  # rows that are named


def wrong_part(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """The mismatches of a part: its positions and the ids of its rows; none for a folder that is no part.

    For a folder of which `wrong_rows` found nothing.
    """
    return list(_faults(folder, manifest)) if "shard" in manifest else []


def positions_of(folder: Path, manifest: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The positions in the whole of the rows of every split, in the order of the rows; 8 bytes are kept of each row."""
    found = {"train": [np.zeros(0, np.int64)], "rejected": [np.zeros(0, np.int64)]}
    for batch in _batches(folder, manifest, ("position", "published")):
        positions = batch["position"].to_numpy()
        published = batch["published"].to_numpy(zero_copy_only=False).astype(bool)
        found["train"].append(positions[published])
        found["rejected"].append(positions[~published])
    return {split: np.concatenate(some) for split, some in found.items()}


def position_ids(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, int, bool]]:
    """Id and position of every row of a part, and whether it is published, in the order of the positions."""
    for batch in _batches(folder, manifest, ("id", "position", "published")):
        yield from zip(*(batch[name].to_pylist() for name in ("id", "position", "published")), strict=True)


def _batches(folder: Path, manifest: Mapping[str, Any], columns: tuple[str, ...]) -> Iterator[Any]:
    if CONFIG in manifest.get("configs", {}):
        for name in files_by_config(manifest)[CONFIG]["train"]:
            with pq.ParquetFile(folder / name) as parquet:
                yield from batches_of(parquet, columns=columns)


def _faults(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    part, of, whole = (manifest["shard"][name] for name in ("part", "of", "rows"))
    found = positions_of(folder, manifest)
    every = np.sort(np.concatenate(list(found.values())))
    if len(every) and (every[0] < 0 or every[-1] >= whole or (np.diff(every) < 1).any()):
        yield f"{CONFIG}: found a position twice, or one outside of 0 to {whole - 1}; expected those of a part of {whole} rows"
    for split, positions in found.items():
        if (np.diff(positions) < 1).any():
            yield f"{CONFIG}: those of {split} are not in ascending order"
        if len(positions) != (rows := manifest["rows"].get(split, 0)):
            yield f"{CONFIG}: found {len(positions)} of {split}, which has {rows} rows"
            return
    strays, others = [], []
    for split, files in question_files(manifest).items():
        said = (id_ for id_, _, published in position_ids(folder, manifest) if published == (split == "train"))
        for id_, row in zip(said, _ids(folder, files), strict=True):
            strays += [row] if part_of(row, of) != part and len(strays) <= SHOWN else []
            others += [f"{row} ({id_})"] if row != id_ and len(others) <= SHOWN else []
    if strays:
        yield f"shard: found rows that do not belong to part {part} of {of}: {', '.join(strays)}"
    if others:
        yield f"{CONFIG}: found rows whose place is that of another id: {', '.join(others)}"


def _ids(folder: Path, files: list[str]) -> Iterator[str]:
    for name in files:
        with pq.ParquetFile(folder / name) as parquet:
            for batch in batches_of(parquet, columns=["id"]):
                yield from batch["id"].to_pylist()
