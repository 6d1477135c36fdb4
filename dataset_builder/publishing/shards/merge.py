"""All parts of a build into one dataset folder: the rows, in the order, and with the content hash of a build that was not split.

The rows of each part are copied to one Arrow file, which is memory-mapped, and `folder.write` takes them in the order of their
positions: whatever it counts and hashes of a build, it counts and hashes here. Of each row some 50 bytes are in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset

from dataset_builder.publishing.folder import OPTIONAL, expect_free, write
from dataset_builder.publishing.hub.loaded import told
from dataset_builder.publishing.layout import SPLITS, FolderError, files_by_config, question_files
from dataset_builder.publishing.pushable import wrong_in
from dataset_builder.publishing.shards.check import positions_of
from dataset_builder.publishing.shards.copies import copied, in_order, scratch
from dataset_builder.publishing.shards.facts import merged_run, whole_command
from dataset_builder.publishing.shards.kept import keep_merged
from dataset_builder.publishing.shards.part import Ids
from dataset_builder.publishing.shards.same import LEDGER, Manifests, expect_one_whole
from dataset_builder.publishing.streams.batches import tables
from dataset_builder.publishing.tiers import scores_of
from dataset_builder.publishing.verified import remember
from dataset_builder.publishing.verify import read_manifest

FACTS = ("pipeline", "trial", "inputs", "code", "graph", "origins")


def merge(folders: Sequence[Path], out: Path) -> tuple[dict[str, Any], list[str]]:
    """Merge these parts, given in any order, into the folder ``out``. Returns its manifest, and what a user should know besides.

    Raises FolderError where a folder is no part, a part is missing, given twice, of another build, or does not match its manifest; the
    message names the folders and all reasons.
    """
    expect_free(out)
    if same := [folder for folder in folders if folder.resolve() == out.resolve()]:
        raise FolderError(
            f"{same[0]} is one of the parts, and would be overwritten; choose another --out (make: OUT=)"
        )
    if twice := sorted({str(folder) for folder in folders if folders.count(folder) > 1}):
        raise FolderError(f"found {', '.join(twice)} twice among the parts; give each part once")
    parts = expect_parts({folder: read_manifest(folder) for folder in folders})
    first, manifest_of_first = next(iter(parts.items()))
    with scratch(out) as temporary:
        splits = _splits(parts, temporary)
        ledger = [first / name for name in files_by_config(manifest_of_first).get(LEDGER, {"train": []})["train"]]
        configs = {LEDGER: copied(ledger, temporary / LEDGER)} if ledger else {}
        manifest = write(out, splits, _facts(parts, splits, out), configs)
        remember(out)
        notes = keep_merged(parts, out, manifest, splits, temporary)
    return manifest, notes


def expect_parts(parts: Manifests) -> Manifests:
    """The same by number of the part, after each was checked. Raises FolderError."""
    expect_one_whole(parts)
    if torn := [told(folder, wrong) for folder, manifest in parts.items() if (wrong := wrong_in(folder, manifest))]:
        raise FolderError("\n".join(torn))
    return dict(sorted(parts.items(), key=lambda one: one[1]["shard"]["part"]))


def _splits(parts: Manifests, temporary: Path) -> dict[str, Dataset]:
    """The rows of both splits. Raises FolderError where all parts together are not the whole."""
    positions = {folder: positions_of(folder, manifest) for folder, manifest in parts.items()}
    _expect_whole(parts, [one for found in positions.values() for one in found.values()])
    splits = {}
    for split in SPLITS:
        copies, places = [], []
        for folder, manifest in parts.items():
            if len(found := positions[folder][split]):
                files = [folder / name for name in question_files(manifest)[split]]
                copies.append(copied(files, temporary / f"{split}-{len(copies)}.arrow"))
                places.append(found)
        if copies:
            splits[split] = in_order(copies, places)
    _expect_ids(parts, splits, [one["rejected"] for one in positions.values()])
    return splits


def _expect_whole(parts: Manifests, positions: Sequence[np.ndarray]) -> None:
    """Every position of the whole is that of one row."""
    found, whole = np.sort(np.concatenate(positions)), next(iter(parts.values()))["shard"]["rows"]
    if not whole:
        raise FolderError("the parts are those of a build without rows; expected at least one question")
    if not np.array_equal(found, np.arange(whole)):
        missing = np.setdiff1d(np.arange(whole), found)[:5].tolist()
        raise FolderError(
            f"the parts have {len(found)} rows, expected {whole}, one at each position (none at {missing}); build them again"
        )


def _expect_ids(parts: Manifests, splits: Mapping[str, Dataset], rejected: Sequence[np.ndarray]) -> None:
    """The rows, in their order, have the ids that every part has seen in the whole."""
    said = next(iter(parts.values()))["shard"]
    is_rejected, ids = np.zeros(said["rows"], bool), Ids()
    is_rejected[np.concatenate(rejected)] = True
    streams = {split == "rejected": _ids(rows) for split, rows in splits.items()}
    for one in is_rejected:
        ids.add(next(streams[bool(one)]))
    if (found := ids.facts()["ids"]) != said["ids"]:
        raise FolderError(
            f"the rows of the parts are not those of the whole: their ids have the hash {found}, expected {said['ids']}; build them again"
        )


def _ids(rows: Dataset) -> Iterator[str]:
    for table in tables(rows.select_columns(["id"])):
        yield from table["id"].to_pylist()


def _facts(parts: Manifests, splits: Mapping[str, Dataset], out: Path) -> dict[str, Any]:
    """What `folder.write` is told of the build."""
    manifests = list(parts.values())
    first, run = manifests[0], merged_run(manifests)
    if "tiers" in run:
        run["scores"] = scores_of(
            next(iter(splits.values()))
        )  # those of published rows, which are the first split, if there are any
    return {
        **{key: first[key] for key in (*FACTS, *OPTIONAL) if key in first and key != "shard"},
        **{key: first["card"][key] for key in ("about", "stages")},
        "command": whole_command(first["card"]["command"]),
        "folder": out.as_posix(),
        "run": run,
    }
