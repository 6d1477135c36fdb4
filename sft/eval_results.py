"""Scores for the Hub's model pages and leaderboards: `.eval_results/scores.yaml` in a model repository (huggingface_hub's EvalResultEntry).

One entry per benchmark that is a dataset on the Hub and per prompt. An entry has one value and no name for it: the accuracy in per cent. Claims
against a graph have no place of their own there, so they stand in its notes; the card has them in full.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml
from huggingface_hub.constants import EVAL_RESULTS_FOLDER

from dataset_builder.sources.table import SOURCES

FILE = f"{EVAL_RESULTS_FOLDER}/scores.yaml"
COMMIT = re.compile("[0-9a-f]{40}")


def write(scores: Mapping[str, Any] | None, folder: Path) -> None:
    """Write the file into the folder of a model; without entries there is none, and an earlier one is deleted."""
    entries, file = entries_of(scores) if scores else [], folder / FILE
    if not entries:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True)
    file.write_text(text, "utf-8")


def entries_of(scores: Mapping[str, Any]) -> list[EvalResultEntry]:
    """The entries of a scores.json. ``task_id`` is our task's name, since most of our tasks are parts of a benchmark or ask in another prompt:
    under the benchmark's own id their values would stand beside others that measure something else."""
    return [_entry(task, scores) for task in scores["tasks"] if _is_on_hub(task["source"])]


def _is_on_hub(source: str) -> bool:
    known = SOURCES.get(source)
    return known is not None and known.url is None and known.local_only is None


def _entry(task: Mapping[str, Any], scores: Mapping[str, Any]) -> EvalResultEntry:
    source, engine = SOURCES[task["source"]], scores["engine"]
    return EvalResultEntry(
        dataset_id=source.hub_id,
        task_id=task["task"] if task["prompt"] == "free" else f"{task['task']}_{task['prompt']}",
        value=round(100 * task["accuracy"], 2),
        dataset_revision=source.revision if COMMIT.fullmatch(source.revision) else None,
        date=engine.get("date"),
        notes="; ".join(_notes(task, scores)),
    )


def _notes(task: Mapping[str, Any], scores: Mapping[str, Any]) -> list[str]:
    engine = scores["engine"]
    notes = [
        f"accuracy in per cent of {task['items']} items, 95 % [{100 * task['low']:.1f}, {100 * task['high']:.1f}]",
        f"{task['prompt']} prompt, zero-shot",
        f"lighteval {engine['lighteval']}, {engine['backend']}",
    ]
    if claims := task.get("factuality"):
        rates = ", ".join(
            f"{verdict} {claims[verdict]['per_100']:.1f} [{claims[verdict]['low']:.1f}, {claims[verdict]['high']:.1f}]"
            for verdict in ("supported", "contradicted", "unknown")
        )
        graph = scores["factuality"]["graph"]
        notes.append(f"claims per 100 outputs: {rates}; graph {graph['name']}, sha256 {graph['sha256'][:16]}")
    return notes
