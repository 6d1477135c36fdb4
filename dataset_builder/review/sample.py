"""Which published questions are judged: a stratified draw, in which every question has the same chance.

The questions are put in the order of their strata, in a drawn order within each, and every (number of questions / N)-th is taken from a
drawn start: systematic sampling from an ordered list (Cochran, Sampling Techniques, 3rd ed. 1977, chapter 8). Every stratum gets its share
up to one question, however many strata there are, and a plain mean over the sample estimates that over the folder.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.reviews.texts import TEXTS, judged_texts, published_rows, text_hash
from dataset_builder.publishing.streams.digests import canonical
from dataset_builder.relevance.model import MIN_RELEVANCE

Stratum = tuple[str, ...]
SOMEWHAT = 0.5  # relevance between this and MIN_RELEVANCE is a stratum of its own
CASE = ("question", "context", "options")
FACTS = ("source", "tier", "support", "paths")  # of which strata are made


@dataclass(frozen=True)
class Judged:
    """A text to be judged: from which folder (side), its id there, and the text."""

    side: str
    id: str
    text: str


@dataclass(frozen=True)
class Case:
    """A question that is judged, as raters see it, with one text of each folder."""

    id: str
    question: str
    context: str | None
    options: tuple[tuple[str, str], ...]  # label, text
    texts: tuple[Judged, ...]


@dataclass(frozen=True)
class Outline:
    """What is kept of a published question until the draw: its stratum, and hashes of what is shown."""

    stratum: Stratum
    case: bytes
    text: str


@dataclass(frozen=True)
class Drawn:
    """The drawn cases, questions by stratum (in the folders, in the sample), and how many could not be drawn, by reason."""

    cases: list[Case]
    strata: dict[Stratum, tuple[int, int]]
    left_out: dict[str, int]


def draw_cases(folders: Mapping[str, tuple[Path, Mapping[str, Any]]], number: int, seed: int) -> Drawn:
    """Draw this many questions that all folders publish. ``folders``: by side, with their manifests.

    All are taken where there are fewer. Raises FolderError where there is none.
    """
    outlines = {side: outlines_of(folder, manifest, seed) for side, (folder, manifest) in folders.items()}
    strata, left_out = common(list(outlines.values()))
    if not strata:
        names = " and ".join(str(folder) for folder, _ in folders.values())
        why = "; ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise FolderError(
            f"found no question with a rationale that could be judged in {names}{f' ({why})' if why else ''}; expected at least one that "
            f"{'both publish' if len(folders) > 1 else 'is published'}: give other folders (make: FOLDER=, B=)"
        )
    ids = draw(strata, number, seed)
    everywhere, taken = Counter(strata.values()), Counter(strata[id_] for id_ in ids)
    shown = {stratum: (everywhere[stratum], taken[stratum]) for stratum in sorted(everywhere)}
    return Drawn(_cases(folders, ids, seed), shown, left_out)


def draw(strata: Mapping[str, Stratum], number: int, seed: int) -> list[str]:
    """Draw this many ids, or all: seeded, and independent of the order in which the ids are given. ``strata``: of each id."""
    generator = random.Random(seed)
    ids = sorted(strata)
    generator.shuffle(ids)
    ids.sort(key=lambda id_: strata[id_])  # keeps the drawn order within a stratum
    if number >= len(ids):
        return ids
    step = len(ids) / number
    start = generator.random() * step
    return [ids[min(int(start + place * step), len(ids) - 1)] for place in range(number)]


def common(folders: Sequence[Mapping[str, Outline]]) -> tuple[dict[str, Stratum], dict[str, int]]:
    """The stratum of each question that can be judged, by id, and the others counted by reason."""
    left_out, strata = Counter[str](), dict[str, Stratum]()
    for id_ in dict.fromkeys(id_ for found in folders for id_ in found):
        each = [found[id_] for found in folders if id_ in found]
        if len(each) < len(folders):
            left_out["published by one folder alone"] += 1
        elif len({one.case for one in each}) > 1:
            left_out["worded or ordered differently in the two folders"] += 1
        elif len(each) > 1 and len({one.text for one in each}) == 1:
            left_out["with the same text in both folders"] += 1
        else:
            strata[id_] = _joined([one.stratum for one in each])
    return strata, dict(left_out)


def _joined(strata: Sequence[Stratum]) -> Stratum:
    """The stratum of a question in the first folder, and what is otherwise in the second."""
    first, *others = strata
    return first + tuple(f"B: {part}" for other in others for part in other if part not in first)


def unblinded(cases: Sequence[Case], manifests: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of the drawn texts that name a model or pipeline of the folders: a rater can tell where such a text is from."""
    models = [str(name) for one in manifests for name in one["inputs"].get("models", {}).values()]
    names = {name.strip().partition("@")[0] for given in models for name in given.split(",")}
    names |= {one["pipeline"] for one in manifests}
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names) if name), re.IGNORECASE)
    return [text.id for case in cases for text in case.texts if pattern.search(text.text)]


