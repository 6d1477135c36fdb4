"""Factuality of a scored run: beside the accuracies in scores.json, every claim in claims.parquet; two runs compared by item."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet

from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks.factuality.claims import VERDICTS, claims_of
from lighteval_tasks.factuality.outputs import read_outputs
from lighteval_tasks.factuality.paired import Counts, differences, share_differences, why_not
from lighteval_tasks.factuality.report import CLAIMS, write_claims
from lighteval_tasks.factuality.summary import inputs, summarize
from lighteval_tasks.orders import published
from lighteval_tasks.outcomes import TaskOutcomes
from lighteval_tasks.prompts import PROMPT_NAMES

if TYPE_CHECKING:
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG

Runs = Mapping[tuple[str, str], TaskOutcomes]  # by task and prompt


def add_to(scores: dict[str, Any], out: Path, kg: "KG", reader: "ClaimReader") -> None:
    """Check the claims of a run's outputs (``out``/details); add them to its scores, and write claims.parquet."""
    found = {task: list(claims_of(kg, outputs, reader)) for task, outputs in read_outputs(out / "details").items()}
    write_claims(found, out / CLAIMS)
    suffixes = {prompt: suffix for suffix, prompt in PROMPT_NAMES.items()}
    for task in scores["tasks"]:
        task["factuality"] = summarize(found[task["task"] + suffixes[task["prompt"]]])
    scores["factuality"] = inputs(kg, reader)


def compare(
    a: Path, b: Path, runs: tuple[Runs, Runs], keys: Sequence[tuple[str, str]], seed: int
) -> dict[str, Any] | None:
    """The claims of two runs, paired by item, on the tasks ``keys`` (task, prompt), with what they rest on.

    None where neither has claims; ``not_compared`` says why they cannot be compared. Raises SourceError where claims.parquet is missing
    or not of its run, or the items differ.
    """
    scored = [_scores(run) for run in (a, b)]
    rest = [one.get("factuality") for one in scored]
    if not any(rest):
        return None
    if why := why_not(*rest):
        return {"not_compared": why}
    of_a, of_b = (_counts(run, one, tasks) for run, one, tasks in zip((a, b), scored, runs, strict=True))
    pairs = {key: (of_a[key], of_b[key]) for key in keys if key in of_a and key in of_b}
    return {
        **(rest[0] or {}),
        "differences": differences(pairs, seed),
        "supported_shares": share_differences(pairs, seed),
    }


def _scores(run: Path) -> dict[str, Any]:
    path = run / "scores.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _counts(run: Path, scores: Mapping[str, Any], tasks: Runs) -> dict[tuple[str, str], Counts]:
    """The counts of every item of the tasks whose claims were checked; items without a claim have no row in claims.parquet."""
    path = run / CLAIMS
    if not path.is_file():
        raise SourceError(
            f"found no {path}, though {run / 'scores.json'} has claims; expected both. Score again with KG=…"
        )
    counted: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(VERDICTS))
    columns = ["task", "id", "verdict", "counted"]
    for row in pyarrow.parquet.read_table(path, columns=columns).to_pylist():
        if row["counted"]:
            counted[row["task"], row["id"]][VERDICTS.index(row["verdict"])] += 1
    found: dict[tuple[str, str], Counts] = {}
    for task in scores["tasks"]:
        key = task["task"], task["prompt"]
        if (summary := task.get("factuality")) and key in tasks:
            of_items = {
                one.id: counted.get((tasks[key].name, one.id), [0] * len(VERDICTS))
                for one in published(tasks[key].outcomes)
            }
            there = [sum(counts[i] for counts in of_items.values()) for i in range(len(VERDICTS))]
            if there != [summary[verdict]["claims"] for verdict in VERDICTS]:
                raise SourceError(
                    f"{path}: found {there} claims ({', '.join(VERDICTS)}) of {tasks[key].name}, expected the numbers in scores.json: the files are "
                    "of different runs. Score again with KG=…"
                )
            found[key] = of_items
    return found
