"""One part of a build: the questions whose ids hash to it, their positions in the whole, and what identifies the whole."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataset_builder.sources.packed_rows import PackedRows

if TYPE_CHECKING:
    from datasets import Dataset

CONFIG = "positions"  # of the folder of a part
MAX_PARTS = 10_000


@dataclass(frozen=True)
class Shard:
    """Part number ``part``, counted from 1, of ``of`` parts."""

    part: int
    of: int

    def __str__(self) -> str:
        return f"{self.part}/{self.of}"


def shard(text: str) -> Shard:
    """The part that ``K/N`` names. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= MAX_PARTS:
        raise ValueError(f"found {text!r}; expected K/N with K from 1 to N, and N at most {MAX_PARTS}, such as 1/3")
    return Shard(int(found[1]), int(found[2]))


def part_of(id_: str, of: int) -> int:
    """The part, from 1 to ``of``, to which a question of this id belongs: the same on every machine. Repeats have one id, and one part."""
    return int.from_bytes(hashlib.sha256(id_.encode("utf-8", "surrogatepass")).digest()[:8], "big") % of + 1


class Ids:
    """A digest of the ids of all rows, in their order; it tells one whole from another."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def add(self, id_: str) -> None:
        """Take in the id of the next row."""
        self.rows += 1
        self._digest.update(id_.encode("utf-8", "surrogatepass") + b"\n")

    def facts(self) -> dict[str, Any]:
        """The number of rows, and sha256 over their ids."""
        return {"rows": self.rows, "ids": self._digest.hexdigest()}


@dataclass(frozen=True)
class Chosen:
    """The questions to build, and what a part says of the whole; the latter is empty where all are built."""

    questions: Sequence[Mapping[str, Any]]
    facts: dict[str, Any] = field(default_factory=dict)  # for the manifest
    positions: Sequence[int] = ()

    def configs(self, rows: "Dataset") -> dict[str, "Dataset"]:
        """The config of a part that says where its rows belong: ``rows`` are those of the questions, in the same order."""
        if not self.facts:
            return {}
        from datasets import Dataset

        from dataset_builder.configs import CONFIGS
        from dataset_builder.publishing.streams.batches import has_value
        from dataset_builder.row import as_features

        published = ~has_value(rows, "rejected_because")
        columns = {"id": list(rows["id"]), "position": list(self.positions), "published": published.tolist()}
        return {CONFIG: Dataset.from_dict(columns, features=as_features(CONFIGS[CONFIG].columns))}


def choose(questions: Sequence[Mapping[str, Any]], wanted: Shard | None) -> Chosen:
    """The questions of this part; all of them where none is wanted. One pass, with the part's questions in memory, packed."""
    if wanted is None:
        return Chosen(questions)
    mine, positions, ids = PackedRows(), [], Ids()
    for position, question in enumerate(questions):
        ids.add(question["id"])
        if part_of(question["id"], wanted.of) == wanted.part:
            mine.append(question)
            positions.append(position)
    return Chosen(mine, {"shard": {"part": wanted.part, "of": wanted.of, **ids.facts()}}, positions)
