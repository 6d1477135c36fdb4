"""The intermediates of a build: mentions, nodes and candidate paths of every question, and the model answers in use.

They are not published by default. They are kept next to the dataset folder, in `<folder>.intermediates`, for a push that
includes them.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from datasets import Dataset
from huggingface_hub import get_token

from dataset_builder.answer_store import parquet_files as store_files
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.model import keys_in
from dataset_builder.llm.secrets import secrets
from dataset_builder.publishing.folder import column_types, config_hash
from dataset_builder.publishing.layout import intermediates_folder, read_rows
from dataset_builder.publishing.pushable import PushError
from dataset_builder.publishing.streams.batches import has_value
from dataset_builder.publishing.streams.parquet_files import write_file

COLUMNS = ("id", "mentions", "nodes", "restated", "candidate_paths")
_ROWS, _KEYS, _OF = "evidence.parquet", "answers.keys", "of.json"


def keep(folder: Path, rows: Dataset, manifest: Mapping[str, Any], keys: Iterable[bytes]) -> None:
    """Write them: the rows of all questions that were searched, and the keys of all answers in use."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.intermediates")
    try:
        draft.mkdir()
        if "candidate_paths" in rows.column_names:
            found = rows.select_columns([column for column in COLUMNS if column in rows.column_names])
            numbers = np.flatnonzero(has_value(found, "mentions"))
            if len(numbers):
                write_file(draft / _ROWS, found.select(numbers))
        (draft / _KEYS).write_bytes(b"".join(sorted(keys)))
        (draft / _OF).write_text(json.dumps({"content_hash": manifest["content_hash"]}))
        shutil.rmtree(intermediates_folder(folder), ignore_errors=True)
        draft.rename(intermediates_folder(folder))
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def evidence(folder: Path, manifest: Mapping[str, Any]) -> tuple[Path, dict[str, Any]]:
    """The parquet file of config `evidence`, and its entry in the manifest. Raises PushError."""
    if (file := kept_rows(folder, manifest)) is None:
        raise PushError(
            f"{folder} has no intermediates to push: its pipeline searches no paths; push without --with-intermediates"
        )
    types = column_types(pq.read_schema(file))
    rows = pq.read_metadata(file).num_rows
    return file, {"columns": types, "rows": rows, "content_hash": config_hash(types, read_rows(file))}


def answers(folder: Path, manifest: Mapping[str, Any], store: AnswerStore, file: Path) -> dict[str, Any]:
    """Write the entries of all answers that the build has used to a parquet file, which `store import` can read.

    Returns their entry in the manifest. Raises PushError where there are none, or one contains a key of this environment;
    StoreError.
    """
    keys = set(keys_in(kept_keys(folder, manifest)))
    if not keys:
        raise PushError(f"{folder} uses no answer of a model, so there are none to push; push without --with-answers")
    written = store_files.export(store, file, keys)
    if not written:
        raise PushError(
            f"{store} has none of the {len(keys)} answers that {folder} uses; give the store of the build by --store FILE"
        )
    _expect_no_secret(file)
    return {"columns": column_types(pq.read_schema(file)), "rows": written}


def kept_rows(folder: Path, manifest: Mapping[str, Any]) -> Path | None:
    """The parquet file of the rows that were searched; None where the pipeline searches no paths. Raises PushError."""
    file = _kept(folder, manifest) / _ROWS
    return file if file.is_file() else None


def kept_keys(folder: Path, manifest: Mapping[str, Any]) -> bytes:
    """The keys of all answers in use, one after the other. Raises PushError."""
    return (_kept(folder, manifest) / _KEYS).read_bytes()


def _kept(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """The folder of the intermediates. Raises PushError where they are not those of this build."""
    kept = intermediates_folder(folder)
    try:
        of = json.loads((kept / _OF).read_text())["content_hash"]
    except OSError as why:
        raise PushError(
            f"there are no intermediates of {folder} ({why}); build it again (its stages come from the cache)"
        ) from why
    if of != manifest["content_hash"]:
        raise PushError(f"{kept} belongs to another build than {folder}; build it again")
    return kept


def _expect_no_secret(file: Path) -> None:
    """Raise PushError, with the variable's name, where an answer contains a key or token of this environment."""
    found = secrets() | ({"the Hub's token": token} if (token := get_token()) else {})
    for row in read_rows(file):
        text = f"{row['response']}{row['detail']}{row['reason']}"
        for name, value in found.items():
            if value in text:
                raise PushError(
                    f"an answer of {row['model']} contains the value of {name}, which must not be published; push without --with-answers"
                )
