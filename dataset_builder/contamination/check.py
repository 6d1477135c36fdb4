"""Check a build's questions against the benchmarks: the ledger, its facts for the manifest, and the benchmarks not checked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataset_builder.contamination.benchmarks import OWN, Benchmark, Row, Unread
from dataset_builder.contamination.ledger import Ledger, LedgerEntry
from dataset_builder.contamination.overlap import COSINES, matches
from dataset_builder.sources.packed_rows import PackedRows
from kg.embedder import NONE, Embedder


def check(
    questions: Sequence[Row], benchmarks: Sequence[Benchmark], *, strict: bool = False, embedder: Embedder = NONE
) -> Ledger:
    """Compare every question that is not rejected yet with every question of the benchmarks, all in one pool."""
    live = PackedRows(compared(questions))
    there = [(benchmark.name, row) for benchmark in benchmarks for row in benchmark.rows]
    model = embedder if measured(embedder) else None
    pairs = matches(live, [row for _, row in there], strict=strict, embedder=model)
    found = {
        LedgerEntry(live[m.a]["source"], live[m.a]["id"], there[m.b][0], there[m.b][1]["id"], m.rule, m.score)
        for m in pairs
    }
    return Ledger(tuple(benchmark.name for benchmark in benchmarks), tuple(sorted(found)))


def compared(questions: Iterable[Row]) -> Iterator[Row]:
    """The questions that are compared: those that are not rejected yet."""
    return (row for row in questions if row["rejected_because"] is None)


def measured(embedder: Embedder) -> bool:
    """Whether this embedder's cosines were measured on duplicates; no other embedder is used."""
    return embedder.name in COSINES


def facts(
    ledger: Ledger,
    benchmarks: Sequence[Benchmark],
    unread: Iterable[Unread],
    *,
    strict: bool = False,
    embedder: Embedder = NONE,
) -> dict[str, Any]:
    """The manifest's entry: rules, benchmarks checked and not checked, counts per source and benchmark."""
    return {
        "strict": strict,
        "embedder": embedder.name if measured(embedder) else NONE.name,
        "checked": {benchmark.name: benchmark.facts() for benchmark in benchmarks},
        "not_checked": {one.name: {"why": one.why, "public": one.public} for one in unread},
        "matches": counts(ledger.found),
    }


def counts(found: Iterable[LedgerEntry]) -> dict[str, dict[str, dict[str, Any]]]:
    """Per source and benchmark: rows of the source, rows of the benchmark, and pairs by rule."""
    cells: dict[tuple[str, str], list[LedgerEntry]] = {}
    for one in found:
        cells.setdefault((one.source, one.benchmark), []).append(one)
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for (source, benchmark), pairs in cells.items():
        table.setdefault(source, {})[benchmark] = {
            "rows": len({one.id for one in pairs}),
            "benchmark_rows": len({one.benchmark_id for one in pairs}),
            "rules": dict(Counter(one.rule for one in pairs)),
        }
    return table


def unchecked(manifest: Mapping[str, Any]) -> list[str]:
    """The public benchmarks that the build was not checked against; they prevent a push.

    Empty where every row was written for this project: a test compares those rows with all benchmarks.
    """
    if all(origin["source"] == OWN for origin in manifest["origins"]):
        return []
    about = manifest.get("contamination", {"not_checked": {}})
    return [name for name, one in about["not_checked"].items() if one["public"]]