def outlines_of(folder: Path, manifest: Mapping[str, Any], seed: int) -> dict[str, Outline]:
    """The published questions of a folder by id; of several rationales of a question one is drawn."""
    found = {}
    for row in published_rows(folder, manifest, (*TEXTS, *CASE, *FACTS)):
        if chosen := chosen_text(row, seed):
            options = [[option["label"], option["text"]] for option in row["options"]]
            case = hashlib.sha256(canonical([row["question"], row["context"], options])).digest()
            found[row["id"]] = Outline(stratum_of(row, chosen[0]), case, text_hash(chosen[1]))
    return found


def chosen_text(row: Mapping[str, Any], seed: int) -> tuple[str, str] | None:
    """Id and text of the rationale that is judged; None where the row has none."""
    texts = judged_texts(row)
    if not texts:
        return None
    ids = sorted(texts, key=lambda id_: hashlib.sha256(f"{seed} {id_}".encode()).digest())
    return ids[0], texts[ids[0]]


def stratum_of(row: Mapping[str, Any], text_id: str) -> Stratum:
    """Source, tier, support of the rationale's claims and relevance of the best path: those that the row has."""
    parts = [f"source {row['source']}"]
    if row.get("tier"):
        parts.append(f"tier {row['tier']}")
    number = int(text_id.rpartition("#")[2]) - 1 if text_id != row["id"] else 0
    if row.get("support") and number < len(row["support"]):
        parts.append(f"claims: {support_of(row['support'][number])}")
    if row.get("paths") is not None:
        known = [path["relevance"] for path in row["paths"] if path.get("relevance") is not None]
        parts.append(f"best path: {relevance_of(max(known, default=None))}")
    return tuple(parts)


def support_of(support: Mapping[str, int]) -> str:
    """What the graph says of a rationale's claims, in one of five words."""
    if not support["claims"]:
        return "none read"
    if support["contradicted"]:
        return "a contradicted one"
    if support["supported"] == support["claims"]:
        return "all supported"
    return "some supported" if support["supported"] else "none supported"


def relevance_of(best: float | None) -> str:
    """How relevant the most relevant path of a row is, in three ranges."""
    if best is None:
        return "relevance unknown"
    if best >= MIN_RELEVANCE:
        return f"relevance {MIN_RELEVANCE} or more"
    return f"relevance {SOMEWHAT} to {MIN_RELEVANCE}" if best >= SOMEWHAT else f"relevance below {SOMEWHAT}"


def _cases(folders: Mapping[str, tuple[Path, Mapping[str, Any]]], ids: Sequence[str], seed: int) -> list[Case]:
    rows: dict[str, dict[str, Any]] = {}
    texts: dict[str, list[Judged]] = {id_: [] for id_ in ids}
    for side, (folder, manifest) in folders.items():
        for row in published_rows(folder, manifest, (*TEXTS, *CASE)):
            if row["id"] in texts and (chosen := chosen_text(row, seed)):
                rows[row["id"]] = {name: row[name] for name in CASE}
                texts[row["id"]].append(Judged(side, *chosen))
    return [_case(id_, rows[id_], tuple(texts[id_])) for id_ in ids]


def _case(id_: str, row: Mapping[str, Any], texts: tuple[Judged, ...]) -> Case:
    options = tuple((option["label"], option["text"]) for option in row["options"])
    return Case(id_, row["question"], row["context"], options, texts)
