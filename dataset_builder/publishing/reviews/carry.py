"""Reviews outlast a rebuild: those whose text the new folder still publishes go into it, and the others are kept in a file beside it.

What was judged is a text. So a review is kept if, and only if, the new folder publishes the same text under the same id, whatever else
has changed. `content_hash` of a kept review is that of the folder that the rater's page was made from.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataset_builder.configs import REVIEWS
from dataset_builder.publishing.layout import MANIFEST, FolderError, read_rows
from dataset_builder.publishing.reviews.config import FILE, entry_of, put_reviews, write_rows
from dataset_builder.publishing.reviews.texts import text_hash, texts_of
from dataset_builder.publishing.schema.data_files import wrong_file
from dataset_builder.publishing.schema.manifest import parsed_manifest


def beside(folder: Path) -> Path:
    """The folder with the reviews that no longer fit a dataset folder."""
    return folder.with_name(f"{folder.name}.reviews")


def carry(folder: Path, draft: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Put the reviews of a folder into the draft that is about to take its place; returns the draft's manifest.

    Those of other texts are written to `beside(folder)` first, and so are all where they are not as they were imported. Raises FolderError where the reviews cannot be read, as the folder with
    them would be deleted.
    """
    if not (folder / FILE).is_file() or REVIEWS in manifest.get("configs", {}):
        return manifest
    rows = _reviews_of(folder)
    is_as_imported = entry_of(folder / FILE) == _manifest_of(folder).get("configs", {}).get(REVIEWS)
    texts = texts_of(draft, manifest, {row["id"] for row in rows}) if is_as_imported else {}
    fits = [row["id"] in texts and row["text_hash"] == text_hash(texts[row["id"]]) for row in rows]
    kept = [row for row, fitting in zip(rows, fits, strict=True) if fitting]
    if others := [row for row, fitting in zip(rows, fits, strict=True) if not fitting]:
        write_beside(folder, others)
    return put_reviews(draft, manifest, kept) if kept else manifest


def write_beside(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Write reviews to a file beside the folder, named by their hash, so that no other is overwritten."""
    draft = beside(folder) / ".draft.parquet"
    write_rows(draft, rows)
    return draft.replace(beside(folder) / f"{entry_of(draft)['content_hash'][:16]}.parquet")


def carried_lines(folder: Path, before: int, manifest: Mapping[str, Any]) -> list[str]:
    """What to say after a folder with this number of reviews was written again."""
    kept = manifest.get("configs", {}).get(REVIEWS, {}).get("rows", 0)
    if before == 0:
        return []
    lines = [f"Reviews: {kept} of {before} were kept, whose texts are the same as before."]
    if kept < before:
        lines.append(
            f"{before - kept} reviews judge texts that this folder no longer publishes: they are in {beside(folder.resolve())}, "
            "and no longer in the dataset (docs/review.md)."
        )
    return lines


def number_of_reviews(folder: Path) -> int:
    """How many reviews a folder has; 0 where there is no folder."""
    return _manifest_of(folder).get("configs", {}).get(REVIEWS, {}).get("rows", 0)


def _manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of an earlier folder; empty where there is none that can be read, as a build may take its place."""
    try:
        return parsed_manifest((folder / MANIFEST).read_bytes(), folder)
    except (OSError, FolderError):
        return {}


def _reviews_of(folder: Path) -> list[dict[str, Any]]:
    """The reviews in a folder, whatever its manifest says. Raises FolderError."""
    if wrong := wrong_file(folder / FILE, REVIEWS):
        raise FolderError(
            f"{folder / FILE} cannot be read ({wrong[0]}), and would be deleted; move it away, or choose another --out (make: OUT=)"
        )
    return list(read_rows(folder / FILE))
