"""``audit``: check any dataset of questions with rationales, without a build."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataset_builder.audit.audit import CHECKS, Settings, audit
from dataset_builder.audit.findings import FILE, PAGES
from dataset_builder.audit.layouts import ROLES, layout_for, parsed
from dataset_builder.audit.raw_rows import columns_of
from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import positive
from dataset_builder.contamination.benchmarks import ALL, BENCHMARKS, NONE, read_benchmarks
from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.options import GRAPH, add_min_edge_score
from kg.terminal import one_line


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `audit` and its options."""
    command.add_argument(
        "dataset",
        metavar="DATASET",
        help="a file (.jsonl, .json, .parquet; the first two also .gz), a folder, or ORG/NAME[@REVISION] on the Hub",
    )
    command.add_argument(
        "--columns",
        metavar="ROLE=COLUMN,…",
        help=f"which column holds what, where the layout is not known: {', '.join(ROLES)}; several columns of one role: role=a+b",
    )
    command.add_argument("--files", metavar="GLOB", help="only these files of the folder")
    command.add_argument("--kg", metavar="GRAPH", help=f"check claims against a graph: {GRAPH}")
    add_min_edge_score(command)
    command.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="read the evaluation splits from here, as --data-dir of build; those that it lacks from the Hub",
    )
    command.add_argument(
        "--benchmarks",
        default=ALL,
        metavar="NAMES",
        help=f"evaluation splits to compare with: {ALL} (default), {NONE}, or some of: {', '.join(BENCHMARKS)}",
    )
    command.add_argument(
        "--claims-of",
        type=positive,
        default=1000,
        metavar="N",
        help="read the claims of N rationales, drawn by the seed (default: %(default)s)",
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all draws (default: 0)")
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help=f"writes {', '.join(PAGES)} and {FILE} there"
    )
    command.set_defaults(command=run_audit)


def run_audit(given: argparse.Namespace) -> int:
    """Audit, write, and print the summary. 0 also where faults are found. Raises SourceError, GraphError, HubError, FolderError, ReaderMissing."""
    from dataset_builder.audit.page import write  # here: both need `datasets`, which takes a second to import
    from dataset_builder.audit.places import audited

    if given.columns:
        parsed(given.columns)
    if given.out.exists() and not given.out.is_dir():
        raise SourceError(f"--out {given.out}: found a file; expected a folder, or none yet")
    place = audited(given.dataset, given.files)
    layout = None
    for path in place.files:
        one = layout_for(columns_of(path), str(path), given.columns, place.hub_id)
        if layout and one != layout:
            raise SourceError(
                f"{path}: found the layout {one.name}, and {layout.name} in {place.files[0]}; expected one layout. Audit them apart: FILES=GLOB"
            )
        layout = one
    assert layout is not None  # a place has a file
    benchmarks, unread = read_benchmarks(given.benchmarks, [], given.data_dir)
    kg = KG.load(given.kg, min_edge_score=given.min_edge_score) if given.kg else None
    reader = claim_reader("spacy") if kg else None
    given.out.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        benchmarks,
        unread,
        kg,
        reader,
        given.claims_of,
        given.seed,
        _tell,
    )
    result = audit(place, layout, given.out, settings)
    write(result, given.out)
    _print(result, given.out)
    return 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _print(result: Mapping[str, Any], out: Path) -> None:
    rows = result["rows"]
    OUT.print(
        one_line(
            f"{result['dataset']['name']}: layout {result['dataset']['layout']}, {rows['all']:,} rows, {rows['with_fault']:,} with a fault."
        ),
        markup=False,
    )
    for check in result["checks"]:
        found = ", ".join(f"{one['rows']:,} {one['code']}" for one in check["findings"]) or (
            "nothing found" if check["looked_at"] else "not checked"
        )
        OUT.print(f"{CHECKS[check['name']]} ({check['looked_at']:,} looked at): {found}", markup=False)
    checked = ", ".join(result["benchmarks"]) or "none"
    OUT.print(f"Benchmarks at hand: {checked}", markup=False)
    OUT.print(one_line(f"Wrote {out}: {', '.join(PAGES)}, {FILE}"), markup=False)
