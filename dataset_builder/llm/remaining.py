"""The rows of a stage that asks a model whose conversations must run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.llm.heard import HeardRow

if TYPE_CHECKING:
    from datasets import Dataset

BATCH = 256  # rows whose conversations are started together
RELEASED = 16  # batches between two times that the pages of the rows are let go of
HEARD = "heard"  # in place of a row's reason to be rejected: its conversation is not run again


class Remaining:
    """The rows of a stage whose conversations must run: those that are neither rejected nor ``known``."""

    def __init__(self, rows: "Dataset", known: Mapping[int, HeardRow]) -> None:
        self._rows = rows
        reasons = rows.select_columns("rejected_because")[:]["rejected_because"]
        self._reasons = [HEARD if row in known else why for row, why in enumerate(reasons)]
        self.number = self._reasons.count(None)

    def without(self, ended: Mapping[int, HeardRow]) -> "Remaining":
        """Those that have not ended yet."""
        return Remaining(self._rows, ended)

    def __len__(self) -> int:
        """All rows of the stage."""
        return len(self._rows)

    def batches(self) -> Iterator[tuple[int, dict[str, list[Any]]]]:
        """Batches of rows with the number of their first one, in which only these rows are not rejected; none without such a row."""
        from dataset_builder.mapped import release  # imports datasets, which a start does not need

        folders = {Path(file["filename"]).parent for file in self._rows.cache_files}
        for start in range(0, len(self._rows), BATCH):
            if start % (RELEASED * BATCH) == 0:
                for folder in folders:
                    release(folder)
            reasons = self._reasons[start : start + BATCH]
            if None in reasons:
                yield start, self._rows[start : start + BATCH] | {"rejected_because": reasons}
