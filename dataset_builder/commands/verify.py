"""``verify``: check a dataset folder, or one on the Hub, against its manifest."""

import argparse

from dataset_builder.commands import OUT
from dataset_builder.publishing.hub.revisions import place_of
from dataset_builder.publishing.verify import verify
from kg import KG
from kg.options import GRAPH, add_min_edge_score
from kg.terminal import one_line


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `verify` and its options."""
    command.add_argument(
        "place", metavar="FOLDER", help="a dataset folder, or ORG/NAME[@REVISION] on the Hub, which is downloaded"
    )
    command.add_argument("--kg", metavar="NAME_OR_FILE", help=f"the graph of the build, to compare it too: {GRAPH}")
    add_min_edge_score(command)
    command.add_argument(
        "--oracle",
        action="store_true",
        help="let graph-tool prove every published path in the graph of the build: its edges, its length, the number of shortest paths",
    )
    command.set_defaults(command=verify_folder)


def verify_folder(given: argparse.Namespace) -> int:
    """Print what does not match and what could not be checked. Exit status 1 where something does not match."""
    place = place_of(given.place)
    kg = KG.load(given.kg, min_edge_score=given.min_edge_score) if given.kg else None
    found = verify(place.folder, kg, given.oracle)
    for line in [*found.wrong, *found.notes]:
        OUT.print(one_line(line), markup=False)
    places, commit = len(found.wrong), f" (commit {place.commit})" if place.commit else ""
    result = f"does not match its manifest ({places} mismatches)" if places else "everything matches the manifest"
    OUT.print(f"{place.name}{commit}: {result}", markup=False)
    return 1 if found.wrong else 0
