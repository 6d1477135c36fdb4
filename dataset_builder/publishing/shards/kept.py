"""The intermediates of all parts, as those of the merged folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset

from dataset_builder.llm.model import keys_in
from dataset_builder.publishing import intermediates
from dataset_builder.publishing.layout import read_rows
from dataset_builder.publishing.pushable import PushError
from dataset_builder.publishing.shards.check import position_ids
from dataset_builder.publishing.shards.copies import copied, in_order
from dataset_builder.publishing.shards.same import Manifests


def keep_merged(
    parts: Manifests, out: Path, manifest: Mapping[str, Any], splits: Mapping[str, Dataset], temporary: Path
) -> list[str]:
    """Keep them beside ``out``. Where those of a part are not there, the merged folder has none, and the returned line says why."""
    try:
        keys = {key for folder, one in parts.items() for key in keys_in(intermediates.kept_keys(folder, one))}
        evidence = _evidence(parts, temporary)
    except (PushError, pa.ArrowException, OSError) as why:
        return [f"{out} has no intermediates, so it can only be pushed without them: {why}"]
    rows = (
        evidence if evidence is not None else next(iter(splits.values()))
    )  # of which `keep` then finds no candidate paths
    intermediates.keep(out, rows, manifest, keys)
    return []


def _evidence(parts: Manifests, temporary: Path) -> Dataset | None:
    """The rows of all questions that were searched, in the order of the whole; None where the pipeline searches no paths."""
    copies, places = [], []
    for folder, manifest in parts.items():
        if (file := intermediates.kept_rows(folder, manifest)) is None:
            continue
        known = {
            id_: position for id_, position, _ in reversed([*position_ids(folder, manifest)])
        }  # of repeats, the first
        found = [known.get(row["id"], -1) for row in read_rows(file)]
        if -1 in found:
            raise PushError(f"{file} has a row that is none of {folder}; build this part again")
        copies.append(copied([file], temporary / f"evidence-{len(copies)}.arrow"))
        places.append(np.array(found, np.int64))
    return in_order(copies, places) if copies else None
