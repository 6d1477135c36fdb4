"""Speed of an answer store of millions of entries: look-ups, inserts in batches, `stats`, export.

    python -m benchmarks.answer_store [--entries 5000000] [--file FILE] [--export]

The file is made where it is missing, as a version of before the table of sums would have it, so the first `stats` counts everything. Each
figure is the median of ROUNDS rounds, with the fastest and the slowest; answers have 500 random characters. Run it on a copy for two versions:
inserts change the file.
"""

import argparse
import os
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dataset_builder.answer_store import parquet_files
from dataset_builder.answer_store.store import AnswerStore, Entry

ROUNDS = 5
FILE = Path("/tmp/medreason_benchmark/answers.sqlite")
TABLE = """create table answers (
    key blob not null, status text not null, reason text, detail text, response text, checksum blob not null,
    model text not null, stage text not null, prompt_tokens integer, completion_tokens integer, usd real,
    seconds real, at real not null)"""


def entry(number: int) -> Entry:
    """An answer under a random key that its number gives."""
    draw = random.Random(number)
    response = '{"choices": [{"message": {"content": "' + draw.randbytes(250).hex() + '"}}]}'
    stage, model = f"stage_{number % 7}", f"model-{number % 3}"
    return Entry(draw.randbytes(16), "good", None, None, response, model, stage, 800, 300, 0.004, 6.0, 1e9 + number)


def make(file: Path, entries: int) -> None:
    """Write the file: the index last, which is much faster."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)

    def rows() -> Iterator[tuple]:
        for number in range(entries):
            e = entry(number)
            yield (*e[:5], e.checksum, *e[5:])

    with sqlite3.connect(draft) as connection:
        connection.execute("pragma synchronous=off")
        connection.execute(TABLE)
        connection.executemany(f"insert into answers values ({', '.join('?' * 13)})", rows())
        connection.execute("create index answers_key on answers (key)")
    connection.close()
    draft.rename(file)


def measure(name: str, number: int, act: Callable[[int], object]) -> None:
    """Print how many of a round's things are done in a second. ``act`` gets the number of the round."""
    rates = []
    for round_ in range(ROUNDS):
        started = time.perf_counter()
        act(round_)
        rates.append(number / (time.perf_counter() - started))
    print(f"  {name}: {statistics.median(rates):,.0f}/s [{min(rates):,.0f}, {max(rates):,.0f}]", flush=True)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--export", action="store_true", help="measure the export too, which takes a minute")
    given = parser.parse_args()
    if not given.file.exists():
        make(given.file, given.entries)
    store, draw = AnswerStore(given.file), random.Random(os.getpid())
    started = time.perf_counter()
    store.find([bytes(16)])
    print(
        f"{given.entries:,} entries, {given.file.stat().st_size / 1e9:.1f} GB; opened in {time.perf_counter() - started:.2f} s"
    )
    for round_ in range(3):
        started = time.perf_counter()
        parquet_files.stats(store)
        print(f"  stats, the {round_ + 1}. time: {time.perf_counter() - started:.2f} s", flush=True)
    keys = [[entry(draw.randrange(given.entries)).key for _ in range(10_000)] for _ in range(ROUNDS)]
    measure(
        "look-up, 500 keys at a time",
        10_000,
        lambda n: [store.find(keys[n][i : i + 500]) for i in range(0, 10_000, 500)],
    )
    measure("look-up, one key at a time", 2000, lambda n: [store.find([key]) for key in keys[n][:2000]])
    for size, number in ((2000, 20_000), (100, 5_000)):
        new = [[entry(draw.getrandbits(60)) for _ in range(number)] for _ in range(ROUNDS)]
        measure(
            f"insert, {size} at a time",
            number,
            lambda n, size=size, number=number, new=new: [
                store.add(new[n][i : i + size]) for i in range(0, number, size)
            ],
        )
    if given.export:
        started = time.perf_counter()
        parquet_files.export(store, given.file.with_suffix(".parquet"))
        print(f"  export: {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
