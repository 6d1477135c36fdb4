"""Which columns of a dataset hold what: the known layouts (layouts.tsv), and those that a user names by COLUMNS."""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dataset_builder.sources.raw_files import SourceError

TABLE = Path(__file__).with_name("layouts.tsv")
ROLES = ("question", "context", "options", "answer", "label", "rationale", "id", "source", "license")
OWN = "columns"  # the name of a layout that the user gave
# Columns that often hold what a role asks for, only to propose a COLUMNS line: nothing is read by them
USUAL = {
    "question": ("question", "query", "prompt", "instruction", "input", "problem"),
    "options": ("options", "choices", "candidates"),
    "answer": ("answer", "gold", "answer_text", "ground_truth", "target"),
    "label": ("answer_idx", "answer_label", "label", "answerkey"),
    "rationale": ("rationale", "reasoning", "explanation", "cot", "complex_cot", "output", "response", "completion"),
    "id": ("id", "question_id", "qid"),
    "source": ("source", "dataset_name", "dataset"),
    "license": ("license",),
}


@dataclass(frozen=True)
class Layout:
    """Role to the columns that hold it, joined in this order; ``evidence``: from what the layout was read."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    hub_id: str = ""
    files: str = ""
    evidence: str = ""

    def of(self, role: str) -> tuple[str, ...]:
        """The columns of a role; none where the layout has none."""
        return self.columns.get(role, ())

    @property
    def needed(self) -> frozenset[str]:
        """Every column that the layout names."""
        return frozenset(column for columns in self.columns.values() for column in columns)

    def as_line(self) -> str:
        """The layout as a COLUMNS line."""
        return ",".join(f"{role}={'+'.join(self.of(role))}" for role in ROLES if self.of(role))


@cache
def known() -> tuple[Layout, ...]:
    """The layouts of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return tuple(
        Layout(
            row["name"],
            {role: tuple(row[role].split("+")) for role in ROLES if row[role]},
            row["hub_id"],
            row["files"],
            row["evidence"],
        )
        for row in rows
    )


def of_hub(hub_id: str) -> Layout | None:
    """The known layout of a dataset on the Hub."""
    return next((one for one in known() if hub_id and one.hub_id == hub_id), None)


def parsed(columns: str) -> Layout:
    """The layout of a COLUMNS line, ``question=a+b,rationale=c``. Raises SourceError for another form."""
    found: dict[str, tuple[str, ...]] = {}
    for part in columns.split(","):
        role, equals, names = part.partition("=")
        role, listed = role.strip(), tuple(name.strip() for name in names.split("+"))
        if role not in ROLES or not equals or not all(listed) or role in found:
            raise SourceError(
                f"COLUMNS: found {part!r}; expected role=column, each role once, of {', '.join(ROLES)}; several columns of one role: role=a+b"
            )
        found[role] = listed
    if "question" not in found:
        raise SourceError(
            f"COLUMNS: found no column for the question in {columns!r}; expected question=column, and rationale=column where there are rationales"
        )
    return Layout(OWN, found)


def layout_for(there: Collection[str], place: str, columns: str | None, hub_id: str = "") -> Layout:
    """The layout of rows with these columns: that of COLUMNS, else the known one that names most of them.

    Raises SourceError, with the columns found and the line to type, where there is none.
    """
    if columns:
        given = parsed(columns)
        if missing := sorted(given.needed - set(there)):
            raise SourceError(
                f"{place}: found no column {', '.join(missing)}; its columns: {', '.join(sorted(there))}"
            )
        return given
    fitting = [one for one in known() if one.needed - {"context", "license"} <= set(there)]
    if not fitting:
        raise SourceError(
            f"{place}: found the columns {', '.join(sorted(there)) or 'none'}; expected those of a known layout ("
            + "; ".join(f"{one.name}: {', '.join(sorted(one.needed))}" for one in known())
            + f"), or which column holds what. Type: COLUMNS={proposal(there)}"
        )
    return max(fitting, key=lambda one: (bool(hub_id) and one.hub_id == hub_id, len(one.needed)))


def proposal(there: Collection[str]) -> str:
    """A COLUMNS line for these columns: the usual ones that are there; for question and rationale a gap where none is."""
    by_lower = {name.lower(): name for name in there}
    parts, used = [], set[str]()
    for role, usual in USUAL.items():
        name = next((by_lower[one] for one in usual if one in by_lower and by_lower[one] not in used), None)
        if name or role in ("question", "rationale"):
            parts.append(f"{role}={name or '…'}")
            used.add(name or "")
    return ",".join(parts)
