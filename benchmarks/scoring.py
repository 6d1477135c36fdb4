"""Scores of real outputs under three rules, and the speed of reading them: python -m benchmarks.scoring.

Per file of $SHARED_DATA's model outputs: accuracy under our rule (no answer counts as wrong), by the published scorer, in the
huatuo_compat mode (the published scorer after the published run, which drops empty outputs) and under the benchmark's own rule, with
95 % intervals; how often our rule and the benchmark's own read the same; then the time for 10,000 outputs on one core.
"""

import re
import time
from collections.abc import Sequence

from lighteval_tasks.huatuo_compat import published_letters, published_score
from lighteval_tasks.intervals import wilson
from lighteval_tasks.readings import Reading, read
from tests.support.shared_data import SHARED_DATA, Row, outputs

# MIRAGE reads what follows the last field; a letter at its start, else after "option" or a colon, else A. From its description.
MIRAGE_START = re.compile(r"\s*([A-D])(?:$| or| and|[/,.\":])")
MIRAGE_LATER = (re.compile(r"[Oo]ption ([A-D])"), re.compile(r":\s*([A-D])"))


def mirage(text: str) -> str:
    """The letter that MIRAGE's own rule reads; A where it finds none."""
    field = text.rpartition('"answer_choice": "')[2].strip()
    found = MIRAGE_START.match(field) or next(filter(None, (rule.search(field) for rule in MIRAGE_LATER)), None)
    return found[1] if found else "A"


def own(name: str, row: Row) -> str | None:
    """What the benchmark's own rule reads: MMLU-Pro keeps it with every output (`pred`), MIRAGE's is applied."""
    return mirage(row[0]) if name.startswith("mirage") else row[3]


def read_all(rows: Sequence[Row]) -> list[Reading]:
    """Our reading of every output, the published rule's letters with it."""
    return [
        read(text, [{"label": label, "text": words} for label, words in options.items()], right or "")
        for text, options, right, _ in rows
    ]


def main() -> None:
    """Print the table and the speed."""
    heads = (
        "file",
        "items",
        "ours",
        "published rule",
        "huatuo_compat",
        "dropped",
        "own rule",
        "none read",
        "agreement with own",
    )
    print("| " + " | ".join(heads) + " |\n|---|" + "---:|" * (len(heads) - 1))
    number, seconds = 0, 0.0
    for name, rows in outputs(SHARED_DATA).items():
        started = time.process_time()
        readings, gold = read_all(rows), [row[2] or "" for row in rows]
        number, seconds = number + len(rows), seconds + time.process_time() - started
        own_letters = [own(name, row) for row in rows]
        letters = [(one.first, one.last) if one.first and one.last else None for one in readings]
        published = published_score(letters, gold)
        guessed = [published_letters(text, options) for text, options, *_ in rows]
        scorer = published_score(guessed, gold)  # the published scorer by itself, which guesses of empty outputs too
        same = [one.label == letter for one, letter in zip(readings, own_letters, strict=True)]
        both = [equal for equal, one, letter in zip(same, readings, own_letters, strict=True) if one.label and letter]
        cells = [
            name,
            str(len(rows)),
            _share(sum(one.correct for one in readings), len(rows)),
            _share(round(scorer.accuracy * scorer.items), scorer.items),
            _share(round(published.accuracy * published.items), published.items),
            str(published.dropped),
            _share(sum(letter == right for letter, right in zip(own_letters, gold, strict=True)), len(rows)),
            f"{100 * sum(one.label is None for one in readings) / len(rows):.1f} %",
            f"{100 * sum(same) / len(same):.1f} % ({100 * sum(both) / len(both):.1f} % where both read one)",
        ]
        print("| " + " | ".join(cells) + " |")
    print(f"\n{number:,} outputs read by both rules in {seconds:.1f} s of one core")


def _share(correct: int, items: int) -> str:
    low, high = wilson(correct, items)
    return f"{100 * correct / items:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


if __name__ == "__main__":
    main()
