"""Scaling of the fast search on a graph of PrimeKG's size: python -m benchmarks.path_scale KG_FILE; pictures in docs/.

Questions as in a build (3 to 8 question nodes, 1 to 4 answer nodes), at most 50 paths per pair: time per question against
the number of questions, latency of single calls, two threads and two processes compared with one, the stage search_paths compared
with the search alone, load time and memory of a process, and the number of shortest paths of a pair by distance.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np
from datasets import Dataset, load_from_disk

from benchmarks.path_engines import KEEP, Pair, sample_questions
from dataset_builder.row import features
from dataset_builder.run import run
from dataset_builder.stages.search_paths import search_paths
from kg import KG

matplotlib.use("agg")
import matplotlib.pyplot as plt

SIZES = (1_000, 2_000, 4_000, 8_000, 16_000)
ENDS = (range(3, 9), range(1, 5))
BATCH = 1_000  # questions in a call, as in the stage


def spent(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Seconds that the work takes by this clock."""
    started = clock()
    work()
    return clock() - started


def search_all(kg: KG, questions: Sequence[list[Pair]]) -> None:
    """As the stage calls the search: a batch of questions at a time, Arrow out."""
    for first in range(0, len(questions), BATCH):
        pairs = [pair for question in questions[first : first + BATCH] for pair in question]
        kg.shortest_paths_arrow(np.array(pairs), KEEP, 0)


def scaling(kg: KG, questions: list[list[Pair]]) -> dict[int, float]:
    """Milliseconds of processor time per question, by number of questions: the median of three runs."""
    runs = {n: [spent(lambda n=n: search_all(kg, questions[:n])) for _ in range(3)] for n in SIZES}
    return {n: 1000 * float(np.median(seconds)) / n for n, seconds in runs.items()}


def latency(kg: KG, questions: list[list[Pair]]) -> np.ndarray:
    """Milliseconds of processor time of a call per question, the lower of two."""
    return np.min([[1000 * spent(lambda q=q: kg.shortest_paths(q)) for q in questions] for _ in range(2)], axis=0)


def two_threads(kg: KG, questions: list[list[Pair]]) -> list[float]:
    """Time on the clock of one thread to that of two, five times; the two threads have their memory from before."""
    halves = [questions[::2], questions[1::2]]
    gains = []
    with ThreadPoolExecutor(2) as pool:
        ready = threading.Barrier(2)
        list(pool.map(lambda half: (ready.wait(), search_all(kg, half[:10])), halves))
        for _ in range(5):
            one = spent(lambda: search_all(kg, questions), time.perf_counter)
            two = spent(lambda: list(pool.map(lambda half: search_all(kg, half), halves)), time.perf_counter)
            gains.append(one / two)
    return gains


def stage_cost(kg: KG, questions: list[list[Pair]], folder: Path) -> tuple[list[float], list[float], float]:
    """Processor seconds of the search alone and of the stage, three runs each in turn; and of a second run in a new process, on
    the clock without start-up, which must come from the cache."""
    table = rows_of(questions)
    ordered = [sorted(question, key=lambda pair: (pair[1], pair[0])) for question in questions]
    alone, stage = [], []
    for i in range(3):
        table.save_to_disk(folder / str(i))
        rows = load_from_disk(folder / str(i))
        alone.append(spent(lambda: search_all(kg, ordered)))
        stage.append(spent(lambda rows=rows: run(rows, [search_paths.using(kg=kg, keep=KEEP, seed=0)])))
    command = [sys.executable, "-m", "benchmarks.path_scale", kg.path, "again", str(folder / "2")]
    return alone, stage, float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rows_of(questions: list[list[Pair]]) -> Dataset:
    """A table with what the stage needs, as earlier stages leave it."""
    rows: dict[str, list] = {column: [] for column in ("mentions", "nodes", "rejected_because", "rejected_detail")}
    for question in questions:
        sides = {"question": dict.fromkeys(s for s, _ in question), "answer": dict.fromkeys(t for _, t in question)}
        named = [(place, node) for place, nodes in sides.items() for node in nodes]
        blank = {"start": 0, "end": 1, "text": "x", "type": None, "negated": False}
        rows["mentions"].append([{"place": place} | blank for place, _ in named])
        known = {"name": "x", "type": "drug", "method": "exact", "score": 1.0}
        rows["nodes"].append([{"mention": i, "node": node} | known for i, (_, node) in enumerate(named)])
        rows["rejected_because"].append(None)
        rows["rejected_detail"].append(None)
    return Dataset.from_dict(rows, features=features(list(rows)))


