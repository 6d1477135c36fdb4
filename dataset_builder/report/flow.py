"""The funnel as a picture: sources enter a trunk from the left, rejected rows leave it to the right.

The width of a band is proportional to its number of questions, but at least one and a half pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

THINNEST, BEND, ROW, GAP = 1.5, 10.0, 24.0, 6.0  # pixels
SEAM = 0.6  # pixels by which shapes of one colour overlap, to avoid a visible hairline


@dataclass(frozen=True)
class Step:
    """A stage that rejected rows, and how many for each reason."""

    stage: str
    rejected: Mapping[str, int]


@dataclass(frozen=True)
class Band:
    """A filled shape: an SVG path, and what it represents (entry, trunk, rejected or published)."""

    kind: str
    path: str


@dataclass(frozen=True)
class Label:
    """A text at a position in the picture. ``side``: end of the left column or start of the right one."""

    x: float
    y: float
    side: str
    kind: str
    name: str
    number: int | None = None


@dataclass
class Flow:
    """Shapes and labels, in a frame of this width and height (pixels)."""

    width: int
    height: float = 0.0
    bands: list[Band] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


def steps_of(manifest: Mapping[str, Any], counts: Mapping[str, int]) -> list[Step]:
    """The stages that rejected rows, in their order.

    The first step is for rows that were rejected when they were read. ``counts``: of all sources together. A folder
    of an earlier version has no counts by stage: then there is one step.
    """
    stages = [Step(stage["stage"], stage["rejected"]) for stage in manifest["run"]["stages"] if "rejected" in stage]
    left = {reason: number for reason, number in counts.items() if reason not in ("in", "published")}
    for step in stages:
        for reason, number in step.rejected.items():
            left[reason] = left.get(reason, 0) - number
    if min(left.values(), default=0) < 0:  # the stages' counts are of other rows, so no stages are shown
        left, stages = {reason: n for reason, n in counts.items() if reason not in ("in", "published")}, []
    read = {reason: number for reason, number in left.items() if number}
    return ([Step("reading them" if stages else "", read)] if read else []) + stages


def draw(
    sources: Mapping[str, int], steps: Sequence[Step], published: int, *, width: int, left: int, trunk: int
) -> Flow:
    """Lay the picture out. ``left``: width of the left column of labels; ``trunk``: of the band of all questions."""
    flow, everything = Flow(width), max(sum(sources.values()), 1)
    scale = trunk / everything
    right, y = left + trunk + 22.0, 8.0
    edge = float(left + trunk)  # the right edge of the part that is still in the trunk
    if len(sources) == 1:
        [(name, number)] = sources.items()
        flow.labels.append(Label(left - 13, y + 12, "left", "source", name, number))
        top, y = y, y + ROW + GAP
    else:
        y = _entries(flow, sources, scale, y, left, edge)
        top = y
    for step in steps:
        for number_in_step, (reason, number) in enumerate(step.rejected.items()):
            thick = max(number * scale, THINNEST)
            y_exit = y + max(0.0, (ROW - thick) / 2)
            _exit(flow, "rejected", edge, thick, number * scale, top, y_exit, right, left)
            top, edge = y_exit - BEND, edge - number * scale
            middle = y_exit + thick / 2
            if number_in_step == 0 and step.stage:
                flow.labels.append(Label(left - 13, middle, "left", "stage", step.stage))
            flow.labels.append(Label(right + 8, middle, "right", "rejected", reason, number))
            y += max(ROW, thick) + 2
        y += GAP
    thick = max(published * scale, THINNEST) if published else 0.0
    y_exit = y + max(0.0, (ROW - thick) / 2)
    _exit(flow, "published", left + thick, thick, thick, top, y_exit, right, left)
    flow.labels.append(Label(right + 8, y_exit + thick / 2, "right", "published", "published", published))
    flow.height = y + max(ROW, thick) + 4
    return flow


def _entries(flow: Flow, sources: Mapping[str, int], scale: float, y: float, left: int, edge: float) -> float:
    """Draw the bands from the left that turn down into the trunk, the first on its far side.

    Returns the y of their end.
    """
    ends = []
    for name, number in sources.items():
        thick = max(number * scale, THINNEST)
        y_band = y + max(0.0, (ROW - thick) / 2)
        inner, start = edge - thick, left - 10.0
        outer = min(BEND + thick, edge - start)
        flow.labels.append(Label(left - 13, y_band + thick / 2, "left", "source", name, number))
        ends.append((inner, edge, y_band + thick + BEND))
        shape = f"M{start:.1f} {y_band:.1f}H{edge - outer:.1f}Q{edge:.1f} {y_band:.1f} {edge:.1f} {y_band + outer:.1f}"
        shape += f"V{y_band + thick + BEND:.1f}H{inner:.1f}Q{inner:.1f} {y_band + thick:.1f} {max(inner - BEND, start):.1f} {y_band + thick:.1f}"
        flow.bands.append(Band("entry", f"{shape}H{start:.1f}Z"))
        edge, y = edge - number * scale, y + max(ROW, thick) + 2
    y += BEND + GAP
    for inner, outer, bottom in ends:
        flow.bands.append(Band("entry", _rectangle(inner, bottom - SEAM, outer, y + SEAM)))
    return y


def _exit(
    flow: Flow, kind: str, edge: float, thick: float, true: float, top: float, y: float, right: float, left: int
) -> None:
    """Draw the trunk down to the bend, and the band that leaves it."""
    bend, inner = y - BEND, edge - max(thick, true)
    flow.bands.append(Band("trunk", _rectangle(left, top - SEAM, max(edge, left + THINNEST), bend + SEAM)))
    shape = f"M{inner:.1f} {bend:.1f}Q{inner:.1f} {y + thick:.1f} {inner + BEND + thick:.1f} {y + thick:.1f}"
    shape += f"H{right:.1f}V{y:.1f}H{edge + BEND:.1f}Q{edge:.1f} {y:.1f} {edge:.1f} {bend:.1f}Z"
    flow.bands.append(Band(kind, shape))


def _rectangle(x0: float, y0: float, x1: float, y1: float) -> str:
    return f"M{x0:.1f} {y0:.1f}H{x1:.1f}V{y1:.1f}H{x0:.1f}Z"
