"""What a cluster gains where a stage has much to do: python -m benchmarks.ray_claims [--texts 1200] [--workers 1,2].

`check_hops` reads the claims of real model outputs (GPT-4 and GPT-3.5 on MedQA, $SHARED_DATA/model_outputs) and looks them up in the real subset of
PrimeKG: without Ray, and with each number of workers on this machine. Each in a process of its own, on an empty cache. Prints the seconds
of the stage, the CPU seconds of the build's own process in it, and whether the rows are equal.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

from tests.support.shared_data import SHARED_DATA, output_of, raw_outputs

GRAPH = SHARED_DATA / "primekg" / "kg_subset.csv.gz"


def texts(most: int) -> list[str]:
    """So many outputs, of both models in turn."""
    of_models = [[output_of(row)[0] for row in rows] for _, rows in raw_outputs(SHARED_DATA, "mirage.medqa.cot.*")]
    return [text for pair in zip(*of_models, strict=False) for text in pair][:most]


def build(workers: int, most: int) -> None:
    """Check the claims on so many workers; 0: without Ray."""
    import contextlib

    from dataset_builder.claim_check.reader import claim_reader
    from dataset_builder.cluster.cluster import Cluster
    from dataset_builder.run import run
    from dataset_builder.sources.questions import on_disk
    from dataset_builder.stages.check_hops import check_hops
    from kg import KG
    from tests.cluster.stages import as_rationale
    from tests.test_stage import question

    kg, reader = KG.load(str(GRAPH)), claim_reader("spacy")
    assert reader is not None
    rows = on_disk([question(str(n)) | {"reference_rationale": text} for n, text in enumerate(texts(most))])
    stages = [as_rationale, check_hops.using(kg=kg, reader=reader)]
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(Cluster("local", workers)) if workers else None
        if cluster:
            cluster.expect_equal(kg)
        else:
            kg.open()
            reader.open()
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        done, _ = run(rows, stages, cluster=cluster)
        seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = hashlib.sha256(json.dumps(done["hop_checks"][:]).encode()).hexdigest()[:12]
    print(json.dumps({"rows": len(done), "seconds": round(seconds, 1), "own_cpu": round(own, 1), "hash": found}))


def main() -> None:
    """Each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1200)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside is not None:
        return build(given.inside, given.texts)
    mean = sum(map(len, texts(given.texts))) / given.texts
    print(f"{given.texts} texts of {mean:,.0f} characters")
    for workers in (0, *map(int, given.workers.split(","))):
        with tempfile.TemporaryDirectory() as home:
            environment = os.environ | {"HF_DATASETS_CACHE": home, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
            command = ["benchmarks.ray_claims", "--inside", str(workers), "--texts", str(given.texts)]
            out = subprocess.run(
                [sys.executable, "-m", *command], env=environment, check=True, capture_output=True, text=True
            ).stdout
        print(f"{f'{workers} workers' if workers else 'without Ray'}: {out.splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
