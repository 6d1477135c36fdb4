"""The scores of a run from the outcomes of its items, as `scores.json` and a Markdown table."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lighteval_tasks import orders
from lighteval_tasks.cells import percent, table_line
from lighteval_tasks.factuality import report
from lighteval_tasks.huatuo_compat import published_score
from lighteval_tasks.intervals import wilson
from lighteval_tasks.ledger import PublishedLedger
from lighteval_tasks.outcomes import Outcome, TaskOutcomes

ALWAYS, FEW = 0.7, 10  # a letter that is chosen for more than this share of at least so many items


def accuracy(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The number of items and of right ones, the accuracy and its 95 % Wilson interval. Every item counts, also a failed one."""
    if orders.number_of(outcomes) > 1:
        return orders.accuracy(outcomes)
    items, correct = len(outcomes), sum(outcome.reading.correct for outcome in outcomes)
    low, high = wilson(correct, items)
    return {
        "items": items,
        "correct": correct,
        "accuracy": correct / items if items else None,
        "low": low,
        "high": high,
    }


def summarize(task: TaskOutcomes, ledger: PublishedLedger | None) -> dict[str, Any]:
    """One task's entry in scores.json. ``clean``: without the items that the ledger matches; null if not checked."""
    outcomes = task.outcomes
    number = len(outcomes)
    known = [outcome.tokens for outcome in outcomes if not math.isnan(outcome.tokens)]
    letters = [
        (reading.first, reading.last) if reading.first and reading.last else None
        for reading in (outcome.reading for outcome in orders.published(outcomes))
    ]
    published = published_score(letters, [outcome.gold for outcome in orders.published(outcomes)])
    parts = sorted({outcome.config for outcome in outcomes if outcome.config})
    clean = ledger.clean(task.source, outcomes) if ledger else None
    return {
        "task": task.task,
        "source": task.source,
        "prompt": task.prompt,
        **accuracy(outcomes),
        **({"orders": orders.summary(outcomes)} if orders.number_of(outcomes) > 1 else {}),
        "clean": accuracy(clean) if clean is not None else None,
        "compliance": sum(outcome.reading.label is not None for outcome in outcomes) / number,
        "declared": sum(outcome.reading.declared for outcome in outcomes) / number,
        "empty": sum(outcome.reading.empty for outcome in outcomes) / number,
        "truncated": sum(outcome.truncated for outcome in outcomes) / number,
        "failed": sum(outcome.failed for outcome in outcomes),
        "mean_output_tokens": sum(known) / len(known) if known else None,
        "published_rule": published._asdict(),
        "chosen": _counts(outcome.reading.label for outcome in outcomes),
        "gold": _counts(outcome.gold for outcome in outcomes),
        "rules": dict(Counter(outcome.reading.rule for outcome in outcomes).most_common()),
        "parts": {part: accuracy([one for one in outcomes if one.config == part]) for part in parts}
        if len(parts) > 1
        else {},
    }


def _counts(labels: Iterable[str | None]) -> dict[str, int]:
    """How often each option was chosen, in their order, ``none`` last."""
    counts = Counter(label or "none" for label in labels)
    return {label: counts[label] for label in sorted(counts, key=lambda label: (label == "none", label))}


