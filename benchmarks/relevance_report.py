"""Figures on the relevance of paths: how well it is predicted and calibrated, and what a threshold does to published rows."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from sklearn.metrics import log_loss, roc_auc_score
from tabulate import tabulate

from benchmarks.relevance_cases import SOURCES, Item, Label, questions, read_labels, searched
from benchmarks.relevance_fit import Labelled, fit, kept, labelled, models_by_question
from dataset_builder.relevance.model import MIN_RELEVANCE, Model
from kg import KG

PICTURE = Path(__file__).parents[1] / "docs" / "relevance.png"
THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8)
DRAWS = 2_000
CLEAN = (
    "kept",
    "kept1",
    "kept2",
    "kept3",
)  # drawn from what the ranking without a threshold keeps, whatever a model says of it
Share = tuple[float, float, float, int]  # value, low and high end of the 95 % interval, how many


class Published(NamedTuple):
    """Of one question: the labels of its published paths (nan: not labelled), and whether it is known to have a relevant candidate."""

    labels: list[float]
    has_relevant: bool


def share(per_question: Sequence[tuple[float, float]]) -> Share:
    """Sum of the first over sum of the second numbers, with its bootstrap interval over questions."""
    counts = np.array(per_question, float).reshape(-1, 2)
    if not counts[:, 1].sum():
        return np.nan, np.nan, np.nan, 0
    drawn = np.random.default_rng(0).integers(0, len(counts), (DRAWS, len(counts)))
    top, bottom = counts[drawn].sum(1).T
    low, high = np.quantile(top / np.maximum(bottom, 1), [0.025, 0.975])
    return counts[:, 0].sum() / counts[:, 1].sum(), low, high, int(counts[:, 1].sum())


def in_words(one: Share) -> str:
    """A share as "88 % [80, 94] of 120"."""
    value, low, high, number = one
    return f"{100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}] of {number}" if number else "-"


def published(
    ids: Sequence[str], paths: Mapping[str, list[Item]], known: Mapping[tuple[str, tuple[int, ...]], float]
) -> list[Published]:
    """What is published of each question, with labels."""
    relevant = {question for (question, _), value in known.items() if value >= 0.5}
    return [Published([known.get((i, tuple(path["nodes"])), np.nan) for path in paths[i]], i in relevant) for i in ids]


def figures(rows: Sequence[Published]) -> dict[str, Share]:
    """Of published and labelled paths, how many are relevant; of published rows with a labelled path, how many have a relevant one; of questions
    with a relevant candidate, how many are published."""
    seen = [[label for label in row.labels if not np.isnan(label)] for row in rows]
    return {
        "paths relevant": share([(sum(x >= 0.5 for x in labels), len(labels)) for labels in seen]),
        "rows with one": share([(max(labels) >= 0.5, 1) for labels in seen if labels]),
        "relevant rows kept": share([(bool(row.labels), 1) for row in rows if row.has_relevant]),
        "labelled": share([(len(labels), len(row.labels)) for labels, row in zip(seen, rows, strict=True)]),
    }


def curve(
    kg: KG, rows: dict[str, Item], models: dict[str, Model], ids: Sequence[str], labels: Sequence[Label]
) -> None:
    """Print the figures for each threshold."""
    known = {(label.question, label.nodes): float(label.is_relevant) for label in labels}
    lines = []
    for threshold in THRESHOLDS:
        found = kept(kg, {i: rows[i] for i in ids}, models, threshold)
        some = published(ids, found, known)
        told = {name: in_words(value) for name, value in figures(some).items()}
        lines.append(
            [threshold, sum(bool(row.labels) for row in some), sum(len(row.labels) for row in some), *told.values()]
        )
    print(tabulate(lines, ["threshold", "rows", "paths", *told], "github"))


def by_source(kg: KG, rows: dict[str, Item], models: dict[str, Model]) -> None:
    """Print rows published without and with the threshold, per source and split."""
    before, after = (kept(kg, rows, models, threshold) for threshold in (0.0, MIN_RELEVANCE))
    groups: dict[tuple[str, str], list[str]] = {}
    for i, row in rows.items():
        groups.setdefault((row["source"], row["split"]), []).append(i)
    lines = [
        [*group, *(sum(bool(found[i]) for i in ids) for found in (before, after))]
        for group, ids in sorted(groups.items(), key=lambda item: SOURCES.index(item[0][0]))
    ]
    print(tabulate(lines, ["source", "split", "rows before", f"rows at {MIN_RELEVANCE}"], "github"))


def unseen(data: Labelled, models: dict[str, Model]) -> np.ndarray:
    """The probability of each labelled path by a model that has not seen its question. Shape (labels,)."""
    return np.array(
        [models[label.question].probability(x[None])[0] for label, x in zip(data.labels, data.x, strict=True)]
    )


def relevant(data: Labelled) -> np.ndarray:
    """Whether each labelled path is relevant. Shape (labels,)."""
    return np.array([label.is_relevant for label in data.labels])


def draw(data: Labelled, probability: np.ndarray) -> None:
    """Two panels: calibration, and precision against recall of labelled paths."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    calibration(left, probability, data.y)
    order = np.argsort(-probability)
    hits = np.cumsum(relevant(data)[order])
    right.plot(hits / hits[-1], hits / np.arange(1, len(hits) + 1))
    for threshold in THRESHOLDS[1:]:
        at = int((probability >= threshold).sum()) - 1
        right.plot(hits[at] / hits[-1], hits[at] / (at + 1), "ko", ms=4)
        right.annotate(
            f"{threshold:g}", (hits[at] / hits[-1], hits[at] / (at + 1)), xytext=(4, 4), textcoords="offset points"
        )
    right.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02), title="Labelled paths; dots: thresholds")
    figure.savefig(PICTURE, dpi=110)


