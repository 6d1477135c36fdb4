"""Load times, memory and gain of a second process at PrimeKG's size: python -m benchmarks.full_size KG_FILE [ROWS].

Every figure comes from a process of its own, with a cache of its own. The questions are MedQA's, from $SHARED_DATA/hub
(default ../shared/data). Peak memory is the process's maximum resident set; private memory is what a worker does not share.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import psutil

from tests.support.shared_data import SHARED_DATA


def load(graph: str) -> dict[str, float]:
    """Seconds for KG.load and for the search graph, and the peak memory in GB."""
    from kg import KG
    from kg.opened import graph as open_graph

    start = time.perf_counter()
    kg = KG.load(graph)
    loaded = time.perf_counter()
    open_graph(kg.path, kg.digest)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"load_s": loaded - start, "search_graph_s": time.perf_counter() - loaded, "peak_GB": peak}


def stages(graph: str, rows: int, processes: int) -> dict[str, float]:
    """Seconds for all stages of kg_only, and the largest private memory of a worker in MB."""
    from dataset_builder.claim_check.reader import claim_reader
    from dataset_builder.pipelines import kg_only
    from dataset_builder.run import run
    from dataset_builder.sources.questions import on_disk, read_questions
    from kg import KG

    train, test = (
        read_questions(["medqa"], {"medqa": split}, data_dir=SHARED_DATA / "hub")[0] for split in ("train", "test")
    )
    table = on_disk([*train, *test][:rows])
    kg = KG.load(graph)
    kg.open()
    private: dict[int, int] = {}
    threading.Thread(target=_watch, args=(private,), daemon=True).start()
    start = time.perf_counter()
    _, runs = run(table, kg_only(kg, claim_reader("spacy"), 0), num_proc=processes if processes > 1 else None)
    seconds = time.perf_counter() - start
    assert not any(one.cached for one in runs)
    return {"rows": len(table), "stages_s": seconds, "private_MB": max(private.values(), default=0) / 1e6}


def _watch(private: dict[int, int]) -> None:
    me = psutil.Process()
    while True:
        for child in me.children(recursive=True):
            try:
                private[child.pid] = max(private.get(child.pid, 0), child.memory_full_info().uss)
            except psutil.NoSuchProcess:
                continue
        time.sleep(1)  # reading a worker's memory takes its processor from it


def measure(home: str, *arguments: str, fresh: bool = False) -> dict[str, float]:
    """Run one of the functions above in a new process."""
    cache = tempfile.mkdtemp(dir=home) if fresh else home
    environment = os.environ | {
        "HF_HOME": home,
        "HF_DATASETS_CACHE": f"{cache}/datasets",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    command = [sys.executable, "-m", "benchmarks.full_size", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the figures as they come."""
    if sys.argv[1] == "load":
        return print(json.dumps(load(sys.argv[2])))
    if sys.argv[1] == "stages":
        return print(json.dumps(stages(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    graph, rows = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "2000"
    with tempfile.TemporaryDirectory() as home:
        for name in ("first load", "second load"):
            print(name, {key: round(value, 2) for key, value in measure(home, "load", graph).items()})
        times: dict[str, list[float]] = {"1": [], "2": []}
        for _ in range(3):
            for processes, seconds in times.items():
                result = measure(home, "stages", graph, rows, processes, fresh=True)
                seconds.append(result["stages_s"])
                print(f"{processes} process(es)", {key: round(value, 1) for key, value in result.items()})
        gains = [one / two for one, two in zip(*times.values(), strict=True)]
        print(
            f"gain of a second process: median {statistics.median(gains):.2f}, of {[round(gain, 2) for gain in gains]}"
        )


if __name__ == "__main__":
    main()
