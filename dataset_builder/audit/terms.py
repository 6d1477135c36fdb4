"""The licenses of a dataset: what its card says, what its rows say, and what is known of the sources that its rows name."""

import csv
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.audit.findings import Findings
from dataset_builder.audit.records import Record
from dataset_builder.sources.licenses import COMMERCIAL
from dataset_builder.sources.table import SOURCES

if TYPE_CHECKING:
    from dataset_builder.audit.places import Audited

TABLE = Path(__file__).with_name("source_names.tsv")  # names in MedReason's column dataset_name that are not ours
MOST = 50  # names of sources that are listed


@cache
def source_of(name: str) -> str | None:
    """Our source of this name, or of the name by which a published set calls it; None where none is known."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        names = {row["name"]: row["source"] for row in csv.DictReader(file, delimiter="\t")}
    return name if name in SOURCES else names.get(name)


class Terms:
    """Counts rows by the source and the license that they name."""

    def __init__(self, findings: Findings) -> None:
        self.named: Counter[tuple[str, str]] = Counter()
        self._findings = findings

    def see(self, record: Record) -> None:
        """Count a row; say where its source is for evaluation only."""
        self.named[record.source, record.license] += 1
        source = source_of(record.source) if record.source else None
        if source and SOURCES[source].train is None:
            detail = f"source {record.source}: {SOURCES[source].hub_id}, whose questions are for evaluation"
            self._findings.add(record.number, record.id, "evaluation_source", detail)

    def as_dict(self, place: "Audited") -> dict[str, Any]:
        """The licenses, with what contradicts the card: a source with a license that allows less, or that nobody knows."""
        sources = [_about(name, license_, rows) for (name, license_), rows in self.named.most_common(MOST)]
        less = [one["name"] for one in sources if one["name"] and not one["commercial"]]
        allows = place.license in COMMERCIAL
        return {
            "card": place.license,
            "sources": sources,
            "further_sources": max(0, len(self.named) - MOST),
            "rows_without_source": sum(rows for (name, _), rows in self.named.items() if not name),
            "allow_less_than_card": sorted(set(less)) if allows else [],
        }


def _about(name: str, license_: str, rows: int) -> dict[str, Any]:
    source = source_of(name) if name else None
    known = SOURCES[source] if source else None
    stated = license_ or (known.license if known else "unknown")
    return {
        "name": name,
        "rows": rows,
        "source": source,
        "license": stated,
        "license_from": "the row" if license_ else f"our table of sources ({source})" if known else "nowhere",
        "commercial": stated in COMMERCIAL,
        "evaluation_only": bool(known and known.train is None),
        "terms": known.terms if known else "",
    }
