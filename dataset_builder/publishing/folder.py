"""Write a dataset folder in the Hub's own layout: card, parquet, croissant.json, manifest."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, Features

from dataset_builder.publishing.card import card
from dataset_builder.publishing.funnel import relevance_of
from dataset_builder.publishing.layout import CARD, CROISSANT, MANIFEST, SPLITS, FolderError
from dataset_builder.publishing.metadata.croissant import croissant
from dataset_builder.publishing.reviews.carry import carry
from dataset_builder.publishing.schema.json_text import has_half_character
from dataset_builder.publishing.schema.manifest import FORMAT
from dataset_builder.publishing.streams.batches import has_value
from dataset_builder.publishing.streams.contents import Contents, write_contents
from dataset_builder.publishing.streams.digests import RowDigests, config_hash_of, hash_of
from dataset_builder.publishing.streams.draft import (
    column_types,
    draft_of,
    list_files,
    put_in_place,
    removed_at_end,
    write_manifest,
)
from dataset_builder.publishing.unroll import unrolls
from dataset_builder.sources.raw_files import sha256

SHOWN = ("about", "stages", "command", "folder")  # facts for the card, also for the card that a push writes
OPTIONAL = ("shard", "contamination", "left_out")  # facts that a build may have
NOT_PUBLISHED = ("candidate_paths",)  # intermediate: large, and a rebuild produces it again

PATTERN = frozenset(
    "*?["
)  # with one of these anywhere in the absolute path, the loader's glob finds other files or none
NOT_IN_NAMES = (*sorted(PATTERN), "]", "{", "}", "$", "::")


def split_rows(rows: Dataset) -> dict[str, Dataset]:
    """Published and rejected rows: the splits of a dataset folder, with the same columns.

    A split without rows is left out, because `load_dataset` cannot read an empty one; only where there is no row at all, in a part of
    a build, the rejected ones are an empty file, which says the columns.
    """
    rows = rows.remove_columns([column for column in NOT_PUBLISHED if column in rows.column_names])
    rejected = has_value(rows, "rejected_because")
    numbers = {split: np.flatnonzero(rejected == (split == "rejected")) for split in SPLITS}
    kept = [split for split in SPLITS if len(numbers[split])] or [SPLITS[-1]]
    return {split: rows.select(numbers[split]) for split in kept}


def content_hash(
    splits: Mapping[str, Iterable[Mapping[str, Any]]],
    columns: Mapping[str, str],
    inputs: Mapping[str, Any],
    configs: Mapping[str, tuple[Mapping[str, str], Iterable[Mapping[str, Any]]]] | None = None,
) -> str:
    """sha256 over all rows, in the order of their content, over the columns' types, and over the inputs of the rows.

    It is the same for equal content, whatever the machine and the order of sources, batches or processes. ``configs``:
    columns and rows of the further configs, by name."""
    found = {split: RowDigests(rows) for split, rows in splits.items()}
    beside = {name: (types, RowDigests(rows)) for name, (types, rows) in (configs or {}).items()}
    return hash_of(found, columns, inputs, beside)


def config_hash(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> str:
    """sha256 over the columns and rows of a single config."""
    return config_hash_of(columns, RowDigests(rows))


def write(
    folder: Path,
    splits: Mapping[str, Dataset],
    facts: Mapping[str, Any],
    configs: Mapping[str, Dataset] | None = None,
) -> dict[str, Any]:
    """Write the dataset folder and return its manifest. The folder appears complete under its name, or not at all.

    ``facts``: pipeline, trial, origins, graph, inputs (which the content hash covers besides the rows), about, stages and
    command (which the card shows), run (which differs from run to run). ``configs``: further configs by name (row.CONFIGS
    describes them). They are listed, hashed, verified and shown like the rows; one without rows is left out. A link is
    written through. Reviews of an earlier folder of that name are kept where they fit (`reviews.carry`). Raises FolderError where the folder
    exists and is not a dataset folder, or has a name that no loader reads.
    """
    expect_free(folder)
    folder = folder.resolve() if folder.is_symlink() else folder  # where its disk is
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(folder)
    with removed_at_end(draft):
        contents = write_contents(draft, splits, configs or {})
        names = list_files(draft)
        manifest = _manifest(contents, facts)
        if relevance := relevance_of(draft, manifest | {"files": names}):
            manifest["relevance"] = relevance
        if contents.configs or unrolls(next(iter(splits.values())).column_names):
            said = {
                name: {"columns": types_of(one.features), "rows": one.rows} for name, one in contents.configs.items()
            }
            manifest["configs"] = said
        last = {"card": {key: facts[key] for key in SHOWN}, "run": facts["run"]}
        paths, sums = {name: draft / name for name in names}, {name: sha256(draft / name) for name in names}
        described = manifest | last | {"files": sums}
        for name, made in ((CARD, card), (CROISSANT, croissant)):
            (draft / name).write_text(made(paths, described), encoding="utf-8")
            sums[name] = sha256(draft / name)
        manifest |= {"files": dict(sorted(sums.items())), **last}
        write_manifest(draft, manifest)
        manifest = carry(folder, draft, manifest)
        put_in_place(draft, folder)
    return manifest


def _manifest(contents: Contents, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's entries about the content."""
    columns = types_of(next(iter(contents.splits.values())).features)
    digests = {split: one.digests for split, one in contents.splits.items()}
    beside = {name: (types_of(one.features), one.digests) for name, one in contents.configs.items()}
    return {
        "format": FORMAT,
        "content_hash": hash_of(digests, columns, facts["inputs"], beside),
        **{key: facts[key] for key in ("pipeline", "trial", "inputs", "code", "graph", "origins")},
        "columns": columns,
        "rows": {split: one.rows for split, one in contents.splits.items()},
        "funnel": contents.tally.funnel(),
        "flags": contents.tally.flags(),
        **{key: facts[key] for key in OPTIONAL if key in facts},
    }


