"""The evaluation splits that a build is checked against, with their questions; for all others the reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_builder.sources.questions import ASKED, Origin, read_questions
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.raw_splits import splits_in
from dataset_builder.sources.table import SOURCES, expect_known

Row = dict[str, Any]
BENCHMARKS = tuple(name for name, source in SOURCES.items() if source.test)
ALL, NONE = "all", "none"
TWINS = ({"medqa", "medqa_5options"}, {"medbullets_op4", "medbullets_op5"})  # the same questions with other options
OWN = "sample"  # written for this project, and checked against every benchmark by a test


@dataclass(frozen=True)
class Benchmark:
    """The questions of an evaluation split, and the files that they were read from."""

    name: str
    rows: list[Row]
    origin: Origin

    def facts(self) -> dict[str, Any]:
        """The values for the manifest."""
        kept = ("split", "revision", "files", "rows")
        return {key: value for key, value in self.origin.as_dict().items() if key in kept}


@dataclass(frozen=True)
class Unread:
    """A benchmark that was not checked: the reason, whether it is public on the Hub, and whether a later build may be able to read it."""

    name: str
    why: str
    public: bool
    may_come: bool


def read_benchmarks(
    chosen: str | None, origins: Sequence[Origin], data_dir: Path | None
) -> tuple[list[Benchmark], list[Unread]]:
    """The benchmarks to check these sources' rows against, and those that cannot or need not be checked.

    ``chosen``: names separated by commas, ``all``, ``none``, or None for the default: all, but without the network where all
    rows are from the sample. A benchmark is read from ``data_dir`` where that has it, else from the Hub. Raises SourceError
    for an unknown name, an invalid file, and a benchmark that was requested by its name and cannot be read.
    """
    wanted = BENCHMARKS if chosen in (None, ALL) else () if chosen == NONE else _named(str(chosen))
    here = {name for name, split in (splits_in(data_dir) if data_dir else ()) if split == SOURCES[name].test}
    only_own = chosen is None and all(origin.source == OWN for origin in origins)
    read, unread = [], []
    for name in BENCHMARKS:
        why = None
        if name in trials(origins):
            why = "this trial contains its questions"
        elif name not in wanted:
            why = f"not among --benchmarks {chosen}"
        elif name not in here and only_own:
            why = "every row was written for this project, so the network is not used (--benchmarks all uses it)"
        found = why or _read(name, data_dir if name in here else None)
        if isinstance(found, Benchmark):
            read.append(found)
        elif why is None and chosen not in (None, ALL):
            raise SourceError(f"--benchmarks {name}: {found}")
        else:
            may_come = why is None and not SOURCES[name].local_only  # the Hub did not give it
            unread.append(Unread(name, found, is_public(name), may_come))
    return read, unread


def _named(chosen: str) -> tuple[str, ...]:
    return tuple(expect_known("benchmark", name, BENCHMARKS) for name in chosen.split(","))


def _read(name: str, data_dir: Path | None) -> Benchmark | str:
    """The benchmark, or the reason why it is not available. Raises SourceError for a broken file in ``data_dir``."""
    source = SOURCES[name]
    if data_dir is None and source.local_only:
        return f"it is read from local files only ({source.hub_id}), and --data-dir has none of them"
    try:
        rows, [origin] = read_questions([name], {name: str(source.test)}, data_dir=data_dir, mark_repeats=False)
    except SourceError as why:
        if data_dir is not None:
            raise
        return " ".join(str(why).split())
    usable = [row for row in rows if row["rejected_because"] in ASKED]
    return Benchmark(name, usable, origin)


def trials(origins: Sequence[Origin]) -> set[str]:
    """The benchmarks that a trial contains on purpose: its own, and those with the same questions, other options."""
    own = {origin.source for origin in origins if origin.trial}
    return own | {twin for twins in TWINS if twins & own for twin in twins}


def is_public(name: str) -> bool:
    """Whether it can be read from the Hub by everyone, without a request for access."""
    return not SOURCES[name].local_only and not SOURCES[name].gated
