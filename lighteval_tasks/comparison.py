"""A comparison as text and picture: a Markdown table, which is also the block for a model card, and a forest plot."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lighteval_tasks import orders
from lighteval_tasks.cells import named, p_value, percent, prompt_of, table_line
from lighteval_tasks.factuality import paired, report

HEADS = ("task", "prompt", "items", "A", "B", "B - A [95 %]", "only A / only B", "p", "p (Holm)")


def write(made: dict[str, Any], out: Path) -> str:
    """Write comparison.json, comparison.md and comparison.png. Returns the Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "comparison.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = markdown(made)
    (out / "comparison.md").write_text(text + "\n", "utf-8")
    plot(made, out / "comparison.png")
    return text


def markdown(made: dict[str, Any]) -> str:
    """The tables, raw and clean, the verdict, and notes on how to read them."""
    lines = [f"### {_name(made['b'])} (B) against {_name(made['a'])} (A)", ""]
    for kind, title in (("raw", "All items"), ("clean", f"Without the items that {made['dataset']} matches")):
        if made[kind]:
            lines += [f"{title}:", "", *_table(made[kind]), ""]
    lines += _factuality(made)
    lines.append(verdict(made))
    lines.append(
        "The runs have the same items, paired by id. Interval: paired bootstrap, 10,000 draws. p: McNemar's exact test on the items "
        "that only one model has right; Holm: corrected for the number of tasks. Mean: over the tasks in one "
        "prompt, with equal weights."
    )
    lines += orders.comparison_notes(made["orders"])
    for task, prompt in made["not_checked"]:
        lines.append(f"No clean score, because the dataset was not compared with it: {task} ({prompt}).")
    for run, tasks in made["only_in"].items():
        lines.append(f"Left out, because only in {run}: {', '.join(f'{task} ({prompt})' for task, prompt in tasks)}.")
    if differing := differences(made["a"]["engine"], made["b"]["engine"]):
        lines.append(f"Warning: the runs differ not only in the model: {differing}.")
    return "\n".join(lines)


def _factuality(made: dict[str, Any]) -> list[str]:
    """The claims of the two runs: a table, and accuracy and claims of each task on one line. Nothing where neither has claims."""
    found = made.get("factuality")
    if not found:
        return []
    if why := found.get("not_compared"):
        return [f"Claims are not compared: {why}.", ""]
    lines = ["Claims, per 100 outputs:", "", *report.paired_table(found["differences"]), ""]
    for one in made["raw"]["tasks"]:
        of_task = [c for c in found["differences"] if (c["task"], c["prompt"]) == (one["task"], one["prompt"])]
        if of_task:
            lines.append(f"- {named(one)}: accuracy {_points(one)}; {'; '.join(map(paired.in_words, of_task))}")
    return [*lines, "", *(f"- {note}" for note in report.about(found)), ""]


def verdict(made: dict[str, Any]) -> str:
    """The verdict in words: whether there is a difference, and on which tasks."""
    said = " ".join(_about_mean(mean) for mean in made["raw"]["means"])
    real = [named(one) for one in made["raw"]["tasks"] if one["p_holm"] < 0.05]
    return said + (
        f" Corrected p below 0.05: {', '.join(real)}." if real else " No task has a corrected p below 0.05."
    )


def _about_mean(mean: dict[str, Any]) -> str:
    on = f"On {f'the mean of {n} tasks' if (n := mean['tasks']) > 1 else 'the one task'}{prompt_of(mean)} "
    if mean["low"] <= 0 <= mean["high"]:
        return on + "no difference is shown: the interval includes 0."
    return on + f"B is {'better' if mean['difference'] > 0 else 'worse'} than A."


def differences(a: dict[str, Any], b: dict[str, Any]) -> str:
    """The settings in which two engines differ, in words, without the date."""
    keys = [key for key in a if key in b and key != "date" and a[key] != b[key]]
    return ", ".join(f"{key} {a[key]} / {b[key]}" for key in keys)


def _table(part: dict[str, Any]) -> list[str]:
    lines = [table_line(HEADS), "|---|---|" + "---:|" * (len(HEADS) - 2)]
    for one in part["tasks"]:
        cells = [one["task"], one["prompt"], str(one["items"]), percent(one["a"]), percent(one["b"]), _points(one)]
        cells += [f"{one['only_a']} / {one['only_b']}", p_value(one["p"]), p_value(one["p_holm"])]
        lines.append(table_line(cells))
    for mean in _shown(part):
        cells = [f"**mean of {mean['tasks']}**", mean["prompt"], "", percent(mean["a"]), percent(mean["b"])]
        lines.append(table_line([*cells, _points(mean), "", "", ""]))
    return lines


def _shown(part: dict[str, Any]) -> list[dict[str, Any]]:
    """The means over more than one task."""
    return [mean for mean in part["means"] if mean["tasks"] > 1]


def _points(one: dict[str, Any]) -> str:
    return f"{100 * one['difference']:+.1f} [{100 * one['low']:+.1f}, {100 * one['high']:+.1f}]"


def _name(run: dict[str, Any]) -> str:
    return f"{run['model']}@{run['revision']}" if run["revision"] else run["model"]


def plot(made: dict[str, Any], path: Path) -> None:
    """Write a forest plot of the differences with their intervals: one line per task, means below, clean ones hollow."""
    from matplotlib.figure import Figure  # here: a second to import

    tasks, means = made["raw"]["tasks"], _shown(made["raw"])
    labels = [named(one) for one in tasks] + [f"mean of {mean['tasks']}{prompt_of(mean)}" for mean in means]
    figure = Figure(figsize=(8, 1.6 + 0.42 * len(labels)), layout="constrained")
    axes = figure.subplots()
    for kind, color, shift, fill in (("raw", "#1f4e79", 0.0, True), ("clean", "#c55a11", 0.28, False)):
        if made[kind]:
            keys = [_key(one) for one in [*tasks, *means]]
            _draw(axes, made[kind], keys, kind, color, shift, fill)
    axes.axvline(0, color="#888888", linewidth=1)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlabel("B - A, percentage points, 95 % interval")
    axes.set_title(f"B: {_name(made['b'])}\nA: {_name(made['a'])}", loc="left", fontsize=10)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if made["clean"]:
        axes.legend(loc="best", frameon=False)
    figure.savefig(path, dpi=150, metadata={"Software": None})


def _key(one: dict[str, Any]) -> tuple[str, str]:
    return one.get("task", "mean"), one["prompt"]


def _draw(
    axes: Any, part: dict[str, Any], keys: Sequence[tuple[str, str]], kind: str, color: str, shift: float, fill: bool
) -> None:
    """One point and interval per task, and a diamond for a mean."""
    found = {_key(one): one for one in [*part["tasks"], *_shown(part)]}
    rows = [(position, found[key]) for position, key in enumerate(keys) if key in found]
    for number, (position, one) in enumerate(rows):
        middle, low, high = (100 * one[name] for name in ("difference", "low", "high"))
        axes.errorbar(
            middle,
            position + shift,
            xerr=[[max(0.0, middle - low)], [max(0.0, high - middle)]],
            fmt="o" if "task" in one else "D",
            color=color,
            markerfacecolor=color if fill else "white",
            markersize=7,
            capsize=3,
            label={"raw": "all items", "clean": "without matched items"}[kind] if not number else None,
        )
