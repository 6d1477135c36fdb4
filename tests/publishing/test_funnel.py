"""The funnel: every question is counted once."""

from collections.abc import Iterable, Mapping
from typing import Any

from dataset_builder.publishing.funnel import Counts, Tally, reasons_of, total

REASONS = [("medqa", None), ("sample", "no_path"), ("medqa", "no_path"), ("medqa", "duplicate"), ("medqa", "no_path")]


def funnel(rows: Iterable[Mapping[str, Any]]) -> dict[str, Counts]:
    tally = Tally()
    for row in rows:
        tally.add(row)
    return tally.funnel()


def test_it_adds_up_in_the_order_of_sources_and_of_frequency() -> None:
    table = funnel({"source": source, "rejected_because": why} for source, why in REASONS)
    assert list(table) == ["sample", "medqa"]
    assert list(table["medqa"].items()) == [("in", 4), ("published", 1), ("no_path", 2), ("duplicate", 1)]
    assert table["sample"] == {"in": 1, "published": 0, "no_path": 1}
    assert total(table) == {"in": 5, "published": 1, "no_path": 3, "duplicate": 1}
    assert reasons_of(total(table)) == {"no_path": 3, "duplicate": 1}


def test_a_source_that_is_not_known_any_more_is_counted_too() -> None:
    rows = [{"source": name, "rejected_because": None} for name in ("gone", "medqa")]
    assert list(funnel(rows)) == ["medqa", "gone"]
