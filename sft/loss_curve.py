"""The plot of a training by step: its loss, or what it raises."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

Points = Sequence[tuple[int, float]]
COLORS = ("#1f5a8c", "#c55a11")


def draw(curves: Mapping[str, Points], file: Path, title: str) -> None:
    """Write a PNG of (step, value) pairs: the first curve, and the one of held-out rows if there is one."""
    figure = Figure(figsize=(7, 3.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    (first, points), *others = curves.items()
    shown = [(first, points), *((name, some) for name, some in others if name.endswith("held-out rows"))]
    for (name, some), color in zip(shown, COLORS, strict=False):
        axes.plot([step for step, _ in some], [value for _, value in some], color=color, linewidth=1.4, label=name)
    axes.set(xlabel="optimizer step", ylabel="training loss" if first == "loss" else first, title=title)
    if first == "loss":
        axes.set_ylim(bottom=0)
    if len(shown) > 1:
        axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file)
