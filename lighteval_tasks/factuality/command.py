"""python -m lighteval_tasks factuality OUTPUTS [OUTPUTS] --kg KG: the claims of stored outputs; of two, also compared in pairs."""

import argparse
from pathlib import Path
from typing import Any

from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.options import GRAPH, add_min_edge_score
from lighteval_tasks.factuality import report
from lighteval_tasks.factuality.claims import ItemClaims, claims_of
from lighteval_tasks.factuality.outputs import Columns, read_outputs
from lighteval_tasks.factuality.paired import differences, share_differences
from lighteval_tasks.factuality.summary import inputs, summarize

Tasks = dict[str, list[ItemClaims]]


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to those of the parser. Returns its own parser."""
    add = commands.add_parser("factuality", help="check the claims of stored outputs against a knowledge graph")
    add.add_argument(
        "outputs",
        nargs="+",
        type=Path,
        help="folder of a run, parquet file of lighteval's details, or .jsonl, .jsonl.gz, .parquet of rows; a second one is compared with it",
    )
    add.add_argument("--kg", required=True, help=f"the graph: {GRAPH}")
    add_min_edge_score(add)
    add.add_argument("--out", type=Path, default=Path("build/factuality"), help="default: %(default)s")
    for name in ("output", "id", "question"):
        add.add_argument(f"--{name}-column", help=f"the column with the {name}, if it has not one of the usual names")
    return add


def run(given: argparse.Namespace) -> str:
    """Read, check and write. Returns what to print: the tables, how to read them, and the files. Raises SourceError, GraphError, ReaderMissing."""
    if len(given.outputs) > 2:
        raise SourceError(f'found {len(given.outputs)} outputs to compare; expected one, or two: OUTPUTS="a b"')
    columns = Columns(given.output_column, given.id_column, given.question_column)
    places: dict[str, Path] = dict(zip(("A", "B"), given.outputs, strict=False))
    found = {name: read_outputs(place, columns) for name, place in places.items()}
    kg, reader = KG.load(given.kg, min_edge_score=given.min_edge_score), claim_reader("spacy")
    assert reader is not None  # only "none" is None
    runs: dict[str, Tasks] = {
        name: {task: list(claims_of(kg, outputs, reader)) for task, outputs in tasks.items()}
        for name, tasks in found.items()
    }
    one = len(runs) == 1
    pairs = None if one else _pairs(runs["A"], runs["B"])
    result = inputs(kg, reader) | {
        "runs": [
            {
                "name": "" if one else name,
                "place": str(places[name]),
                "tasks": {task: summarize(items) for task, items in tasks.items()},
            }
            for name, tasks in runs.items()
        ],
        "differences": differences(pairs) if pairs else None,
        "supported_shares": share_differences(pairs) if pairs else None,
    }
    return f"{report.write(result, runs, given.out)}\n\n{given.out}: factuality.json, factuality.md, claims*.parquet"


def _pairs(a: Tasks, b: Tasks) -> dict[tuple[str, str], tuple[dict[str, list[int]], dict[str, list[int]]]]:
    """The counts by item of the tasks that both have; a file has one task, whatever it is called."""
    same = [(name, name) for name in a if name in b]
    names = [(next(iter(a)), next(iter(b)))] if len(a) == len(b) == 1 else same
    if not names:
        raise SourceError(
            f"no task is in both; A has {', '.join(a)}, B has {', '.join(b)}. Give outputs of the same tasks"
        )
    return {
        (x if x == y else f"{y} against {x}", ""): tuple(
            {one.id: one.counts() for one in items} for items in (a[x], b[y])
        )
        for x, y in names
    }  # pyright: ignore[reportReturnType]
