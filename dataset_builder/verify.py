"""Check a dataset folder against its manifest: from the folder alone, and with code and graph where they are at hand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from dataset_builder.funnel import funnel
from dataset_builder.publish import (
    MANIFEST,
    ROWS,
    UNROLLED,
    FolderError,
    column_types,
    content_hash,
    data_file,
    files_of,
)
from dataset_builder.raw_data import sha256
from dataset_builder.row import row_id
from dataset_builder.stage import code_hash
from dataset_builder.unroll import ids_of
from kg import KG

KEYS = ("content_hash", "pipeline", "trial", "inputs", "graph", "origins", "columns", "rows", "funnel", "files", "run")


@dataclass(frozen=True)
class Verification:
    """What does not match the manifest (nothing, where all is well), and what was or could not be checked beside it."""

    wrong: list[str]
    notes: list[str]


def verify(folder: Path, kg: KG | None = None) -> Verification:
    """Recompute the files' sha256, row ids, funnel and content hash; compare code and graph with those at hand.

    Raises FolderError where there is no manifest, or it is not one.
    """
    manifest = read_manifest(folder)
    wrong = _wrong_files(folder, manifest)
    if any(line.partition(":")[0].endswith(".parquet") for line in wrong):
        notes = ["row ids, funnel and content hash were not checked: the data files are not those of the build"]
    else:
        wrong += _wrong_content(folder, manifest)
        notes = []
    return Verification(wrong, [*notes, _code_note(manifest), _graph_note(manifest, kg)])


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a dataset folder. Raises FolderError where there is none, or it is broken."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as why:
        raise FolderError(
            f"{folder} is no dataset folder: {MANIFEST} cannot be read ({why}); expected what `build` writes"
        ) from why
    missing = [key for key in KEYS if key not in manifest] if isinstance(manifest, dict) else list(KEYS)
    if missing:
        raise FolderError(f"{folder / MANIFEST} has no {', '.join(missing)}; expected what `build` writes")
    return manifest


def _wrong_files(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    there, listed = set(files_of(folder)), manifest["files"]
    lines = [f"{name}: in the manifest, not in the folder" for name in sorted(listed.keys() - there)]
    lines += [f"{name}: in the folder, not in the manifest" for name in sorted(there - listed.keys())]
    changed = [name for name in sorted(there & listed.keys()) if sha256(folder / name) != listed[name]]
    return lines + [f"{name}: its bytes are not those of the build (sha256 differs)" for name in changed]


def _wrong_content(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    place, configs = (UNROLLED if "configs" in manifest else ROWS), manifest.get("configs", {})
    others = manifest.get("other_configs", {})
    expected = {split: (data_file(split, place), manifest["columns"]) for split in manifest["rows"]}
    expected |= {name: (data_file("train", name), config["columns"]) for name, config in {**configs, **others}.items()}
    read = {}
    for name, (file, types) in expected.items():
        try:
            table = pyarrow.parquet.read_table(folder / file)
        except (pa.ArrowInvalid, OSError) as why:
            return [f"{name}: its file cannot be read ({why})"]
        if (columns := column_types(table.schema)) != types:
            return [f"{name}: its columns are {columns}, the manifest says {types}"]
        read[name] = table.to_pylist()
    splits = {split: read[split] for split in manifest["rows"]}
    wrong = [line for split, rows in splits.items() for line in _wrong_rows(split, rows, manifest)]
    if (counted := funnel(row for rows in splits.values() for row in rows)) != manifest["funnel"]:
        wrong.append(f"funnel: counted {counted}, the manifest says {manifest['funnel']}")
    wrong += _wrong_configs(splits.get("train", []), {name: read[name] for name in configs})
    lists = {name: (config["columns"], read[name]) for name, config in {**configs, **others}.items()}
    computed = content_hash(splits, manifest["columns"], manifest["inputs"], lists)
    if computed != manifest["content_hash"]:
        wrong.append(f"content_hash: computed {computed}, the manifest says {manifest['content_hash']}")
    return wrong


def _wrong_rows(split: str, rows: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> list[str]:
    wrong = []
    if len(rows) != manifest["rows"][split]:
        wrong.append(f"{split}: {len(rows)} rows, the manifest says {manifest['rows'][split]}")
    for row in rows:
        if row["id"] != (expected := row_id(row["source"], row["config"], row)):
            wrong.append(f"{split}: row {row['id']} should have the id {expected}")
        if (row["rejected_because"] is None) != (split == "train"):
            wrong.append(f"{split}: row {row['id']} has rejected_because={row['rejected_because']!r}")
    return wrong


def _wrong_configs(questions: Sequence[Mapping[str, Any]], configs: Mapping[str, Any]) -> list[str]:
    """Every rationale that a question's row keeps is a row of each config, and no other is."""
    if not configs:
        return []
    kept = sorted(id_ for row in questions for id_ in ids_of(row))
    return [
        f"{name}: its rows are not the rationales that the questions keep ({len(rows)} rows, {len(kept)} rationales)"
        for name, rows in configs.items()
        if sorted(row["id"] for row in rows) != kept
    ]


def _code_note(manifest: Mapping[str, Any]) -> str:
    if manifest["inputs"]["code"] == code_hash():
        return "code: the same as here"
    commit = manifest["run"].get("git", {}).get("commit")
    return f"code: not that of this checkout, so not checked; it was built at commit {commit or 'unknown'}"


def _graph_note(manifest: Mapping[str, Any], kg: KG | None) -> str:
    graph = manifest["graph"]
    if kg is None and graph["name"] == "sample":
        kg = KG.load("sample")
    if kg is None:
        return f"graph: {graph['name']} is not at hand, so not checked; give it by --kg FILE"
    if kg.digest == graph["sha256"]:
        return f"graph: {graph['name']}, the same as here"
    return f"graph: {kg.name} here has sha256 {kg.digest}, the build's had {graph['sha256']}: another graph, so not checked"
