"""Accuracy of dictionary mentions on PrimeKG's real names: python -m benchmarks.mention_labels sample|report.

`sample` prints 200 mentions for a person to read, drawn from all that the finder finds in both MedQA files. The reader's labels
are in tests/fixtures/mentions/medqa_labels.jsonl, which contains no word of the questions: "right" (this concept exactly),
"part" (the right sense, but part of a longer concept, or a node a little broader or narrower) or "wrong", and whether the
negation flag is right. `report` prints the results of these labels, and the finder's speed. Data: $SHARED_DATA, ../shared/data.
"""

import random
import statistics
import sys
import time
from collections.abc import Sequence

from kg.mentions import MentionFinder
from tests.support.mention_labels import mention_key, read_labels, read_nodes, read_questions, still_found
from tests.support.shared_data import SHARED_DATA

SEED, SIZE, CONTEXT = 2026, 200, 100


def sample() -> None:
    """Print the mentions to be labelled, each with its key, its context and the names that it is linked to."""
    nodes = read_nodes(SHARED_DATA)
    finder = MentionFinder(nodes)
    flat = [(row, text, mention) for row, text in read_questions(SHARED_DATA) for mention in finder.find(text)]
    print(f"{SIZE} of {len(flat):,} mentions, seed {SEED}")
    for number, (row, text, mention) in enumerate(random.Random(SEED).sample(flat, SIZE), 1):
        before, after = text[max(mention.start - CONTEXT, 0) : mention.start], text[mention.end :][:CONTEXT]
        print(f"\n{number} {' '.join(map(str, mention_key(row, mention, nodes)))}")
        print(f"  {' '.join(f'{before}[[{mention.text}]]{after}'.split())}")
        names = " | ".join(f"{nodes.name[v]} ({nodes.type[v] or 'no type'})" for v in mention.nodes)
        print(f"  {mention.type or 'no type'}{', negated' * mention.negated}: {names}")


def report() -> None:
    """Print precision with Wilson intervals, the share of right negation flags, and the speed.

    The flags are those of the day of labelling: after a change of the negation rules, label again.
    """
    labels = still_found(read_labels(), SHARED_DATA)
    print(f"{len(labels)} of {len(read_labels())} labelled mentions are still found")
    _print_share("exactly right", [label.label == "right" for label in labels])
    _print_share("right sense", [label.label in ("right", "part") for label in labels])
    _print_share("negation flag right", [label.negation_right for label in labels])
    finder, texts = MentionFinder(read_nodes(SHARED_DATA)), [text for _, text in read_questions(SHARED_DATA)]
    _pass(finder, texts)
    seconds = [_pass(finder, texts) for _ in range(3)]
    speed = len(texts) / statistics.median(seconds)
    print(f"{speed:,.0f} vignettes per second, median of 3 passes over {len(texts):,}")


def _print_share(name: str, hits: Sequence[bool]) -> None:
    """One share with its Wilson 95 % interval."""
    from statsmodels.stats.proportion import proportion_confint  # here: the test needs none of it

    low, high = proportion_confint(sum(hits), len(hits), method="wilson")
    print(f"{name:20} {sum(hits):3}/{len(hits)} = {sum(hits) / len(hits):.1%} (95 % {low:.1%} to {high:.1%})")


def _pass(finder: MentionFinder, texts: Sequence[str]) -> float:
    """Seconds for one pass over all texts."""
    start = time.perf_counter()
    for text in texts:
        finder.find(text)
    return time.perf_counter() - start


def main() -> None:
    """Do what the one argument says."""
    commands = {"sample": sample, "report": report}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: python -m benchmarks.mention_labels {'|'.join(commands)}")
    commands[sys.argv[1]]()


if __name__ == "__main__":
    main()
