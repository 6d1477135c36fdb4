"""How much longer the chosen texts of the config `preference` are than the rejected ones: what a trainer could learn in place of the reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet

COLUMNS = ("why", "chosen_length", "rejected_length")


@dataclass
class Lengths:
    """The pairs of one reason: how many, and the sums of the characters of their texts."""

    pairs: int = 0
    chosen: int = 0
    rejected: int = 0

    @property
    def mean_difference(self) -> float:
        """Chosen less rejected, in characters, as a mean over the pairs."""
        return (self.chosen - self.rejected) / self.pairs

    @property
    def share(self) -> float:
        """The difference as a share of the mean length of all these texts; 0 where they are empty."""
        return 2 * (self.chosen - self.rejected) / max(1, self.chosen + self.rejected)

    def add(self, chosen: int, rejected: int) -> None:
        """Count a pair with texts of these lengths."""
        self.pairs, self.chosen, self.rejected = self.pairs + 1, self.chosen + chosen, self.rejected + rejected


def lengths_of(files: Iterable[Path]) -> dict[str, Lengths]:
    """The lengths by reason, and those of all pairs under "all", from the parquet files of the config. Only three columns are read."""
    found, every = dict[str, Lengths](), Lengths()
    for file in files:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(columns=list(COLUMNS)):
                for why, chosen, rejected in zip(*(batch[name].to_pylist() for name in COLUMNS), strict=True):
                    found.setdefault(why, Lengths()).add(chosen, rejected)
                    every.add(chosen, rejected)
    return dict(sorted(found.items())) | ({"all": every} if every.pairs else {})
