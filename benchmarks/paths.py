"""Path search compared with alternatives: python -m benchmarks.paths KG_FILE [QUESTIONS], on a graph of PrimeKG's size.

Questions of 5 question nodes and one answer node. All engines run in one process, in shuffled order, measured by its CPU time, each
question twice (the lower time counts); slow engines get only the first few questions. × is the median, over the questions that
both have, of the ratio of one engine's time to the other's. Every answer is compared with that of graph-tool's search: distance,
number of shortest paths, and the paths.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # one thread each; set before any of the engines is imported

import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tabulate import tabulate

from benchmarks import path_engines as engines
from benchmarks.path_engines import KEEP, Answer, Engine, Pair
from kg import KG

MANY = 20_000  # a question with a pair of more paths is left out: to list them would be all that an engine does
ORACLE, FAST, MEDREASON, LISTED = "graph-tool, one search per t", "fast", "networkx", "graph-tool all_shortest_paths"


def built(kg: KG) -> dict[str, tuple[Engine, int, bool]]:
    """Name → the engine, how many questions it gets, and whether it lists all paths."""
    ends = engines.distinct_edges(kg)
    makers: dict[str, tuple[Callable[[], Engine], int, bool]] = {
        "networkx all_shortest_paths": (lambda: engines.networkx_all(*ends), 3, True),
        "rustworkx all_shortest_paths": (lambda: engines.rustworkx_all(*ends), 3, True),
        "networkit BFS per pair": (lambda: engines.networkit_bfs(*ends), 10, True),
        LISTED: (lambda: engines.graph_tool_all(*ends), 58, True),
        "graph-tool all_predecessors": (lambda: engines.graph_tool_predecessors(*ends), 58, True),
        "scipy BFS, drawn": (lambda: engines.scipy_bfs(*ends), 58, False),
        ORACLE: (lambda: engines.ours(kg, "graph-tool"), 10**6, False),
        FAST: (lambda: engines.ours(kg, "fast"), 10**6, False),
    }
    return {name: (make(), questions, lists) for name, (make, questions, lists) in makers.items()}


def timed(questions: list[list[Pair]], chosen: dict[str, tuple[Engine, int, bool]]) -> dict[str, dict[int, float]]:
    """Milliseconds per engine and question; raises AssertionError where an answer is not the oracle's."""
    for engine, _, _ in chosen.values():
        engine(questions[0])  # compiled, imported, read from disk
    expected = [chosen[ORACLE][0](pairs) for pairs in questions]
    jobs = [(name, q) for name, (_, count, _) in chosen.items() for q in range(min(count, len(questions)))] * 2
    random.Random(0).shuffle(jobs)
    times: dict[str, dict[int, float]] = {name: {} for name in chosen}
    for name, q in jobs:
        engine, _, lists = chosen[name]
        started = time.process_time()
        answers = engine(questions[q])
        spent = 1000 * (time.process_time() - started)
        times[name][q] = min(spent, times[name].get(q, np.inf))
        for answer, oracle in zip(answers, expected[q], strict=True):
            assert same(answer, oracle, lists), f"{name}, question {q}: {answer[:2]}, expected {oracle[:2]}"
    return times


def same(answer: Answer, oracle: Answer, lists: bool) -> bool:
    """Distance and number of paths are equal, and so are the paths; one that lists all has the drawn ones among them."""
    given, expected = set(answer[2]), set(oracle[2])
    return answer[:2] == oracle[:2] and (given >= expected if lists else given == expected)


def factor(times: dict[str, dict[int, float]], slow: str, quick: str) -> float:
    """How many times as long the slow one takes: the median over the questions that both have."""
    shared = times[slow].keys() & times[quick].keys()
    return statistics.median(times[slow][q] / times[quick][q] for q in shared)


def table(times: dict[str, dict[int, float]], chosen: dict[str, tuple[Engine, int, bool]]) -> str:
    """A row per engine, the slowest first."""
    networkx = next(name for name in times if name.startswith(MEDREASON))
    rows = []
    for name, spent in times.items():
        ms = np.array(list(spent.values()))
        against = [factor(times, other, name) for other in (networkx, LISTED, ORACLE)]
        paths = "all" if chosen[name][2] else f"≤ {KEEP}"
        rows.append([name, paths, len(ms), np.median(ms), np.quantile(ms, 0.95), ms.max(), *against])
    rows.sort(key=lambda row: -row[3])
    head = [
        "engine",
        "paths",
        "questions",
        "median ms",
        "p95 ms",
        "max ms",
        "× networkx",
        f"× {LISTED}",
        f"× {ORACLE}",
    ]
    return tabulate(rows, head, "github", floatfmt=(*[""] * 3, *[".3f"] * 3, *[",.1f"] * 3))


def main() -> None:
    """Print the table, and the ratios of the medians beside the medians of the ratios."""
    kg, wanted = KG.load(Path(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else 60
    sample = engines.sample_questions(kg, wanted + 10, (range(5, 6), range(1, 2)), 7)
    answers = kg.shortest_paths([pair for pairs in sample for pair in pairs])
    most = [max(answer.total for answer in answers[5 * q : 5 * q + 5]) for q in range(len(sample))]
    questions = [pairs for pairs, total in zip(sample, most, strict=True) if total <= MANY][:wanted]
    print(
        f"{len(questions)} questions of 5 pairs; left out as too many paths: {sum(total > MANY for total in most)}\n"
    )
    chosen = built(kg)
    times = timed(questions, chosen)
    print(table(times, chosen))
    medians = {name: statistics.median(spent.values()) for name, spent in times.items()}
    print("\nratios of the medians to fast:", {name: round(ms / medians[FAST], 1) for name, ms in medians.items()})
    compared = sum(len(spent) for name, spent in times.items() if name != ORACLE) * 5
    print(f"{compared:,} answers compared with graph-tool's search: distance, number and paths the same in all")


if __name__ == "__main__":
    main()
