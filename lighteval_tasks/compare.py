"""Compare two runs on the same items: is the difference real? Paired by item id, per benchmark and on their mean."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks import orders
from lighteval_tasks.factuality import of_run
from lighteval_tasks.intervals import bootstrap_means, holm, mcnemar, sign_flip
from lighteval_tasks.ledger import PublishedLedger, read_ledger
from lighteval_tasks.outcomes import TaskOutcomes, read_run, split_name

DRAWS = 10_000


@dataclass(frozen=True)
class Comparison:
    """Two runs on the items of one task. Accuracies, and B minus A with its interval, as shares.

    ``only_a``, ``only_b``: number of items that only this run has right (in more orders of the options); ``p``: McNemar's exact test,
    for means over orders the sign-flip test; ``p_holm``: corrected for all tasks.
    """

    task: str
    prompt: str
    items: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    only_a: int
    only_b: int
    p: float
    p_holm: float = float("nan")


@dataclass(frozen=True)
class Mean:
    """The mean over the tasks in one prompt, with equal weights, and the interval of the difference.

    Only one prompt, because the same items in another prompt are no new items: together they would make the interval too narrow.
    """

    prompt: str
    tasks: int
    a: float
    b: float
    difference: float
    low: float
    high: float


def pair(
    a: TaskOutcomes, b: TaskOutcomes, ledger: PublishedLedger | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Per item, whether A and whether B has it right: 0 or 1; the mean over the orders of its options, where it has several. With a ledger: only clean items, None if it lacks the benchmark.

    Raises SourceError where the two runs do not have the same items.
    """
    outcomes, others = orders.comparable(a, b)
    right_a, right_b = orders.right(outcomes), orders.right(others)
    if right_a.keys() != right_b.keys():
        missing = len(right_a.keys() ^ right_b.keys())
        raise SourceError(
            f"{a.name}: A has {len(right_a)} items and B {len(right_b)}, of which {missing} are in only one of them; expected the "
            "same items. Score both with the same --limit and from the same data"
        )
    if ledger:
        clean = ledger.clean(a.source, outcomes)
        if clean is None:
            return None
        outcomes = clean
    ids = orders.by_item(outcomes)
    return np.array([right_a[i] for i in ids], float), np.array([right_b[i] for i in ids], float)


def compare(
    pairs: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]], seed: int = 0
) -> tuple[list[Comparison], list[Mean]]:
    """Compare every task, and the mean of the tasks of each prompt. ``pairs``: (task, prompt) to shares of right answers, of A and of B, per item."""
    rng = np.random.default_rng(seed)
    made: list[Comparison] = []
    draws: dict[str, list[np.ndarray]] = defaultdict(list)
    counted = [key for key in pairs if not _is_part(key, pairs)]
    for (task, prompt), (a, b) in pairs.items():
        differences = b.astype(float) - a.astype(float)
        drawn = bootstrap_means(differences, DRAWS, rng)
        if (task, prompt) in counted:
            draws[prompt].append(drawn)
        low, high = np.quantile(drawn, [0.025, 0.975])
        only_a, only_b = int(np.sum(a > b)), int(np.sum(b > a))
        shares = float(a.mean()), float(b.mean())
        made.append(
            Comparison(
                task=task,
                prompt=prompt,
                items=len(a),
                a=shares[0],
                b=shares[1],
                difference=shares[1] - shares[0],
                low=float(low),
                high=float(high),
                only_a=only_a,
                only_b=only_b,
                p=mcnemar(only_a, only_b)
                if only_a + only_b == np.abs(differences).sum()
                else sign_flip(list(differences)),
            )
        )
    corrected = holm([one.p for one in made])
    made = [Comparison(**{**asdict(one), "p_holm": p}) for one, p in zip(made, corrected, strict=True)]
    tasks = [one for one in made if (one.task, one.prompt) in counted]
    return made, [_mean(prompt, [one for one in tasks if one.prompt == prompt], of) for prompt, of in draws.items()]


def _mean(prompt: str, tasks: Sequence[Comparison], draws: Sequence[np.ndarray]) -> Mean:
    low, high = np.quantile(np.mean(draws, axis=0), [0.025, 0.975])
    a, b = (float(np.mean([getattr(one, name) for one in tasks])) for name in "ab")
    return Mean(prompt, len(tasks), a, b, b - a, float(low), float(high))


def _is_part(key: tuple[str, str], keys: Iterable[tuple[str, str]]) -> bool:
    """Whether a task is a config of a source whose whole task is also there; it must not count twice in the mean."""
    source, part, _ = split_name(key[0])
    return bool(part) and (source, key[1]) in keys


def compare_runs(a: Path, b: Path, *, dataset: str | None = None, seed: int = 0) -> dict[str, Any]:
    """The content of comparison.json: the two runs, their common tasks raw and, with a ledger, without matched items.

    Raises SourceError where no task is in both runs, or the items differ.
    """
    runs_a, runs_b = ({(task.task, task.prompt): task for task in read_run(run)} for run in (a, b))
    both = [key for key in runs_a if key in runs_b]
    if not both:
        raise SourceError(
            f"no task is in both runs; A has {_listed(runs_a)}, B has {_listed(runs_b)}. Score both on the same tasks"
        )
    ledger = read_ledger(dataset) if dataset else None
    raw = {key: found for key in both if (found := pair(runs_a[key], runs_b[key]))}
    clean = {
        key: found for key in both if ledger and (found := pair(runs_a[key], runs_b[key], ledger)) and len(found[0])
    }
    only = {"A": runs_a.keys() - runs_b.keys(), "B": runs_b.keys() - runs_a.keys()}
    return {
        "a": about(a),
        "b": about(b),
        "seed": seed,
        "dataset": dataset,
        "raw": _as_dict(raw, seed),
        "clean": _as_dict(clean, seed) if clean else None,
        "factuality": of_run.compare(a, b, (runs_a, runs_b), both, seed),
        "not_checked": [list(key) for key in both if ledger and key not in clean],
        "orders": [found for key in both if (found := orders.compared(runs_a[key], runs_b[key]))],
        "only_in": {run: sorted(map(list, keys)) for run, keys in only.items() if keys},
    }


def about(run: Path) -> dict[str, Any]:
    """Model, revision and engine of a run, from its scores.json; without this file the folder's name is the model."""
    path = run / "scores.json"
    if not path.is_file():
        return {"model": run.name, "revision": None, "engine": {}}
    found = json.loads(path.read_text("utf-8"))
    return {name: found[name] for name in ("model", "revision", "engine")}


def _as_dict(pairs: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]], seed: int) -> dict[str, Any]:
    tasks, means = compare(pairs, seed)
    return {"tasks": [asdict(one) for one in tasks], "means": [asdict(mean) for mean in means]}


def _listed(runs: dict[tuple[str, str], TaskOutcomes]) -> str:
    return ", ".join(task.name for task in runs.values())
