"""Two runs on the same items: claims of each verdict per 100 outputs, B minus A, paired by item id."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks.factuality.claims import VERDICTS
from lighteval_tasks.factuality.summary import DRAWS, QUANTILES
from lighteval_tasks.intervals import bootstrap_sums, holm, mcnemar

Counts = Mapping[str, list[int]]  # by item id the counted claims of each of VERDICTS


@dataclass(frozen=True)
class Difference:
    """Claims of one verdict in one task, per 100 outputs, and B minus A with its 95 % interval.

    ``more_a``, ``more_b``: items in which this run has more of them. ``p``: the exact sign test of these two numbers; ``p_holm``: corrected
    for all tasks and verdicts.
    """

    task: str
    prompt: str
    verdict: str
    items: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    more_a: int
    more_b: int
    p: float
    p_holm: float = float("nan")


def differences(pairs: Mapping[tuple[str, str], tuple[Counts, Counts]], seed: int = 0) -> list[dict[str, Any]]:
    """Every verdict in every task. ``pairs``: (task, prompt) to the counts of A and of B.

    Raises SourceError where the two have not the same items.
    """
    rng, made = np.random.default_rng(seed), []
    for (task, prompt), (a, b) in pairs.items():
        if a.keys() != b.keys():
            raise SourceError(
                f"{task}: A has {len(a)} items and B {len(b)}, of which {len(a.keys() ^ b.keys())} are in only one of them; expected the "
                "same items, with the same ids, since they are compared in pairs. Give outputs of the same questions"
            )
        counts = np.array([[a[item], b[item]] for item in a], np.int64).reshape(-1, 2, len(VERDICTS))
        if len(counts):
            made += _of_task(task, prompt, counts, rng)
    corrected = holm([one.p for one in made])
    return [asdict(one) | {"p_holm": p} for one, p in zip(made, corrected, strict=True)]


def _of_task(task: str, prompt: str, counts: np.ndarray, rng: np.random.Generator) -> list[Difference]:
    """``counts``: shape (items, 2, verdicts), A first."""
    number, more = len(counts), counts[:, 1] - counts[:, 0]
    drawn = 100 * bootstrap_sums(more, DRAWS, rng) / number
    found = []
    for i, verdict in enumerate(VERDICTS):
        a, b = (100 * float(counts[:, run, i].mean()) for run in (0, 1))
        low, high = np.quantile(drawn[:, i], QUANTILES)
        more_a, more_b = int((more[:, i] < 0).sum()), int((more[:, i] > 0).sum())
        p = mcnemar(more_a, more_b)
        found.append(
            Difference(
                task, prompt, verdict, number, a, b, b - a, float(low), float(high), more_a, more_b, p
            )
        )  # fmt: skip
    return found


def share_differences(pairs: Mapping[tuple[str, str], tuple[Counts, Counts]], seed: int = 0) -> list[dict[str, Any]]:
    """Supported claims as a share of all, B minus A in points, paired by item: whoever writes more claims more, and this does not rise with it.

    ``pairs`` as for `differences`, which checks them. Tasks in which a run claims nothing are left out.
    """
    rng, made = np.random.default_rng(seed), []
    for (task, prompt), (a, b) in pairs.items():
        counts = np.array([a[item] + b[item] for item in a], np.int64).reshape(-1, 2 * len(VERDICTS))
        drawn = bootstrap_sums(counts, DRAWS, rng).reshape(-1, 2, len(VERDICTS))
        every, of_all = drawn.sum(axis=2), counts.sum(axis=0).reshape(2, len(VERDICTS))
        if not of_all.sum(axis=1).all():
            continue
        whole = every.all(axis=1)
        shares = 100 * drawn[whole, :, 0] / every[whole]
        low, high = np.quantile(shares[:, 1] - shares[:, 0], QUANTILES)
        of_a, of_b = (100 * float(run[0] / run.sum()) for run in of_all)
        found = {"a": of_a, "b": of_b, "difference": of_b - of_a, "low": float(low), "high": float(high)}
        made.append({"task": task, "prompt": prompt, **found})
    return made


def why_not(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> str | None:
    """Why the claims of two runs cannot be compared, from what each rests on (`summary.inputs`); None where they can."""
    missing = [name for name, one in (("A", a), ("B", b)) if not one]
    if not a or not b:
        return f"{' and '.join(missing)} was scored without a graph; score both with the same one, KG=…"
    for what, key, shown in (("graph", "sha256", "name"), ("reader", "version", "version")):
        if a[what][key] != b[what][key] or a[what].get("model_sha256") != b[what].get("model_sha256"):
            return (
                f"A's claims were checked with the {what} {a[what][shown]} ({a[what][key][:12]}), B's with {b[what][shown]} "
                f"({b[what][key][:12]}); expected the same. Score both with the same graph, by the same version of this project"
            )
    return None


def share_in_words(one: Mapping[str, Any]) -> str:
    """``of all claims supported: A 12.5 %, B 13.7 %, +1.2 points [-1.4, +3.9]``."""
    between = f"{one['difference']:+.1f} points [{one['low']:+.1f}, {one['high']:+.1f}]"
    return f"of all claims supported: A {one['a']:.1f} %, B {one['b']:.1f} %, {between}"


def in_words(one: Mapping[str, Any]) -> str:
    """``contradicted claims +0.8 per 100 outputs [+0.1, +1.6]``."""
    if not one["a"] and not one["b"]:
        return f"{one['verdict']} claims: none in A or B"
    return f"{one['verdict']} claims {one['difference']:+.1f} per 100 outputs [{one['low']:+.1f}, {one['high']:+.1f}]"
