"""The options of commands by which a graph is given; the same words in all of them."""

import argparse

from kg.named_graphs import NAMES
from kg.readers import KINDS, SCORED

GRAPH = f"{', '.join(NAMES)}, or a path, with its format before it where the files do not tell: {'|'.join(KINDS)}:PATH (docs/graphs.md)"


def add_min_edge_score(command: argparse.ArgumentParser) -> None:
    """Add --min-edge-score. The value is checked where the graph is loaded (kg.readers.Source), which raises GraphError."""
    defaults = ", ".join(f"{kind}: {score:g}" for kind, score in SCORED.items())
    command.add_argument(
        "--min-edge-score",
        type=float,
        metavar="X",
        help=f"leave out edges of the graph with a score below X, from 0 to 1, in formats that have scores; 0: none (default: {defaults})",
    )
