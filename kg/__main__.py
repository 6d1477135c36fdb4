"""python -m kg calibrate: the score from which to accept an embedder's similar names, as a table and a picture."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kg import KG, EmbedderError, GraphError, calibrate
from kg.embedder import EMBEDDERS, named
from kg.gold import read_gold, read_names
from kg.guard import UnusableEnvironment, require
from kg.options import GRAPH, add_min_edge_score
from kg.terminal import protect


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status: 0 done, 1 no threshold reaches the goals, 2 bad input."""
    given = parser().parse_args(arguments)
    try:
        return given.command(given)
    except (GraphError, EmbedderError, UnusableEnvironment) as why:
        print(f"error: {why}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m kg", description=__doc__)
    commands = top.add_subparsers(required=True)
    command = commands.add_parser(
        "calibrate", help="measure thresholds on gold pairs, with the gold node in the graph and with it removed"
    )
    command.set_defaults(command=run_calibrate)
    graph = command.add_mutually_exclusive_group(required=True)
    graph.add_argument("--kg", metavar="NAME_OR_FILE", help=f"the graph: {GRAPH}")
    graph.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help="instead of --kg, only the graph's names: .tsv[.gz] with the columns name, type",
    )
    add_min_edge_score(command)
    command.add_argument(
        "--gold",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="gold pairs, .tsv[.gz] with the columns mention, type, names (separated by |)",
    )
    command.add_argument(
        "--embedder",
        default="none",
        metavar="NAME",
        help=f"{', '.join(EMBEDDERS)}, or org/model@revision (default: none)",
    )
    command.add_argument(
        "--picture",
        type=Path,
        default=Path("build/calibrate.png"),
        metavar="FILE",
        help="the picture (default: %(default)s)",
    )
    return top


def run_calibrate(given: argparse.Namespace) -> int:
    """Measure, print the table, draw the picture, and print the threshold for kg/embedder.py."""
    require("matplotlib")  # here, not after minutes of measuring
    embedder = named(given.embedder)
    embedder.check()
    nodes = read_names(given.names) if given.names else KG.load(given.kg, min_edge_score=given.min_edge_score).nodes
    sets = [
        one
        for file in given.gold
        for one in calibrate.measure(nodes, embedder, read_gold(file), file.name.split(".")[0])
    ]
    if not sets:
        raise GraphError(
            f"found no type of mention with {calibrate.LEAST} pairs or more in {', '.join(map(str, given.gold))}; give more gold pairs"
        )
    accept = calibrate.choose(sets)
    print(calibrate.table(sets))
    calibrate.draw(
        sets, f"Links accepted with embedder {embedder}, as the threshold falls", given.picture, [accept] * len(sets)
    )
    goals = f"{calibrate.RIGHT:.0%} right and {calibrate.REMOVED:.0%} accepted although the node is removed"
    print(f"\n{given.picture} shows the curves. ", end="")
    if accept is None:
        print(
            f"No threshold reaches {goals} on every set: keep accept=None, so that names are accepted by their text score only."
        )
        return 1
    print(
        f"The lowest threshold that reaches {goals} on every set is {accept:.2f}; kg/embedder.py has {embedder.accept}."
    )
    return 0


if __name__ == "__main__":
    protect()
    sys.exit(main())