def benchmarks(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks that count in a mean: no config of a source whose whole task is there too."""
    whole = {(task["task"], task["prompt"]) for task in tasks}
    return [task for task in tasks if task["task"] == task["source"] or (task["source"], task["prompt"]) not in whole]


def macro(tasks: Sequence[dict[str, Any]], key: str = "accuracy") -> float:
    """The mean of the tasks' accuracies, with equal weights."""
    return sum(task[key] for task in tasks) / len(tasks)


def table(scores: dict[str, Any]) -> str:
    """The scores as a Markdown table, with notes on engine and items."""
    tasks = scores["tasks"]
    with_clean = any(task["clean"] for task in tasks)
    heads = ["task", "prompt", "items", "accuracy [95 %]"]
    heads += ["clean items", "clean accuracy [95 %]"] if with_clean else []
    heads += ["answer read", "empty", "truncated", "tokens", "published rule"]
    lines = [table_line(heads), "|---|---|" + "---:|" * (len(heads) - 2)]
    lines += [_task_row(task, with_clean) for task in tasks]
    for prompt in dict.fromkeys(task["prompt"] for task in tasks):
        group = [task for task in benchmarks(tasks) if task["prompt"] == prompt]
        if len(group) > 1:
            cells = [
                f"**mean of {len(group)}**",
                prompt,
                str(sum(task["items"] for task in group)),
                percent(macro(group)),
            ]
            lines.append(table_line(cells + [""] * (len(heads) - len(cells))))
    commit = f", commit {scores['commit']}" if scores.get("commit") not in (None, scores["revision"]) else ""
    head = f"**{scores['model']}** at `{scores['revision']}`{commit}"
    told = [*orders.table(tasks), *map(_chosen, tasks), "", *report.of_scores(scores), *_notes(scores)]
    return "\n".join([head, "", *lines, "", *told])


def _chosen(task: dict[str, Any]) -> str:
    """How often each option was chosen, beside how often it is right: a model that nearly always says one letter has no skill."""
    number = task.get("outputs", task["items"])
    parts = [
        f"{label} {task['chosen'].get(label, 0)} ({task['gold'].get(label, 0)})"
        for label in sorted((task["chosen"] | task["gold"]).keys() - {"none"})
    ]
    none = task["chosen"].get("none", 0)
    line = f"- {task['task']} ({task['prompt']}): chosen (right): {', '.join(parts)}{f'; no answer read {none}' if none else ''}"
    what = "outputs" if "outputs" in task else "items"
    often, count = max(task["chosen"].items(), key=lambda pair: pair[1])
    if often != "none" and count > ALWAYS * number and number >= FEW:
        line += f". **{often} is chosen for {percent(count / number)} of the {what}: the accuracy says little**"
    return line


def _task_row(task: dict[str, Any], with_clean: bool) -> str:
    cells = [task["task"], task["prompt"], str(task["items"]), interval(task)]
    if with_clean:
        clean = task["clean"]
        cells += [str(clean["items"]), interval(clean)] if clean else ["not checked", ""]
    tokens = task["mean_output_tokens"]
    cells += [percent(task[name]) for name in ("compliance", "empty", "truncated")]
    return table_line(
        [*cells, "?" if tokens is None else f"{tokens:.0f}", percent(task["published_rule"]["accuracy"])]
    )


def _notes(scores: dict[str, Any]) -> list[str]:
    engine = scores["engine"]
    said = ", ".join(f"{name} {value}" for name, value in engine.items() if value not in (None, "", {}))
    notes = [f"Measured with {said}."]
    for name, why in scores.get("not_scored", {}).items():
        notes.append(f"Not scored: {name} ({why}).")
    if scores.get("dataset") and (unknown := [task["task"] for task in scores["tasks"] if task["clean"] is None]):
        names = ", ".join(dict.fromkeys(unknown))
        notes.append(f"No clean score, because {scores['dataset']} was not compared with it: {names}.")
    if scores.get("limit"):
        notes.append(
            f"At most {scores['limit']} items of each task, drawn with a fixed seed: do not report these scores."
        )
    return notes


def interval(share: dict[str, Any]) -> str:
    """``68.4 % [65.8, 70.9]``."""
    if share["accuracy"] is None:
        return "no items"
    return f"{percent(share['accuracy'])} [{100 * share['low']:.1f}, {100 * share['high']:.1f}]"


def write(folder: Path, scores: dict[str, Any]) -> str:
    """Write scores.json and scores.md. Returns the table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scores.json").write_text(json.dumps(scores, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = table(scores)
    (folder / "scores.md").write_text(text + "\n", "utf-8")
    return text
