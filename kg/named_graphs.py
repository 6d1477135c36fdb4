"""The graphs that have a name, and the files of a graph that a user names or gives the path of."""

import difflib
from dataclasses import replace
from pathlib import Path

from kg.contents import GraphError
from kg.readers import EXPECTED, KINDS, Source, without_score

SAMPLE = Path(__file__).parent / "sample" / "kg.csv"
NAMES = ("sample", "primekg", "hpo")


def find(name: str, min_edge_score: float | None = None) -> tuple[Source, int]:
    """The files, and how many rows they must have (0: any number). ``primekg`` is downloaded on first use.

    Raises GraphError where there is no such graph, or its format is not known.
    """
    name, score = without_score(name), name.removeprefix(without_score(name))
    text, rows = name, 0
    if name == "sample":
        text = str(SAMPLE)
    elif name == "primekg":
        import kg.download as download  # requests is only needed here

        text, rows = str(download.primekg()), download.ROWS
    elif name == "hpo":
        import kg.readers.hpo as hpo

        text = f"hpo:{hpo.packaged()}"
    else:
        _expect_something(name)
    source = Source.parse(text + score, min_edge_score)
    return replace(source, path=source.path.resolve()), rows


def _expect_something(name: str) -> None:
    """Raise GraphError, with a name that may have been meant, where a path leads to nothing."""
    kind, colon, rest = name.partition(":")
    if not Path(rest if colon and kind in KINDS else name).exists():
        near = difflib.get_close_matches(name, NAMES, n=1)
        raise GraphError(
            f"there is no graph {name!r}: expected one of {', '.join(NAMES)}, or the path of {EXPECTED}"
            f"{f'; did you mean {near[0]!r}?' if near else ''}"
        )
