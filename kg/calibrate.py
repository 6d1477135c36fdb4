"""The threshold for accepting similar names, measured on mentions of known nodes, with and without the node.

A threshold that is chosen only by how often accepted links are right ignores the mentions whose node does not exist: MedReason's
rule accepts something for 39 % of them. So every gold pair is tried twice: in the graph, and in the graph without its node.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kg.candidates import Candidate
from kg.contents import Nodes
from kg.embedder import Embedder
from kg.gold import Pair, without
from kg.linker import Linker
from kg.tables import CLINICAL

RIGHT, REMOVED = (
    0.96,
    0.08,
)  # a threshold must reach this on every set: the project's goals of 0.95 and 0.10, with a margin
LEAST = 30  # minimum number of pairs in a set
THRESHOLDS = np.round(np.arange(0.60, 1.001, 0.01), 2)


@dataclass(frozen=True)
class Measured:
    """The results of one set of pairs.

    Per pair: the score of its best link (inf: accepted at any threshold, -inf: no link), whether that link is right,
    and the score of the best link where the gold node is removed.
    """

    name: str
    score: np.ndarray
    right: np.ndarray
    removed: np.ndarray

    def at(self, threshold: float) -> tuple[int, int, int]:
        """At this threshold: the number accepted, of these the right ones, and accepted with the node removed."""
        accepted = self.score >= threshold
        return int(accepted.sum()), int(self.right[accepted].sum()), int((self.removed >= threshold).sum())


def measure(nodes: Nodes, embedder: Embedder, pairs: Sequence[Pair], name: str) -> list[Measured]:
    """Link these pairs with this embedder. Returns one set per type of mention."""
    sets = []
    for type_ in CLINICAL:
        some = [pair for pair in pairs if pair.type == type_]
        if len(some) >= LEAST:
            score, right = _scores(nodes, embedder, some)
            sets.append(Measured(f"{name}, {type_}", score, right, _scores(without(nodes, some), embedder, some)[0]))
    return sets


def _scores(nodes: Nodes, embedder: Embedder, pairs: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
    linker = Linker(nodes, replace(embedder, accept=2))  # no similar name is accepted
    best = [found[0] if found else None for found in linker.link([p.mention for p in pairs], [p.type for p in pairs])]
    right = [c is not None and pair.is_right(c.name) for c, pair in zip(best, pairs, strict=True)]
    return np.array([score_of(c) for c in best]), np.array(right)


def score_of(candidate: Candidate | None) -> float:
    """The score to compare with a threshold: inf for a link by lookup, -inf where there is no candidate."""
    if candidate is None or (candidate.method == "similar" and candidate.type not in CLINICAL):
        return -np.inf
    return np.inf if candidate.accepted else candidate.score if candidate.method == "similar" else -np.inf


def choose(sets: Sequence[Measured]) -> float | None:
    """The lowest threshold from which on all sets reach both goals; None where there is none."""
    good = [all(_reaches(one, float(t)) for one in sets) for t in THRESHOLDS]
    bad = [i for i, is_good in enumerate(good) if not is_good]
    lowest = bad[-1] + 1 if bad else 0
    return float(THRESHOLDS[lowest]) if sets and lowest < len(THRESHOLDS) else None


def _reaches(one: Measured, threshold: float) -> bool:
    accepted, right, removed = one.at(threshold)
    return right >= RIGHT * accepted and removed <= REMOVED * len(one.score)


def table(sets: Sequence[Measured]) -> str:
    """A Markdown table per threshold: the shares accepted, right, and accepted with the node removed."""
    lines = [
        "| threshold |" + "".join(f" {one.name} ({len(one.score)}): accepted | right | node removed |" for one in sets)
    ]
    lines.append("|---|" + "---|---|---|" * len(sets))
    for threshold in THRESHOLDS[::2]:
        cells = []
        for one in sets:
            accepted, right, removed = one.at(float(threshold))
            shares = (accepted / len(one.score), right / accepted if accepted else np.nan, removed / len(one.score))
            cells += [f"{share:.1%}" for share in shares]
        lines.append(f"| {threshold:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(sets: Sequence[Measured], title: str, file: Path, marks: Sequence[float | None]) -> None:
    """Draw two plots: how many accepted links are right, and how many are accepted although their node is removed.

    A dot marks the threshold of each set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2, sharex=True)
    for one, mark in zip(sets, marks, strict=True):
        found = np.array([one.at(float(t)) for t in THRESHOLDS])
        share, some = found / len(one.score), found[:, 0] > 0
        (line,) = left.plot(share[some, 0], found[some, 1] / found[some, 0], label=one.name)
        right.plot(share[:, 0], share[:, 2], label=one.name)
        if mark is not None:
            accepted, good, removed = np.array(one.at(mark)) / len(one.score)
            left.plot(accepted, good / accepted if accepted else np.nan, "o", color=line.get_color())
            right.plot(accepted, removed, "o", color=line.get_color())
    left.axhline(0.95, color="grey", lw=0.8, ls="--")
    right.axhline(0.10, color="grey", lw=0.8, ls="--")
    left.set(xlabel="share of mentions accepted", ylabel="share of accepted links that are right", ylim=(0.5, 1.01))
    right.set(xlabel="share of mentions accepted", ylabel="accepted although the node is removed", ylim=(0, 0.6))
    left.legend(loc="lower left", fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=130)