def expect_free(folder: Path) -> None:
    """Raise FolderError where something other than a dataset folder would be overwritten, or `load_dataset` could not read it."""
    expect_loadable(folder)
    is_prepared = (
        folder.is_symlink() and folder.is_dir() and not any(folder.iterdir())
    )  # an empty folder on a large disk
    if folder.exists() and not is_prepared and not (folder / MANIFEST).is_file():
        raise FolderError(
            f"{folder} exists and is no dataset folder (it has no {MANIFEST}); remove it, or choose another --out"
        )


def expect_loadable(folder: Path) -> None:
    """Raise FolderError for a name that `load_dataset` takes for something else: a pattern, a variable, a URL, or no text."""
    name = str(folder)
    try:
        around = " ".join(sorted(PATTERN & set(str(folder.resolve()))))
    except (OSError, RuntimeError) as why:  # the second for links in a circle
        raise FolderError(f"{folder} cannot be followed ({why}); choose another --out") from why
    if signs := " ".join(sorted(sign for sign in NOT_IN_NAMES if sign in name)) or around:
        what = f"contains {signs}, which `load_dataset` reads as a pattern, a variable or a chain of URLs"
    elif folder.parts and folder.parts[0].endswith(":"):
        what = "looks like a URL; a build writes to a disk, and `push` to the Hub"
    elif folder.parts and folder.parts[0].startswith("~"):
        what = "begins with ~, which `load_dataset` reads as a home folder"
    elif has_half_character(name):
        what = "is no text in the encoding of this terminal (set LC_ALL=C.UTF-8 if it is UTF-8)"
    else:
        return
    raise FolderError(f"{folder.absolute()} {what}; expected a name without these: choose another --out (make: OUT=)")


def types_of(features: Features) -> dict[str, str]:
    """Name and type of every column."""
    return column_types(features.arrow_schema)
