"""The results of benchmarks.gain: accuracy per arm and number of hops, paired differences with intervals, and a picture."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from scipy.stats import t

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.gain_world import ARMS
from lighteval_tasks.intervals import bootstrap_means, sign_flip

DRAWS = 10_000
CHANCE = 0.25
COLORS = {
    "answers": "#777777",
    "irrelevant": "#b5402a",
    "shuffled": "#d39a4a",
    "grounded": "#2a6db5",
    "subject_first": "#2f8f5b",
}

Right = dict[int, np.ndarray]  # by number of hops: 1 or 0 per question and seed, shape (questions, seeds)


def read(folder: Path) -> dict[str, Right]:
    """The outcomes of every arm, of the seeds that all arms have."""
    runs: dict[str, dict[int, Any]] = defaultdict(dict)
    for file in (folder / "runs").glob("*.json"):
        run = json.loads(file.read_text("utf-8"))
        runs[run["arm"]][run["seed"]] = run["test"]
    seeds = sorted(set.intersection(*(set(of) for of in runs.values())))
    found = {}
    for arm in (arm for arm in ARMS if arm in runs):
        hops = np.array([one["hops"] for one in runs[arm][seeds[0]]])
        right = np.array([[one["right"] for one in runs[arm][seed]] for seed in seeds], float).T
        found[arm] = {int(k): right[hops == k] for k in np.unique(hops)}
    return found


def over_questions(right: np.ndarray) -> tuple[float, float, float]:
    """Mean, and the 95 % bootstrap interval over questions, each the mean of its seeds. ``right``: shape (questions, seeds)."""
    means = right.mean(axis=1)
    drawn = bootstrap_means(means, DRAWS, np.random.default_rng(0))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(means.mean()), float(low), float(high)


def over_seeds(right: np.ndarray) -> tuple[float, float] | None:
    """The 95 % interval of the mean over seeds, by Student's t; shape (questions, seeds). None for one seed."""
    of_seed = right.mean(axis=0)
    if len(of_seed) < 2:
        return None
    half = t.ppf(0.975, len(of_seed) - 1) * of_seed.std(ddof=1) / np.sqrt(len(of_seed))
    return float(of_seed.mean() - half), float(of_seed.mean() + half)


def write(folder: Path) -> str:
    """Write results.md and gain.png into the folder, and return the tables."""
    found = read(folder)
    text = f"{accuracy_table(found)}\n\n{difference_table(found)}\n"
    (folder / "results.md").write_text(text, "utf-8")
    draw(found, folder / "gain.png")
    return text


def accuracy_table(found: Mapping[str, Right]) -> str:
    """Accuracy per arm and number of hops, with its interval over questions."""
    hops = sorted({k for right in found.values() for k in right})
    lines = [f"| arm | {' | '.join(f'{k} hops' for k in hops)} |", f"|---|{'---|' * len(hops)}"]
    for arm, right in found.items():
        cells = ["{:.3f} [{:.3f}, {:.3f}]".format(*over_questions(right[k])) for k in hops]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def difference_table(found: Mapping[str, Right]) -> str:
    """Grounded minus every other arm, paired by question: interval over questions, interval over seeds, sign-flip test over questions."""
    if "grounded" not in found:
        return ""
    lines = [
        "| grounded minus | hops | difference | over questions | over seeds | p (sign flip) |",
        "|---|---|---:|---|---|---:|",
    ]
    for arm in (arm for arm in found if arm != "grounded"):
        for k, right in found[arm].items():
            less = found["grounded"][k] - right
            mean, low, high = over_questions(less)
            interval = over_seeds(less)
            seeds = "[{:+.3f}, {:+.3f}]".format(*interval) if interval else "one seed"
            p = sign_flip(less.mean(axis=1).tolist())
            lines.append(f"| {arm} | {k} | {mean:+.3f} | [{low:+.3f}, {high:+.3f}] | {seeds} | {p:.2g} |")
    return "\n".join(lines)


def draw(found: Mapping[str, Right], picture: Path) -> None:
    """Bars of accuracy with intervals over questions, a dot per seed, and chance as a line."""
    hops = sorted({k for right in found.values() for k in right})
    figure, axes = plt.subplots(figsize=(8, 4))
    width = 0.8 / len(found)
    for i, (arm, right) in enumerate(found.items()):
        for j, k in enumerate(hops):
            mean, low, high = over_questions(right[k])
            place = j + (i - (len(found) - 1) / 2) * width
            axes.bar(place, mean, 0.9 * width, color=COLORS[arm], label=arm.replace("_", " ") if j == 0 else None)
            axes.errorbar(place, mean, [[mean - low], [high - mean]], color="black", linewidth=1, capsize=3)
            axes.plot(
                [place] * right[k].shape[1],
                right[k].mean(axis=0),
                "o",
                color="white",
                markeredgecolor="black",
                markersize=4,
            )
    axes.axhline(CHANCE, color="black", linestyle=":", linewidth=1)
    axes.set(
        xticks=range(len(hops)),
        xticklabels=[f"{k} hops" for k in hops],
        ylabel="right, of held-out questions",
        ylim=(0, 1),
    )
    axes.legend(ncols=len(found), loc="upper center", frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)
    plt.close(figure)
