"""CPU time of a reader of graphs, and its peak memory: python -m benchmarks.graph_readers optimuskg [EDGES]."""

import json
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from kg.readers.optimuskg import read_graph
from tests.support.optimuskg import write


def optimuskg(count: int, folder: Path) -> None:
    """Read this many edges of diseases and genes with random scores, and print seconds and the process's peak memory, in which their writing is."""
    draw = random.Random(0)
    nodes = [(f"ENSG{n}", "GEN", {"symbol": f"GENE{n}"}) for n in range(60_000)]
    nodes += [(f"MONDO_{n}", "DIS", {"name": f"disease {n}"}) for n in range(36_000)]
    sources = {"direct": ["OPEN_TARGETS"], "indirect": []}
    empty = dict.fromkeys(("disgenet_score", "evidence_index", "year_initial", "year_final", "number_of_pmids"))
    edges = (
        (f"MONDO_{draw.randrange(36_000)}", f"ENSG{draw.randrange(60_000)}", "DIS-GEN", "ASSOCIATED_WITH",
         json.dumps({"evidence_score": draw.random(), "evidence_count": draw.randrange(99), **empty, "sources": sources}))
        for _ in range(count)
    )  # fmt: skip
    write(folder, nodes, list(edges))
    written, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    _, found = read_graph(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{found.rows:,} edges in {time.process_time() - started:.1f} s of CPU; peak {peak / 1e6:.2f} GB ({written / 1e6:.2f} GB before)")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] != ["optimuskg"]:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as place:
        optimuskg(int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000, Path(place))