def calibration(axes: Axes, probability: np.ndarray, y: np.ndarray) -> None:
    """The share that readers call relevant against the predicted probability, in ten bins, with the number of paths."""
    bins = np.minimum((probability * 10).astype(int), 9)
    axes.plot([0, 1], [0, 1], color="0.7", lw=1)
    means = [
        (probability[bins == k].mean(), y[bins == k].mean(), (bins == k).sum()) for k in range(10) if (bins == k).any()
    ]
    axes.plot(*list(zip(*means, strict=True))[:2], "o-")
    for x, height, number in means:
        axes.annotate(str(number), (x, height), xytext=(5, -10), textcoords="offset points", fontsize=8)
    axes.set(
        xlabel="predicted relevance", ylabel="share called relevant", title="Calibration; numbers: labelled paths"
    )


def report(kg: KG) -> None:
    """Print every figure, and draw the picture."""
    rows, labels = searched(kg, questions().values()), read_labels()
    data = labelled(kg, rows, labels)
    ids = sorted({label.question for label in data.labels})
    models = models_by_question(data, list(rows))
    print(
        f"{len(data.labels)} labels of {len(ids)} questions, {relevant(data).sum()} relevant; {len(rows)} questions have candidate paths"
    )
    probability = unseen(data, models)
    _quality("ten models, each without the question", probability, relevant(data))
    held = np.array([label.part == "held" for label in data.labels])
    first = fit(data.x[~held], data.y[~held])
    _quality("fitted without the held part, on it", first.probability(data.x[held]), relevant(data)[held])
    clean = [label for label in labels if label.drawn_from in CLEAN]
    print(
        "without a threshold, paths drawn from all that are kept:",
        in_words(share([(x.is_relevant, 1) for x in clean])),
    )
    print("\nall labelled questions, ten models, each without the question")
    curve(kg, rows, models, ids, data.labels)
    held_ids = sorted({label.question for label in data.labels if label.part == "held"})
    print("\nquestions of the held part, a model fitted without it")
    curve(kg, rows, dict.fromkeys(rows, first), held_ids, data.labels)
    print()
    by_source(kg, rows, models)
    draw(data, probability)


def _quality(name: str, probability: np.ndarray, is_relevant: np.ndarray) -> None:
    auc, loss = (metric(is_relevant, probability) for metric in METRICS)
    print(f"{name}: AUC {auc:.3f}, log loss {loss:.3f}, {len(is_relevant)} paths")


METRICS: tuple[Callable[..., float], ...] = (roc_auc_score, log_loss)
