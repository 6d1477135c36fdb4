"""Options and messages of the contamination check, and the command `contamination` for all available splits."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

from dataset_builder.commands import OUT
from dataset_builder.contamination.benchmarks import ALL, BENCHMARKS, NONE, Row, read_benchmarks
from dataset_builder.contamination.check import check, facts
from dataset_builder.contamination.kept_ledger import ledger_of
from dataset_builder.contamination.ledger import Ledger
from dataset_builder.contamination.overlap import COSINES, Match, matches
from dataset_builder.sources.questions import Origin, read_questions
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.raw_splits import splits_in
from dataset_builder.sources.table import SOURCES
from dataset_builder.stage_code import hash_of_modules
from kg.embedder import named

SAID = 120  # characters shown of the reason why a benchmark was not read


def add_benchmarks(command: argparse.ArgumentParser) -> None:
    """Add --benchmarks and --strict."""
    command.add_argument(
        "--benchmarks",
        metavar="NAMES",
        help=f"reject questions of these evaluation splits: {ALL} (default), {NONE}, or some of: {', '.join(BENCHMARKS)}",
    )
    command.add_argument(
        "--strict", action="store_true", help="also reject questions that are only likely to be the same"
    )


def check_contamination(
    questions: Sequence[Row], origins: Sequence[Origin], given: argparse.Namespace
) -> tuple[Ledger, dict[str, Any], bool]:
    """The ledger of these questions under the options of the command line, its facts for the manifest, and whether it is final.

    It is not final where a benchmark has no pinned revision, or the Hub did not give it: a later build may read it.
    """
    benchmarks, unread = read_benchmarks(given.benchmarks, origins, given.data_dir)
    how = {"strict": given.strict, "embedder": named(given.embedder)}
    ledger = ledger_of(questions, benchmarks, **how, code=hash_of_modules(check.__module__))
    final = all(one.origin.pinned for one in benchmarks) and not any(one.may_come for one in unread)
    return ledger, facts(ledger, benchmarks, unread, **how), final


def describe_check(about: Mapping[str, Any]) -> list[str]:
    """The lines at the end of a build: the benchmarks checked, then in capitals those not checked, with the reason."""
    lines = []
    if about["checked"]:
        means = f"and {about['embedder']}" if about["embedder"] in COSINES else "no embedder"
        lines.append(f"Checked against {', '.join(about['checked'])} (words, {means}).")
    by_reason: dict[str, list[str]] = {}
    for name, one in about["not_checked"].items():
        why = one["why"] if len(one["why"]) <= SAID else f"{one['why'][:SAID]}…"
        by_reason.setdefault(why.replace(name, "it"), []).append(name)
    return lines + [f"NOT CHECKED against {', '.join(names)}: {why}" for why, names in by_reason.items()]


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `contamination`: every available split against every available evaluation split."""
    command.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="as --data-dir of build")
    command.add_argument(
        "--embedder", default="none", metavar="NAME", help=f"one of: none, {', '.join(COSINES)} (default: none)"
    )
    command.add_argument(
        "--strict", action="store_true", help="also count questions that are only likely to be the same"
    )
    command.set_defaults(command=print_matrix)


def print_matrix(given: argparse.Namespace) -> int:
    """Print matching rows and pairs by rule: sources against benchmarks, benchmarks against each other."""
    embedder = None if given.embedder == "none" else named(given.embedder)
    if embedder:
        embedder.check()
    sets = _sets(given.data_dir)
    tests = [name for name in sets if name[1] == SOURCES[name[0]].test]
    trains = [name for name in sets if name not in tests]
    OUT.print(f"hit: rows of the first / of the second that ask the same question. Embedder: {given.embedder}\n")
    OUT.print("| first | rows | second | rows | hit | pairs by rule |\n|---|---:|---|---:|---:|---|", markup=False)
    pairs = [(a, b) for a in trains for b in tests] + list(combinations_with_replacement(tests, 2))
    for a, b in pairs:
        found = matches(sets[a], sets[b], strict=given.strict, embedder=embedder)
        if a == b:
            found = [match for match in found if match.a < match.b]
        cells = (" ".join(a), len(sets[a]), " ".join(b) if a != b else "itself", len(sets[b]), *_counted(found))
        OUT.print("| " + " | ".join(map(str, cells)) + " |", markup=False)
    return 0


def _sets(data_dir: Path) -> dict[tuple[str, str], list[Row]]:
    """The rows of every split that has a file, including repeats, and those of the sample. Raises SourceError."""
    found = [("sample", "train"), *splits_in(data_dir)]
    if len(found) == 1:
        raise SourceError(
            f"{data_dir}: found no file of any source, expected {data_dir}/<Hub id>/[config/]<split>.jsonl"
        )
    sets = {}
    for name, split in found:
        rows, _ = read_questions([name], {name: split}, data_dir=data_dir)
        sets[name, split] = [row for row in rows if row["rejected_because"] in (None, "duplicate")]
    return sets


def _counted(found: Iterable[Match]) -> tuple[str, str]:
    pairs = list(found)
    rules: dict[str, int] = {}
    for match in pairs:
        rules[match.rule] = rules.get(match.rule, 0) + 1
    hit = f"{len({match.a for match in pairs})} / {len({match.b for match in pairs})}" if pairs else "0"
    return hit, ", ".join(f"{number} {rule}" for rule, number in rules.items())
