"""Reviews by simulated raters, and a copy of a dataset folder with them as its config `reviews`."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import load_dataset

from dataset_builder.configs import CONFIGS, REVIEWS
from dataset_builder.publishing.reviews.config import put_reviews
from dataset_builder.publishing.reviews.texts import text_hash, texts_of
from dataset_builder.publishing.verify import read_manifest

LABELS = ("correct", "wrong", "unsupported", "irrelevant")
SCALES = ("accuracy", "coherence", "relevance", "usefulness")
Row = dict[str, Any]


def review(rater: str, id_: str, **values: Any) -> Row:
    """A row of the config: nothing is said but what is given. ``steps``: the labels."""
    steps = [{"step": number, "label": label} for number, label in enumerate(values.pop("steps", ()), 1)]
    row = dict.fromkeys(CONFIGS[REVIEWS].columns) | {
        "study": "s",
        "rater": rater,
        "id": id_,
        "side": "a",
        "content_hash": "c",
    }
    row |= {"text_hash": hashlib.sha256(id_.encode()).hexdigest(), "cannot_judge": False, "version": "1"}
    return row | {"steps": steps} | values


def drawn(steps: Mapping[str, int], raters: int, seed: int, *, side: str = "a", mean: float = 3.6) -> list[Row]:
    """Every rater on every text. ``steps``: the number of steps by id of the text; a true label and true scores are drawn, then each rater errs."""
    rng = np.random.default_rng(seed)
    rows = []
    for id_, number in steps.items():
        labels = rng.choice(4, number, p=(0.8, 0.08, 0.07, 0.05))
        level = rng.normal(mean, 0.8)
        for rater in range(1, raters + 1):
            said = np.where(rng.random(number) < 0.06 * rater, rng.integers(0, 4, number), labels)
            scores = np.clip(np.rint(level + rng.normal(0, 0.6, 4)), 1, 5).astype(int)
            values = dict(zip(SCALES, scores.tolist(), strict=True)) | {"steps": [LABELS[code] for code in said]}
            better = rng.random() < (0.3 if side == "a" else 0.7)
            values |= {"specialty": ("cardiology", "neurology")[rater % 2], "years": 4 * rater, "side": side}
            rows.append(review(f"rater-{rater}", id_, preferred="this" if better else "other", **values))
    return rows


def mirrored(rows: Sequence[Row]) -> list[Row]:
    """The same with the preferences that the other side's rows must have."""
    other = {"this": "other", "other": "this"}
    return [row | {"preferred": other.get(row["preferred"], row["preferred"])} for row in rows]


def steps_in(folder: Path) -> dict[str, int]:
    """The number of steps of every published rationale, by its id."""
    rows = load_dataset(str(folder), "steps", split="train")
    return {row["id"]: len(row["steps"]) for row in rows}  # pyright: ignore[reportArgumentType, reportCallIssue]


def with_reviews(folder: Path, out: Path, rows: Sequence[Row]) -> Path:
    """A copy of the folder with these rows as its config `reviews`, each with the hash of the text that it judges."""
    shutil.copytree(folder, out)
    manifest = read_manifest(out)
    texts = texts_of(out, manifest, {row["id"] for row in rows})
    put_reviews(
        out,
        manifest,
        [row | {"text_hash": text_hash(texts[row["id"]])} if row["id"] in texts else row for row in rows],
    )
    return out
