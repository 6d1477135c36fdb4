"""A study: which rater sees which case at which place, and which side as which text; and its key, which tells."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_builder.publishing.learning.step_texts import step_spans
from dataset_builder.publishing.reviews.texts import text_hash
from dataset_builder.publishing.reviews.values import VERSION
from dataset_builder.publishing.streams.digests import canonical
from dataset_builder.review.sample import Case, Judged


@dataclass(frozen=True)
class Placed:
    """A case as one rater sees it: its texts in the order in which they are shown."""

    case: Case
    texts: tuple[Judged, ...]


@dataclass(frozen=True)
class Study:
    """The study's id, and what each rater is shown, by rater."""

    id: str
    raters: dict[str, list[Placed]]


def plan(cases: Sequence[Case], content_hashes: Sequence[str], raters: int, seed: int) -> Study:
    """Every rater judges all cases, in an order of their own. The two sides come first equally often, up to one.

    The id is a hash of the cases, of how they were drawn and of the folders: the same study has the same id, and more raters do not
    change the pages of those who were there.
    """
    shown = [[case.id, [[text.side, text.id, text_hash(text.text)] for text in case.texts]] for case in cases]
    study = hashlib.sha256(canonical([VERSION, seed, list(content_hashes), shown])).hexdigest()[:12]
    names = [f"rater-{number}" for number in range(1, raters + 1)]
    return Study(study, {name: _order(cases, f"{study} {seed} {name}") for name in names})


def _order(cases: Sequence[Case], seed: str) -> list[Placed]:
    generator = random.Random(seed)
    turned = [place % 2 == 1 for place in range(len(cases))]
    generator.shuffle(turned)
    placed = [Placed(case, case.texts[::-1] if turn else case.texts) for case, turn in zip(cases, turned, strict=True)]
    generator.shuffle(placed)
    return placed


def key_of(study: Study, folders: Mapping[str, tuple[Path, Mapping[str, Any]]], seed: int) -> dict[str, Any]:
    """The content of key.json: per rater and item, which question it is, and which text is from which folder."""
    return {
        "version": VERSION,
        "study": study.id,
        "seed": seed,
        "folders": {
            side: {
                "folder": str(folder),
                "pipeline": manifest["pipeline"],
                "content_hash": manifest["content_hash"],
            }
            for side, (folder, manifest) in folders.items()
        },
        "raters": {
            rater: [
                {"item": number, "id": one.case.id, "texts": [_text(text) for text in one.texts]}
                for number, one in enumerate(placed, 1)
            ]
            for rater, placed in study.raters.items()
        },
    }


def _text(judged: Judged) -> dict[str, Any]:
    number = len(step_spans(judged.text))
    return {"side": judged.side, "id": judged.id, "text_hash": text_hash(judged.text), "steps": number}
