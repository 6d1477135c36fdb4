"""--license commercial: build only from what may be used commercially."""

from collections.abc import Mapping, Sequence

from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES, known

# of the Hub's names; what is not here (…-nc-…, unknown, other) is left out
COMMERCIAL = frozenset(
    {"mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-4.0"}
)
GRAPHS = {"primekg": "its drug edges go back to DrugBank, whose license (CC BY-NC 4.0) forbids commercial use"}


def commercial(names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The sources that may be used commercially, and the licenses of the others, by name, which are not even read.

    A license is the source's, so leaving rows out is leaving sources out: their rows must not be among the rejected either.
    Raises SourceError where none is left.
    """
    left_out = {known("source", name, SOURCES): SOURCES[name].license for name in names}
    left_out = {name: license_ for name, license_ in left_out.items() if license_ not in COMMERCIAL}
    if kept := [name for name in names if name not in left_out]:
        return kept, left_out
    raise SourceError(
        f"--license commercial leaves no source: {in_words(left_out)}; expected at least one of {', '.join(sorted(COMMERCIAL))}"
    )


def expect_commercial_graph(graph: str) -> None:
    """Raises SourceError for a graph of which it is known that it may not be used commercially."""
    if graph in GRAPHS:
        raise SourceError(
            f"--license commercial cannot be kept with --kg {graph}: {GRAPHS[graph]}. Give another graph by --kg FILE"
        )


def in_words(left_out: Mapping[str, str]) -> str:
    """``medbullets_op4 (unknown), x (cc-by-nc-4.0)``."""
    return ", ".join(f"{name} ({license_})" for name, license_ in left_out.items())