def again(kg: KG, rows: Path) -> float:
    """Seconds for a stage that another process has run."""
    started = time.perf_counter()
    _, (only,) = run(load_from_disk(rows), [search_paths.using(kg=kg, keep=KEEP, seed=0)])
    assert only.cached
    return time.perf_counter() - started


def alone_in_a_process(graph: str) -> list[str]:
    """Seconds to load, and peak memory in GB of a process that loads the graph and searches 1,000 questions; by a child."""
    command = [sys.executable, "-m", "benchmarks.path_scale", graph, "memory"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def memory(graph: str) -> None:
    """Print what alone_in_a_process reads."""
    started = time.perf_counter()
    kg = KG.load(graph)
    loaded = time.perf_counter() - started
    search_all(kg, sample_questions(kg, 1_000, ENDS, 3))
    # not ru_maxrss, which remembers the process that this one was started from
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(f"{loaded:.2f} {int(status['VmHWM'].split()[0]) / 1e6:.2f}")


def draw(per_question: dict[int, float], found: list[tuple[int, int]], file: Path) -> None:
    """Two panels: time per question, and number of shortest paths by distance."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    left.plot(list(per_question), list(per_question.values()), "o-")
    left.set(
        xscale="log",
        xticks=SIZES,
        xlabel="questions",
        ylabel="ms per question (processor time)",
        ylim=(0, 1.2 * max(per_question.values())),
    )
    left.set_xticks(SIZES, [f"{n:,}" for n in SIZES])
    left.minorticks_off()
    left.set_title("Time per question does not depend on their number")
    distances = sorted({distance for distance, _ in found})
    totals = [[total for other, total in found if other == distance] for distance in distances]
    right.boxplot(
        totals,
        whis=(1, 99),
        showfliers=False,
        tick_labels=[f"{d}\n({len(t):,})" for d, t in zip(distances, totals, strict=True)],
    )
    right.plot(range(1, len(distances) + 1), [max(total) for total in totals], "k^", label="largest")
    right.axhline(KEEP, color="tab:red", lw=1, label=f"at most {KEEP} are drawn")
    right.set(yscale="log", xlabel="distance in hops (pairs)", ylabel="shortest paths of a pair")
    right.set_title("Box: quartiles and median; whiskers: 1 to 99 %")
    right.legend()
    file.parent.mkdir(exist_ok=True)
    figure.savefig(file, dpi=110)


def main() -> None:
    """Print every figure, and draw the picture."""
    graph = sys.argv[1]
    if sys.argv[2:] == ["memory"]:
        return memory(graph)
    kg = KG.load(graph)
    if sys.argv[2:3] == ["again"]:
        return print(again(kg, Path(sys.argv[3])))
    loaded, peak = alone_in_a_process(graph)
    print(f"a process: loaded in {loaded} s, peak memory {peak} GB")
    questions = sample_questions(kg, SIZES[-1], ENDS, 3)
    print(f"{len(questions):,} questions, {np.mean([len(question) for question in questions]):.1f} pairs each")
    search_all(kg, questions[:10])
    ms = latency(kg, questions[:2_000])
    quantiles = ", ".join(
        f"{name} {np.quantile(ms, q):.3f}" for name, q in (("median", 0.5), ("p95", 0.95), ("p99", 0.99))
    )
    print(f"a call per question: {quantiles}, largest {ms.max():.2f} ms")
    per_question = scaling(kg, questions)
    print("ms per question:", {n: round(value, 3) for n, value in per_question.items()})
    gains = two_threads(kg, questions[:4_000])
    print(f"two threads: {np.median(gains):.2f} ×, of {[round(gain, 2) for gain in gains]}")
    with tempfile.TemporaryDirectory() as folder:
        alone, stage, second = stage_cost(kg, questions[:8_000], Path(folder))
    print(
        f"stage {np.median(stage):.2f} s, search alone {np.median(alone):.2f} s: {np.median(stage) / np.median(alone):.3f} ×"
    )
    print(f"a second run of the stage, in a new process: {second:.2f} s, from the cache")
    found = kg.shortest_paths([pair for question in questions[:4_000] for pair in question], keep=0)
    draw(per_question, [(one.distance, one.total) for one in found if one.distance], Path("docs/path_search.png"))
    print("drawn: docs/path_search.png")


if __name__ == "__main__":
    main()
