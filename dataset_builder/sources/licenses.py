"""--license commercial: build only from sources that may be used commercially."""

from collections.abc import Mapping, Sequence

from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES, expect_known

# license names of the Hub; sources with any other (…-nc-…, unknown, other) are left out
COMMERCIAL = frozenset(
    {"mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-4.0"}
)
GRAPHS = {"primekg": "its drug edges go back to DrugBank, whose license (CC BY-NC 4.0) forbids commercial use"}


def commercial(names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The sources that may be used commercially, and the licenses of the others, by name, which are not read.

    A license applies to a whole source, so a whole source is left out: its rows must not be among the rejected either.
    Raises SourceError where none is left.
    """
    left_out = {expect_known("source", name, SOURCES): SOURCES[name].license for name in names}
    left_out = {name: license_ for name, license_ in left_out.items() if license_ not in COMMERCIAL}
    if kept := [name for name in names if name not in left_out]:
        return kept, left_out
    raise SourceError(
        f"--license commercial leaves no source: {with_licenses(left_out)}; expected at least one of {', '.join(sorted(COMMERCIAL))}"
    )


def expect_commercial_graph(graph: str) -> None:
    """Raise SourceError for a graph that is known to exclude commercial use."""
    if graph in GRAPHS:
        raise SourceError(
            f"--license commercial cannot be combined with --kg {graph}: {GRAPHS[graph]}. Give another graph by --kg FILE"
        )


def with_licenses(left_out: Mapping[str, str]) -> str:
    """``medbullets_op4 (unknown), x (cc-by-nc-4.0)``."""
    return ", ".join(f"{name} ({license_})" for name, license_ in left_out.items())
