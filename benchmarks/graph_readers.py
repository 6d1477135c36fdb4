"""Time and peak memory of reading a graph of a million edges, per format: ``python -m benchmarks.graph_readers [FORMAT …]``."""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from kg.readers import Source
from tests.support.optimuskg import write

NODES, EDGES = 200_000, 1_000_000


def kgx(folder: Path, ending: str) -> str:
    """Write a graph in KGX's format, and return what KG.load takes. ``ending``: tsv or jsonl."""
    ends = np.random.default_rng(0).integers(0, NODES, (EDGES, 2)).tolist()
    kinds = [("biolink:Gene", "gene"), ("biolink:Disease", "disease")]
    nodes = (
        {"id": f"X:{n}", "category": kinds[n % 2][0], "name": f"{kinds[n % 2][1]} {n}", "synonym": f"other name {n}"}
        for n in range(NODES)
    )
    said = {
        "predicate": "biolink:associated_with",
        "primary_knowledge_source": "infores:own",
        "agent_type": "manual_agent",
    }
    edges = ({"subject": f"X:{a}", "object": f"X:{b}", **said, "publications": f"PMID:{a}"} for a, b in ends)
    for name, rows in (("nodes", nodes), ("edges", edges)):
        with (folder / f"own_{name}.{ending}").open("w") as out:
            for number, row in enumerate(rows):
                if ending == "tsv":
                    out.write("\t".join(row) + "\n" if not number else "")
                    out.write("\t".join(row.values()) + "\n")
                else:
                    out.write(
                        json.dumps(row | ({"publications": [row["publications"]]} if name == "edges" else {})) + "\n"
                    )
    return f"kgx:{folder}"


def optimuskg(folder: Path) -> str:
    """Write a graph in OptimusKG's format, edges of a disease and a gene with scores, and return what KG.load takes."""
    draw = random.Random(0)
    genes, diseases = NODES * 3 // 5, NODES * 2 // 5
    nodes = [(f"ENSG{n}", "GEN", {"symbol": f"GENE{n}"}) for n in range(genes)]
    nodes += [(f"MONDO_{n}", "DIS", {"name": f"disease {n}"}) for n in range(diseases)]
    empty = dict.fromkeys(("disgenet_score", "evidence_index", "year_initial", "year_final", "number_of_pmids"))
    rest = {"evidence_count": 7, **empty, "sources": {"direct": ["OPEN_TARGETS"], "indirect": []}}
    ends = [(f"MONDO_{draw.randrange(diseases)}", f"ENSG{draw.randrange(genes)}") for _ in range(EDGES)]
    said = ("DIS-GEN", "ASSOCIATED_WITH")
    write(folder, nodes, [(*both, *said, json.dumps({"evidence_score": draw.random(), **rest})) for both in ends])
    return f"optimuskg:{folder}"


FORMATS = {
    "optimuskg": optimuskg,
    "kgx-tsv": lambda folder: kgx(folder, "tsv"),
    "kgx-jsonl": lambda folder: kgx(folder, "jsonl"),
}


def read(source: str) -> None:
    """Read one graph in this process, and print its size, the seconds and the peak memory."""
    started = time.perf_counter()
    nodes, edges = Source.parse(source).read()
    seconds, peak = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{len(nodes.id):,} nodes, {edges.rows:,} edges: {seconds:.1f} s, peak {peak:.2f} GiB", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(sys.argv[2])
    else:
        for name in sys.argv[1:] or FORMATS:
            with tempfile.TemporaryDirectory() as temporary:
                path = FORMATS[name](Path(temporary))
                print(f"{name}: ", end="", flush=True)
                subprocess.run([sys.executable, "-m", "benchmarks.graph_readers", "--read", path], check=True)
