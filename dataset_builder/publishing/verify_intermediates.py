"""Check the configs `evidence` and `answers` of a dataset, where they were pushed with it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_builder.answer_store import parquet_files as store_files
from dataset_builder.answer_store.entry import StoreError
from dataset_builder.publishing.folder import column_types, config_hash
from dataset_builder.publishing.layout import INTERMEDIATES, data_file, question_files, read_rows

EVIDENCE, ANSWERS = INTERMEDIATES


def wrong_intermediates(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """The mismatches in the intermediates that were pushed with a folder; none where none were pushed."""
    found: list[str] = []
    for name, said in manifest.get("intermediates", {}).items():
        file = folder / data_file("train", name)
        try:
            types, rows = column_types(pq.read_schema(file)), pq.read_metadata(file).num_rows
            if types != said["columns"] or rows != said["rows"]:
                found.append(f"{name}: {rows} rows of {types}, the manifest says {said['rows']} of {said['columns']}")
            elif name == EVIDENCE:
                found += _wrong_evidence(folder, manifest, file)
            elif name == ANSWERS:
                found += [f"{name}: {line}" for line in store_files.damaged(file)]
        except (pa.ArrowException, OSError, StoreError) as why:
            found.append(f"{name}: its file cannot be read ({why})")
    return found


def _wrong_evidence(folder: Path, manifest: Mapping[str, Any], file: Path) -> Iterator[str]:
    """The mismatches: every row must have a question's id, mentions and nodes, and contain the paths that it keeps."""
    said = manifest["intermediates"][EVIDENCE]
    if (computed := config_hash(said["columns"], read_rows(file))) != (hash_said := said.get("content_hash")):
        yield f"{EVIDENCE}: its content hash is {computed}, the manifest says {hash_said}"
    questions = dict(_searched(folder, manifest))
    for row in read_rows(file):
        same, kept = questions.pop(row["id"], (None, b"[]"))
        if same is None:
            yield f"{EVIDENCE}: row {row['id']} does not belong to a question that was searched"
        elif same != _same(row):
            yield f"{EVIDENCE}: row {row['id']} has other mentions or nodes than the question"
        else:
            paths = {tuple(path) for pair in row["candidate_paths"] or () for path in pair["paths"]}
            yield from (
                f"{EVIDENCE}: row {row['id']} lacks the path {path}, which the question keeps"
                for path in map(tuple, json.loads(kept))
                if path not in paths
            )
    yield from (f"{EVIDENCE}: the question {id_} has no row" for id_ in questions)


def _searched(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    """Of every question that was searched, by id: the digest of its mentions and nodes, and its kept paths as JSON, some 300 bytes."""
    files = [folder / file for names in question_files(manifest).values() for file in names]
    for row in read_rows(*files):
        if row.get("mentions") is not None:
            kept = json.dumps([path["nodes"] for path in row.get("paths") or ()], separators=(",", ":"))
            yield row["id"], (_same(row), kept.encode())


def _same(row: Mapping[str, Any]) -> bytes:
    text = json.dumps([row["mentions"], row.get("nodes"), row.get("restated")], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()
