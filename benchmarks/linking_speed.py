"""Speed and memory of linking on PrimeKG's real names: python -m benchmarks.linking_speed.

Two fresh processes with an empty cache: the first makes tables and indexes, the second loads them and is measured. Times are CPU time of
the process. The mentions are those of linking_gold: all of them for lookup, those that lookup does not link for the search.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from kg.contents import Nodes
from kg.embedder import NONE, Embedder
from kg.gold import read_gold, read_names
from kg.linker import Linker
from tests.support.shared_data import SHARED_DATA

PRIMEKG = SHARED_DATA / "primekg"


class Encoded(Embedder):
    """An embedder whose mentions are encoded beforehand, so that its search is timed without the model."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([ENCODED[text] for text in texts])


ENCODED: dict[str, np.ndarray] = {}


def seconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def search_speed(nodes: Nodes, embedder: Embedder) -> None:
    """How many mentions per second are compared with all names of their type, and with all names."""
    pairs = read_gold(PRIMEKG / "linking_gold.tsv.gz")
    found = Linker(nodes).link([p.mention for p in pairs], [p.type for p in pairs], similar=0)
    some = [pair for pair, candidates in zip(pairs, found, strict=True) if not any(c.accepted for c in candidates)]
    mentions = [" ".join(pair.mention.split()) for pair in some]
    if embedder.model:
        ENCODED.update(zip(mentions, embedder.encode(mentions), strict=True))
        embedder = Encoded(**{f.name: getattr(embedder, f.name) for f in fields(embedder)})
    for of, types in ("the mention's type", [pair.type for pair in some]), ("all types", None):
        linker = Linker(nodes, embedder)
        linker.link(mentions[:1])
        speed = len(mentions) / seconds(lambda linker=linker, types=types: linker.link(mentions, types))
        print(f"- search with embedder {embedder} among the names of {of}: {speed:,.0f} mentions/s", flush=True)


def look_up_speed(nodes: Nodes) -> None:
    """How many mentions per second are looked up; the median of five passes."""
    linker = Linker(nodes)
    pairs = read_gold(PRIMEKG / "linking_gold.tsv.gz")
    mentions, types = [p.mention for p in pairs], [p.type for p in pairs]
    for what, some, their in (
        ("all names", nodes.name, None),
        ("all of linking_gold, typed", mentions, types),
        ("all of linking_gold", mentions, None),
    ):
        took = [seconds(lambda some=some, their=their: linker.link(some, their, similar=0)) for _ in range(5)]
        print(f"- look-up of {what}: {len(some) / statistics.median(took):,.0f} mentions/s", flush=True)


def report(step: str) -> None:
    """What one of the two processes measures."""
    nodes = read_names(PRIMEKG / "names.tsv.gz")
    took = seconds(lambda: Linker(nodes).link(["no such mention"]))
    print(f"- tables and indexes of {len(nodes.name):,} names {step} in {took:.2f} s", flush=True)
    if step == "loaded":
        status = Path("/proc/self/status").read_text().split()
        there = [module for module in ("torch", "sklearn", "scipy", "numba", "pandas") if module in sys.modules]
        print(
            f"- memory of the process: {int(status[status.index('VmRSS:') + 1]) / 1e3:.0f} MB; of the large modules: {there}"
        )
        look_up_speed(nodes)
        search_speed(nodes, NONE)


def main() -> None:
    """Run both processes, or be one of them."""
    if len(sys.argv) > 1:
        return report(sys.argv[1])
    with tempfile.TemporaryDirectory() as home:
        for step in ("made", "loaded"):
            command = [sys.executable, "-m", "benchmarks.linking_speed", step]
            subprocess.run(command, env={**os.environ, "HF_HOME": home}, check=True)


if __name__ == "__main__":
    main()
