"""The plot of the training loss by step."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure


def draw(loss: Sequence[tuple[int, float]], file: Path, title: str) -> None:
    """Write a PNG of (step, loss) pairs."""
    figure = Figure(figsize=(7, 3.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.plot([step for step, _ in loss], [value for _, value in loss], color="#1f5a8c", linewidth=1.4)
    axes.set(xlabel="optimizer step", ylabel="training loss", title=title)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file)
