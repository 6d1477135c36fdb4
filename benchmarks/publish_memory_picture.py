"""Draw docs/scale.png: python -m benchmarks.publish_memory_picture BEFORE.jsonl AFTER.jsonl (lines that benchmarks.publish_memory has printed)."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PICTURE = Path(__file__).parent.parent / "docs" / "scale.png"
COLORS = {"write": "#b5402a", "verify": "#2a6db5", "diff": "#777777", "report": "#8a5fb5", "push": "#2f8f5b"}
LIMIT = 2.0  # GB
TICKS, ROWS = (0.25, 0.5, 1, 2, 4, 8), (2_000, 10_000, 40_000, 200_000)


def read(file: Path) -> dict[str, list[tuple[int, float]]]:
    """Per step the numbers of rows, ascending, and the peaks in GB without mapped files."""
    found: dict[str, list[tuple[int, float]]] = {}
    for line in file.read_text("utf-8").splitlines():
        record: dict[str, Any] = json.loads(line)
        found.setdefault(record["step"], []).append((record["rows"], record["anonymous_mb"] / 1000))
    return {step: sorted(points) for step, points in found.items()}


def main(before: Path, after: Path) -> None:
    """Two panels, on the same logarithmic axes."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, sharex=True)
    for panel, file, title in zip(panels, (before, after), ("before", "after"), strict=True):
        for step, points in read(file).items():
            panel.loglog(*zip(*points, strict=True), "o-", color=COLORS[step], label=step)
        panel.axhline(LIMIT, color="black", linewidth=0.8, linestyle=":")
        panel.set(title=title, xlabel="questions")
        panel.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        panel.set_yticks([], minor=True)
        panel.set_xticks(ROWS, [f"{rows:,}" for rows in ROWS])
        panel.set_xticks([], minor=True)
        panel.grid(which="both", alpha=0.2)
    panels[0].set_ylabel("peak memory without mapped files (GB)")
    panels[0].legend()
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
