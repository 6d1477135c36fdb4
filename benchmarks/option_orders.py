"""How many items may be asked in several orders of their options, and what two simulated models make of four orders.

    python -m benchmarks.option_orders

Every item in ../shared/data/hub. One model always says the first label; one chooses among the texts (the last in the alphabet);
one knows 70 % of the items, and says the first label for the others. Their answers are read and scored as those of a run.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any

from dataset_builder.sources.option_order import fixed_because, shuffle_options
from dataset_builder.sources.questions import read_questions
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.raw_splits import splits_in
from lighteval_tasks import orders, scores
from lighteval_tasks.cells import percent
from lighteval_tasks.items import TASKS, in_orders, item_and_order, read_items
from lighteval_tasks.outcomes import Outcome
from lighteval_tasks.readings import read

HUB = Path(os.environ.get("SHARED_DATA", "../shared/data")) / "hub"


def first(item: dict[str, Any]) -> str:
    """The first label, whatever stands there."""
    return item["options"][0]["label"]


def by_text(item: dict[str, Any]) -> str:
    """The label of the last text in the alphabet."""
    return max(item["options"], key=lambda option: option["text"])["label"]


def mixed(item: dict[str, Any]) -> str:
    """The gold label for 70 % of the items, by their ids; else the first one."""
    question = item_and_order(item["id"])[0].partition("~")[0]
    return item["answer_label"] if int(question[-4:], 16) < 0.7 * 2**16 else first(item)


def outcome(item: dict[str, Any], label: str) -> Outcome:
    """The outcome of the output that states this label."""
    shown = next(option["text"] for option in item["options"] if option["label"] == label)
    said = shown if item["answer_type"] == "yes/no/maybe" else label
    reading = read(f"The answer is {said}.", item["options"], item["answer_label"])
    chosen = next((one["text"] for one in item["options"] if one["label"] == reading.label), None)
    return Outcome(item["id"], item["config"] or "", item["answer_label"], reading, False, False, 5.0, chosen)


def scored() -> None:
    """Print the table of the simulated models."""
    print(
        "| task | items | in several orders | kept, by reason | first label: accuracy, flip rate, bias | by text | 70 % known |"
    )
    print("|---|---:|---:|---|---|---|---|")
    for name in TASKS:
        try:
            rows = read_items(name, HUB).rows
        except SourceError:
            continue
        kept = Counter(why for row in rows if (why := fixed_because(row)))
        asked = [one for row in rows for one in in_orders(row, 4)]
        cells = [
            name,
            str(len(rows)),
            str(len(rows) - kept.total()),
            ", ".join(f"{n} {why}" for why, n in kept.items()),
        ]
        for model in (first, by_text, mixed):
            outcomes = [outcome(item, model(item)) for item in asked]
            of = orders.summary(outcomes)
            said = [scores.interval(scores.accuracy(outcomes)), percent(of["flip_rate"])]
            cells.append(", ".join([*said, "-" if of["position_bias"] is None else f"{of['position_bias']:.2f}"]))
        print("| " + " | ".join(cells) + " |")


def built() -> None:
    """Print what `--shuffle-options 0` does with every split."""
    print("\n| source | split | shuffled | kept, by reason | rejected |\n|---|---|---:|---|---:|")
    for name, split in splits_in(HUB):
        questions, _ = read_questions([name], {name: split}, data_dir=HUB)
        _, said = shuffle_options(questions, 0)
        kept = ", ".join(f"{number} {why}" for why, number in said["kept"].items())
        rejected = len(questions) - said["shuffled"] - sum(said["kept"].values())
        print(f"| {name} | {split} | {said['shuffled']} | {kept} | {rejected} |")


if __name__ == "__main__":
    scored()
    built()
