"""What an audit finds: every finding in findings.parquet, and of each code the number of rows and a few examples, drawn by a seed."""

import csv
import random
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from kg.terminal import one_line

TABLE = Path(__file__).with_name("findings.tsv")
FILE = "findings.parquet"
PAGES = ("audit.json", "audit.md", "audit.html")
LEVELS = ("fault", "doubt", "note")
EXAMPLES = 5  # of each code
DETAIL = 300  # characters
BATCH = 20_000  # findings that are written together


@dataclass(frozen=True)
class Code:
    """A kind of finding. ``level``: fault (certain by its form), doubt (a rule that can err), note (for a reader to judge)."""

    code: str
    check: str
    level: str
    meaning: str
    false_alarms: str


@cache
def codes() -> dict[str, Code]:
    """Every code, in the order of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return {row[0]: Code(*row) for row in rows}


class Findings:
    """Takes findings, writes them, and counts each row once per code. Rows of one code must come in their order."""

    def __init__(self, file: Path, seed: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet

        self.rows: Counter[str] = Counter()
        self.faulty: set[int] = set()
        self._examples: dict[str, list[dict[str, Any]]] = {}
        self._draws: dict[str, random.Random] = {}
        self._last: dict[str, int] = {}
        self._seed = seed
        self._schema = pa.schema(
            {"row": pa.int64(), **dict.fromkeys(("id", "check", "level", "code", "detail"), pa.string())}
        )
        self._open: list[dict[str, Any]] = []
        self._writer = pyarrow.parquet.ParquetWriter(file, self._schema, compression="zstd")

    def __enter__(self) -> "Findings":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write()
        self._writer.close()

    def add(self, row: int, id_: str, code: str, detail: str) -> None:
        """Take a finding. Raises KeyError for a code that is not in findings.tsv."""
        about = codes()[code]
        found = {"row": row, "id": one_line(id_)[:DETAIL], "check": about.check, "level": about.level, "code": code}
        found["detail"] = one_line(detail)[:DETAIL]
        self._open.append(found)
        if len(self._open) >= BATCH:
            self._write()
        if self._last.get(code) == row:
            return
        self._last[code] = row
        self.rows[code] += 1
        if about.level == "fault":
            self.faulty.add(row)
        self._draw(code, {key: found[key] for key in ("row", "id", "detail")})

    def examples(self, code: str) -> list[dict[str, Any]]:
        """Some findings of a code, each equally likely, in the order of rows."""
        return sorted(self._examples.get(code, ()), key=lambda one: one["row"])

    def _draw(self, code: str, found: dict[str, Any]) -> None:
        kept, draw = (
            self._examples.setdefault(code, []),
            self._draws.setdefault(code, random.Random(f"{self._seed} {code}")),
        )
        if len(kept) < EXAMPLES:
            kept.append(found)
        elif (place := draw.randrange(self.rows[code])) < EXAMPLES:
            kept[place] = found

    def _write(self) -> None:
        import pyarrow as pa

        if self._open:
            self._writer.write_table(pa.Table.from_pylist(self._open, schema=self._schema))
            self._open = []
