"""``kg-questions``: make multi-hop questions from a graph's paths, as files that the source `kg_questions` reads."""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dataset_builder.commands import OUT
from dataset_builder.commands.graph import graph_facts
from dataset_builder.commands.input_options import add_graph
from dataset_builder.commands.model_options import positive
from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.questions.make import Drawn, Question, make
from kg.questions.splits import COMBINATION, FACT, TRAIN

FOLDER = "kg_questions"  # the name of the source
HOPS = (1, 2, 3, 4)
TEST_SHARE = 4  # one test question of each kind for so many training questions
MEANINGS = {TRAIN: "train", COMBINATION: "test, facts combined anew", FACT: "test, with a held-out fact"}


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `kg-questions` and its options."""
    add_graph(command)
    command.add_argument(
        "--rows",
        type=positive,
        default=1000,
        metavar="N",
        help=f"training questions for each of {HOPS[0]} to {HOPS[-1]} hops; a {TEST_SHARE}th of that for each kind of test question (default: 1000)",
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all random draws (default: 0)")
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help=f"writes DIR/{FOLDER}; then give DIR as --data-dir"
    )
    command.set_defaults(command=write_questions)


def write_questions(given: argparse.Namespace) -> int:
    """Write the two splits and what they were made from. Raises SourceError where a folder is in the way, GraphError."""
    folder = given.out / FOLDER
    if folder.exists() and any(folder.iterdir()):
        raise SourceError(f"{folder} has files; expected a new or empty folder. Delete it, or give another --out")
    kg = KG.load(given.kg, min_edge_score=given.min_edge_score)
    wanted = wanted_numbers(given.rows)
    drawn = make(kg, wanted, given.seed)
    if not any(question.is_train for question in drawn.questions):
        raise SourceError(
            f"no question can be made from the graph {kg.name}: {_reasons(drawn)}. Give another graph by --kg"
        )
    given.out.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{FOLDER}-", dir=given.out))  # a killed run leaves no half of a split
    made_from = {"graph": kg.name, "graph_sha256": kg.digest, "seed": given.seed}
    for split, is_train in (("train", True), ("test", False)):
        rows = (row_of(question) | made_from for question in drawn.questions if question.is_train == is_train)
        _write(draft / f"{split}.jsonl", rows)
    facts = {
        "graph": graph_facts(kg),
        "seed": given.seed,
        "rows": given.rows,
        "no_question_because": dict(drawn.reasons.most_common()),
    }
    (draft / "made_from.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", "utf-8")
    draft.chmod(0o755)
    draft.replace(folder)
    OUT.print(counts_table(drawn, wanted), markup=False)
    OUT.print(f"Draws that gave no question: {_reasons(drawn)}", markup=False)
    OUT.print(
        f"Wrote {folder}. Build from it: --sources kg_questions --data-dir {given.out} --kg {given.kg}", markup=False
    )
    return 0


def wanted_numbers(rows: int) -> list[tuple[int, str, int]]:
    """How many questions of each number of hops and kind. A combination needs two facts."""
    tests = max(1, rows // TEST_SHARE)
    kinds = ((TRAIN, rows), (COMBINATION, tests), (FACT, tests))
    return [(hops, kind, number) for hops in HOPS for kind, number in kinds if kind != COMBINATION or hops > 1]


def row_of(question: Question) -> dict[str, Any]:
    """A question as a line of its file: in MedQA's columns, with its evidence after them."""
    fields = asdict(question)
    label = fields.pop("label")
    first = {"question": fields.pop("text"), "options": fields.pop("options"), "answer_idx": label}
    return first | {"answer": first["options"][label], "hops": question.hops} | fields


def counts_table(drawn: Drawn, wanted: Iterable[tuple[int, str, int]]) -> str:
    """A Markdown table: of each number of hops and kind, the questions made, and how many were wanted where the graph has fewer."""
    counts = Counter((question.hops, question.held_out) for question in drawn.questions)
    asked = {(hops, kind): number for hops, kind, number in wanted}
    lines = [f"| hops | {' | '.join(MEANINGS.values())} |", f"|---|{'---:|' * len(MEANINGS)}"]
    for hops in HOPS:
        cells = [_cell(counts[hops, kind], asked.get((hops, kind), 0)) for kind in MEANINGS]
        lines.append(f"| {hops} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(made: int, wanted: int) -> str:
    return str(made) if made == wanted else f"{made} of {wanted}"


def _reasons(drawn: Drawn) -> str:
    return ", ".join(f"{number:,} {reason}" for reason, number in drawn.reasons.most_common()) or "none"


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
