"""Decontamination, quality on labelled pairs and speed: python -m benchmarks.contamination [--embedder minilm].

On $SHARED_DATA (default ../shared/data): the labelled pairs of contamination/dup_pairs.tsv in several pools, since rarity depends
on the pool; then 200,000 questions against 25,000, resampled from the real ones, every copy made distinct, with reworded copies
planted. The real sets contain repeated questions, so most pairs found there were not planted: only the planted ones are counted as
found or missed. Without embeddings unless one is named.
"""

import argparse
import random
import resource
import time
from collections import Counter

from dataset_builder.contamination.overlap import matches, overlaps
from dataset_builder.row import Raw
from tests.support.shared_data import read_pairs, read_sets

SOURCE, EVALUATION, PLANTED = 200_000, 25_000, 1000


def labelled(sets: dict[str, list[Raw]], embedder: str | None) -> None:
    """Found of every label, with the whole sets as the pool, and with each pair alone."""
    pairs = read_pairs()
    of_sets = {
        (a, b): set(overlaps(sets[a], sets[b], embedder=embedder)) for a, b in {(a, b) for a, _, b, _, _ in pairs}
    }
    whole = Counter((label, (i, j) in of_sets[a, b]) for a, i, b, j, label in pairs)
    alone = Counter((label, bool(overlaps([sets[a][i]], [sets[b][j]]))) for a, i, b, j, label in pairs)
    for pool, count in (("both sets", whole), ("each pair alone", alone)):
        for label in ("duplicate", "different", "ambiguous"):
            print(
                f"  {pool:16} {label:10} {count[label, True]:3} of {count[label, True] + count[label, False]:3} found"
            )


def edited(question: Raw, words: list[str], share: float, draw: random.Random) -> Raw:
    """The question with this share of its words replaced."""
    text = [draw.choice(words) if draw.random() < share else word for word in question["question"].split()]
    return {**question, "question": " ".join(text)}


def speed(sets: dict[str, list[Raw]], source: int, evaluation: int) -> None:
    """Seconds, and memory beyond that of the questions."""
    draw = random.Random(0)
    real = [row for rows in sets.values() for row in rows]
    draw.shuffle(real)
    words = [word for row in draw.sample(real, 2000) for word in row["question"].split()]
    half = len(real) // 2
    b = [edited(draw.choice(real[:half]), words, 0.25, draw) for _ in range(evaluation)]
    a = [edited(draw.choice(real[half:]), words, 0.25, draw) for _ in range(source)]
    long = [j for j, row in enumerate(b) if len(row["question"].split()) >= 20]
    planted = dict(zip(draw.sample(range(source), PLANTED), draw.sample(long, PLANTED), strict=True))
    for i, j in planted.items():
        a[i] = edited(b[j], words, 0.1, draw)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, cpu = time.perf_counter(), time.process_time()
    found = matches(a, b)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pairs = {(match.a, match.b) for match in found}
    print(f"{source:,} x {evaluation:,}: {seconds:.1f} s ({cpu:.1f} s of processor time)")
    print(f"  memory {after / 1024:.0f} MB at most, {(after - before) / 1024:.0f} MB of it beyond the questions'")
    print(
        f"  planted, one word of ten replaced: {len(pairs & set(planted.items()))} of {PLANTED} found; {len(pairs)} pairs in all"
    )


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embedder")
    parser.add_argument("--source", type=int, default=SOURCE)
    parser.add_argument("--evaluation", type=int, default=EVALUATION)
    given = parser.parse_args()
    sets = read_sets()
    labelled(sets, given.embedder)
    speed(sets, given.source, given.evaluation)


if __name__ == "__main__":
    main()
