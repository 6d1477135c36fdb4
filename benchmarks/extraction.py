"""Accuracy and speed of reading answers: python -m benchmarks.extraction.

On the labelled outputs of $SHARED_DATA (default ../shared/data): right, wrong letter, letter where there is none, missed; for
comparison the published rule. Then per file of model outputs: the share with an answer, how often it is the gold one, the agreement
with the published rule's last letter and, if the file has it, with the benchmark's own reading; and the speed.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable

from dataset_builder.answer_extraction.extraction import extract
from lighteval_tasks.huatuo_compat import published_letters
from tests.support.shared_data import SHARED_DATA, gold, outputs


def score(rows: Iterable[tuple[str, dict[str, str], str | None]], read: Callable[..., str | None]) -> str:
    """Right, wrong letters, invented and missed ones, in words."""
    count: Counter[str] = Counter()
    for text, options, label in rows:
        found = read(text, options)
        count[
            "right" if found == label else "wrong letter" if found and label else "invented" if found else "missed"
        ] += 1
    return ", ".join(f"{count[name]} {name}" for name in ("right", "wrong letter", "invented", "missed"))


def main() -> None:
    """Print all figures."""
    labelled = gold(SHARED_DATA)
    print(f"{len(labelled)} labelled outputs")
    print(f"  ours            {score(labelled, lambda text, options: extract(text, options).label)}")
    for i, which in enumerate(("first", "last")):
        print(
            f"  published {which:5} {score(labelled, lambda text, options, i=i: published_letters(text, options)[i])}"
        )
    seconds, number, rules = 0.0, 0, Counter()
    print(f"\n{'file':48} {'rows':>5} {'read':>6} {'gold':>6} {'published':>9} {'pred':>6}")
    for name, rows in outputs(SHARED_DATA).items():
        started = time.process_time()
        found = [extract(text, options) for text, options, *_ in rows]
        seconds, number = seconds + time.process_time() - started, number + len(rows)
        rules.update(one.rule for one in found)
        labels = [one.label for one in found]
        shares = [
            share(label is not None for label in labels),
            share(label == right for label, (_, _, right, _) in zip(labels, rows, strict=True)),
            share(
                label == published_letters(text, options)[1]
                for label, (text, options, *_) in zip(labels, rows, strict=True)
            ),
            share(label == pred for label, (*_, pred) in zip(labels, rows, strict=True)) if rows[0][3] else "",
        ]
        print(f"{name:48} {len(rows):5} {shares[0]:>6} {shares[1]:>6} {shares[2]:>9} {shares[3]:>6}")
    print(f"\n{number:,} outputs in {seconds:.1f} s of processor time: {seconds / number * 10_000:.1f} s for 10,000")
    print("rules: " + ", ".join(f"{rule} {count}" for rule, count in rules.most_common()))


def share(hits: Iterable[bool]) -> str:
    """A share in percent."""
    flags = list(hits)
    return f"{sum(flags) / len(flags):.1%}"


if __name__ == "__main__":
    main()
