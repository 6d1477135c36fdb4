"""Check the reviews of a folder: their own hash, and that each is about a text that the folder publishes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dataset_builder.configs import REVIEWS
from dataset_builder.publishing.reviews.config import FILE, entry_of, read_reviews
from dataset_builder.publishing.reviews.texts import text_hash, texts_of
from dataset_builder.publishing.reviews.values import order_of, wrong_values

MEND = "import the raters' files again (make review-import … REPLACE=1)"


def wrong_reviews(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """The mismatches of the reviews with the manifest and with the texts that they judge; none where the folder has no reviews.

    For a folder of which `wrong_rows` found nothing.
    """
    if (said := manifest.get("configs", {}).get(REVIEWS)) is None:
        return []
    found = entry_of(folder / FILE)
    wrong = [
        f"{REVIEWS}: found {name} {found[name]}, the manifest says {said.get(name)}: a review was changed, added or removed "
        f"after the import; {MEND}"
        for name in found
        if found[name] != said.get(name)
    ]
    return wrong + list(wrong_rows_of(folder, manifest, read_reviews(folder, manifest)))


def wrong_rows_of(folder: Path, manifest: Mapping[str, Any], rows: list[dict[str, Any]]) -> Iterator[str]:
    """Reviews of texts that the folder does not publish, with values that no page gives, or that are there twice."""
    texts = texts_of(folder, manifest, {row["id"] for row in rows})
    for key, times in Counter(map(order_of, rows)).items():
        if times > 1:
            yield f"{REVIEWS}: {_name(key)} is there {times} times; expected once; {MEND}"
    for row in rows:
        name = f"{REVIEWS}: {_name(order_of(row))}"
        if row["id"] not in texts:
            yield f"{name} judges a text that the folder does not publish; {MEND}"
        elif row["text_hash"] != text_hash(texts[row["id"]]):
            yield f"{name} judges another text than the folder publishes under this id (text_hash differs); {MEND}"
        else:
            yield from (f"{name}: {line}; {MEND}" for line in wrong_values(row, texts[row["id"]]))


def _name(key: tuple[str, ...]) -> str:
    study, rater, id_, side = key
    return f"the review of {id_} (side {side}) by {rater} in study {study}"
