"""The ledger of a build: its questions that an evaluation split also asks, by rule. check.py makes it."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dataset_builder.configs import CONFIGS
from dataset_builder.row import as_features

if TYPE_CHECKING:
    from datasets import Dataset

CONFIG = "contamination"  # of the dataset folder: a row per match


class LedgerEntry(NamedTuple):
    """A question of a source and one of a benchmark that ask the same. The columns of the config."""

    source: str
    id: str
    benchmark: str
    benchmark_id: str
    rule: str
    score: float


@dataclass(frozen=True)
class Ledger:
    """The matches, and the benchmarks checked.

    A frozen value: it is part of the cache key of the stage that uses it.
    """

    names: tuple[str, ...] = ()
    found: tuple[LedgerEntry, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return ", ".join(self.names) or "none"

    def of(self, id_: str) -> tuple[LedgerEntry, ...]:
        """The benchmark questions that ask the same as this question, the highest score first."""
        return _by_id(self).get(id_, ())

    def rows(self) -> "Dataset":
        """The config of the dataset folder."""
        from datasets import Dataset

        types = as_features(CONFIGS[CONFIG].columns)
        columns = zip(*self.found, strict=True) if self.found else [()] * len(types)
        return Dataset.from_dict(dict(zip(types, map(list, columns), strict=True)), features=types)


NOTHING_CHECKED = Ledger()


@lru_cache(maxsize=4)
def _by_id(ledger: Ledger) -> dict[str, tuple[LedgerEntry, ...]]:
    found: dict[str, tuple[LedgerEntry, ...]] = {}
    for one in sorted(ledger.found, key=lambda one: -one.score):
        found[one.id] = (*found.get(one.id, ()), one)
    return found
