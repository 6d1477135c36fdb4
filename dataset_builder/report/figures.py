"""The distributions of a build: the values that are counted, and the steps."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dataset_builder.report.blocks import Written
from dataset_builder.report.row_facts import PUBLISHED, RowFacts

TIERS = ("easy", "medium", "difficult")
VERDICTS = ("right", "wrong", "unjudged")
MAX_STEPS = 24


@dataclass(frozen=True)
class Bar:
    """One of a few values, its count, and its share of all; ``facet``: the filter that shows these rows."""

    name: str
    number: int
    share: float
    facet: str = ""


@dataclass(frozen=True)
class Bars:
    """The counts of a few values."""

    title: str
    about: str
    bars: list[Bar]


@dataclass(frozen=True)
class Histogram:
    """The number of values in each step of equal width; with ``more`` the last step includes all values above it."""

    title: str
    about: str
    counts: list[int]
    start: float
    step: float
    more: bool
    counted: str = "rows"  # what each value belongs to

    @property
    def end(self) -> float:
        """The end of the last step, as if it were of equal width."""
        return self.start + self.step * len(self.counts)

    @property
    def ranges(self) -> list[str]:
        """The bounds of each step in words."""
        edges = [f"{self.start + self.step * i:g}" for i in range(len(self.counts) + 1)]
        named = [f"{low} to {high}" for low, high in pairwise(edges)]
        return [*named[:-1], f"{edges[-2]} and more" if self.more else named[-1]]


def figures_of(written: Written, relevance: Mapping[str, Any] | None = None) -> list[Bars | Histogram]:
    """The figures for which this build has values, in a fixed order. ``relevance``: the manifest's entry, where it has one."""
    rows = written.rows
    kept = [row for row in rows if row.outcome == PUBLISHED]
    found = [
        _path_lengths(written.lengths, kept),
        _path_totals(written.totals),
        *_relevances(relevance),
        _histogram("Words of a rationale", (row.words for row in kept), "words"),
        _bars("Verdicts", "of all rows that have one", rows, "verdict", VERDICTS),
        _bars("Tiers", "of all questions that were routed", rows, "tier", TIERS),
        _histogram(
            "Claims the graph supports", (_percent(row.support) for row in kept), "% of a row's claims", (0, 100), 5.0
        ),
        _bars(
            "Contradictions",
            "does the graph contradict a claim? of all rows that were checked",
            rows,
            "contradiction",
            ("no", "yes"),
        ),
        _histogram("The judge's scores", (row.score for row in kept), "of 10", (1, 10), 0.5),
    ]
    return [figure for figure in found if figure is not None]


def _path_lengths(lengths: Sequence[int], kept: Sequence[RowFacts]) -> Bars | None:
    if not lengths:
        return None
    shortest = Counter(row.hops for row in kept if row.hops is not None)
    total = sum(shortest.values())
    about = f"hops of a published row's shortest path; {len(lengths):,} paths are published, {statistics.fmean(lengths):.1f} hops on average"
    hops = [Bar(_hops(n), shortest[n], shortest[n] / total, f"hops={n}") for n in sorted(shortest)]
    return Bars("Path length", about, hops) if hops else None


def _hops(number: int) -> str:
    return f"{number} hop" if number == 1 else f"{number} hops"


def _path_totals(totals: Sequence[int]) -> Bars | None:
    if not totals:
        return None
    decades = Counter(len(str(total)) - 1 for total in totals)
    names = {n: "1" if n == 0 else f"{10**n:,} to {10 ** (n + 1) - 1:,}" for n in range(max(decades) + 1)}
    names[0] = "1 to 9"
    if only := sum(total == 1 for total in totals):
        decades[0] -= only
        counted = [("only this one", only), ("2 to 9", decades[0]), *((names[n], decades[n]) for n in names if n)]
    else:
        counted = [(names[n], decades[n]) for n in names]
    about = f"that a kept path's two ends have; median {statistics.median(totals):,.0f}, most {max(totals):,}"
    return Bars("Number of shortest paths", about, [Bar(name, n, n / len(totals)) for name, n in counted])


def _relevances(relevance: Mapping[str, Any] | None) -> list[Histogram]:
    """Drawn from the manifest's counts, so that page and card show the same numbers."""
    if not relevance:
        return []
    paths = _counted("Relevance of the paths", relevance["all"]["of_paths"], "paths")
    return [paths, _counted("Relevance of a row's best path", relevance["all"]["of_best"], "rows")]


def _counted(title: str, found: Mapping[str, Any], counted: str) -> Histogram:
    _, low, middle, high, _ = found["quartiles"]
    about = f"probability of being relevant; median {middle:.2f}, half of the {counted} from {low:.2f} to {high:.2f}"
    return Histogram(title, about, found["bins"], 0.0, 1 / len(found["bins"]), more=False, counted=counted)


def _bars(title: str, about: str, rows: Sequence[RowFacts], facet: str, order: Sequence[str]) -> Bars | None:
    counts = Counter(value for row in rows if (value := getattr(row, facet)) is not None)
    total = sum(counts.values())
    if not total:
        return None
    bars = [Bar(name, counts[name], counts[name] / total, f"{facet}={name}") for name in order if counts[name]]
    return Bars(title, f"{about}: {total:,}", bars)


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _histogram(
    title: str,
    values: Iterable[float | None],
    unit: str,
    whole: tuple[float, float] | None = None,
    step: float = 1.0,
) -> Histogram | None:
    """Over the ``whole`` scale, if given; else in steps of a round width up to the values' 99th percentile."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    if whole is None:
        low, high = known[0], known[int((len(known) - 1) * 0.99)]
        step = _round_step((high - low) / MAX_STEPS)
        start = math.floor(low / step) * step
        steps = math.floor((high - start) / step) + 1
    else:
        start, steps = whole[0], round((whole[1] - whole[0]) / step)
    counts = Counter(max(0, min(int((value - start) / step), steps - 1)) for value in known)
    middle, most = statistics.median(known), known[math.ceil(len(known) * 0.9) - 1]
    about = f"{unit}; median {_short(middle)}, nine of ten up to {_short(most)}"
    more = whole is None and known[-1] >= start + steps * step
    return Histogram(title, about, [counts[i] for i in range(steps)], start, step, more)


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 20 else f"{number:.3g}"


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step)) if step > 0 else 1.0
    return max(1.0, next(power * m for m in (1, 2, 5, 10) if power * m >= step))
