"""Items that were asked in several orders of their options: accuracy by item, flips, consistency, and bias towards places.

The outputs of one item are not independent. So every share here is a mean over items, of each item's mean over its orders, and its
interval is that of the items, not of the outputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from dataset_builder.sources.plain_text import shown
from lighteval_tasks.cells import percent, table_line
from lighteval_tasks.intervals import clustered, wilson
from lighteval_tasks.outcomes import Outcome, TaskOutcomes

Items = Mapping[str, Sequence[Outcome]]  # the outputs of every item, by its id


def by_item(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """The outputs of every item, in the order in which their items come first."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.item, []).append(outcome)
    return found


def number_of(outcomes: Sequence[Outcome]) -> int:
    """In how many orders items were asked, at most."""
    return max((outcome.order for outcome in outcomes), default=0) + 1


def published(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outputs to the published order of the options."""
    return [outcome for outcome in outcomes if outcome.order == 0]


def right(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Of every item, the share of its outputs that are right: 0 or 1 where it was asked once."""
    return {
        item: float(np.mean([one.reading.correct for one in outputs])) for item, outputs in by_item(outcomes).items()
    }


def accuracy(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """As `scores.accuracy`, for several orders: the mean of the items' shares of right outputs, and its interval over the items."""
    shares = list(right(outcomes).values())
    low, high = clustered(shares, len(outcomes))
    return {
        "items": len(shares),
        "outputs": len(outcomes),
        "correct": sum(outcome.reading.correct for outcome in outcomes),
        "accuracy": float(np.mean(shares)) if shares else None,
        "low": low,
        "high": high,
    }


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The entry ``orders`` of a task in scores.json: all but ``by_order`` is of the items that were asked in several orders.

    ``flip_rate``: the mean over items of the share of pairs of orders in which the texts of the chosen options differ; a pair with an
    answer that was not read does not count, and an item without any other pair neither. ``consistent``: share of items with the same
    text in all orders, all read; ``right_in_all``: those of them that are right; ``changed``: two answers differ; ``incomplete``: the
    others, where an answer was not read. ``position_bias``: half the sum of the differences between how often each label is chosen,
    of the answers that were read, and how often it is gold: 0 to 1. Null where no such item is there.
    """
    several = {item: outputs for item, outputs in by_item(outcomes).items() if len(outputs) > 1}
    texts = [{one.option and shown(one.option) for one in outputs} for outputs in several.values()]
    flips = [share for outputs in several.values() if (share := _flips(outputs)) is not None]
    low, high = clustered(flips, len(flips))
    consistent = [len(found) == 1 and None not in found for found in texts]
    changed = [len(found - {None}) > 1 for found in texts]
    in_all = [all(one.reading.correct for one in outputs) for outputs in several.values()]
    labels = _labels([one for outputs in several.values() for one in outputs])
    return {
        "number": number_of(outcomes),
        "by_order": list(_by_order(outcomes)),
        "items": len(several),
        "flip_items": len(flips),
        "flip_rate": _mean(flips),
        "flip_low": low,
        "flip_high": high,
        "consistent": _mean(consistent),
        "right_in_all": _mean(in_all),
        "changed": _mean(changed),
        "incomplete": _mean([not a and not b for a, b in zip(consistent, changed, strict=True)]),
        "labels": labels,
        "position_bias": sum(abs(one["chosen"] - one["gold"]) for one in labels.values()) / 2
        if any(one.reading.label for outputs in several.values() for one in outputs)
        else None,
    }


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _flips(outputs: Sequence[Outcome]) -> float | None:
    """The share of pairs of read answers that are different texts; None where fewer than two were read."""
    pairs = list(combinations([shown(one.option) for one in outputs if one.option is not None], 2))
    return sum(a != b for a, b in pairs) / len(pairs) if pairs else None


def _by_order(outcomes: Sequence[Outcome]) -> Iterator[dict[str, Any]]:
    """The accuracy of each order. Items that were not asked in it count with their published order, so that all have the same items."""
    outputs = [{one.order: one for one in each} for each in by_item(outcomes).values()]
    for order in range(number_of(outcomes)):
        found = [one for each in outputs if (one := each.get(order, each.get(0)))]
        correct = sum(one.reading.correct for one in found)
        low, high = wilson(correct, len(found))
        yield {
            "items": len(found),
            "correct": correct,
            "accuracy": correct / len(found) if found else None,
            "low": low,
            "high": high,
        }


def _labels(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """How often each label is chosen, as a share of the answers that were read, and how often it is gold."""
    chosen = [one.reading.label for one in outcomes if one.reading.label]
    gold = [one.gold for one in outcomes]
    return {
        label: {"chosen": chosen.count(label) / max(1, len(chosen)), "gold": gold.count(label) / len(gold)}
        for label in sorted({*chosen, *gold})
    }


def comparable(a: TaskOutcomes, b: TaskOutcomes) -> tuple[list[Outcome], list[Outcome]]:
    """The outputs of two runs to compare: all, where both asked the same items in the same orders, else those to the published order."""
    if {one.id for one in a.outcomes} == {one.id for one in b.outcomes}:
        return a.outcomes, b.outcomes
    return published(a.outcomes), published(b.outcomes)


def compared(a: TaskOutcomes, b: TaskOutcomes) -> dict[str, Any] | None:
    """What a comparison says of the orders of a task; None where both runs have the published one alone."""
    numbers = [number_of(run.outcomes) for run in (a, b)]
    if numbers == [1, 1]:
        return None
    used = number_of(comparable(a, b)[0])
    flips = [summary(run.outcomes)["flip_rate"] for run in (a, b)]
    return {"task": a.task, "prompt": a.prompt, "a": numbers[0], "b": numbers[1], "used": used, "flip_rates": flips}


def comparison_notes(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines below a comparison on the orders of its tasks."""
    lines = []
    for one in found:
        name = f"{one['task']} ({one['prompt']})"
        if one["used"] == 1:
            lines.append(
                f"{name}: A was asked in {one['a']} orders of the options and B in {one['b']}: only the published order is compared."
            )
            continue
        a, b = (percent(rate) for rate in one["flip_rates"])
        lines.append(
            f"{name}: an item counts with its mean over {one['used']} orders of its options; p: the sign-flip test on these means. "
            f"Flip rate: A {a}, B {b}."
        )
    return lines


def table(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The Markdown table of the tasks that were asked in several orders, with its note; no line where there are none."""
    found = [task for task in tasks if "orders" in task]
    if not found:
        return []
    heads = ["task", "prompt", "outputs", "items in several orders", "accuracy by order", "flip rate [95 %]"]
    heads += ["same in all", "right in all", "changed", "incomplete", "position bias"]
    lines = [table_line(heads), "|---|---|---:|---:|---|" + "---:|" * 6]
    for task in found:
        of = task["orders"]
        bias = "" if of["position_bias"] is None else f"{of['position_bias']:.2f}"
        cells = [task["task"], task["prompt"], str(task["outputs"]), str(of["items"])]
        cells += [", ".join(f"{100 * one['accuracy']:.1f}" for one in of["by_order"]), _flip_rate(of)]
        cells += [percent(of[name]) for name in ("consistent", "right_in_all", "changed", "incomplete")]
        lines.append(table_line([*cells, bias]))
    return [
        *lines,
        "",
        "Accuracy in the first table: the mean over items of each item's mean over the orders of its options, with the interval of the items. Flip rate: pairs "
        "of orders with different options, of those in which both answers were read. Position bias: how far the chosen labels are from the gold ones, 0 to 1.",
        "",
    ]


def _flip_rate(of: Mapping[str, Any]) -> str:
    if of["flip_rate"] is None:
        return ""
    return f"{percent(of['flip_rate'])} [{100 * of['flip_low']:.1f}, {100 * of['flip_high']:.1f}]"
