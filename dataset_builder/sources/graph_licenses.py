"""The sources that a graph's relations name, with their licenses: for --license commercial, the manifest and the card.

A relation that several sources state is counted for each of them: what one forbids may have been taken from it alone.
"""

import functools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.terminal import one_line

TABLE = Path(__file__).with_name("graph_licenses.tsv")
MOST = 50  # sources that a manifest names
LONGEST = 100  # characters of a source's name
NOT_STATED = "(no source stated)"
COMMERCIAL_USE = ("yes", "no", "unknown")


@dataclass(frozen=True)
class License:
    """What a source's license says, and of commercial use: one of COMMERCIAL_USE."""

    text: str
    commercial: str


UNKNOWN = License("unknown", "unknown")


def license_of(source: str) -> License:
    """The license of a source by a name that graphs give it: ``DrugBank``, ``DRUG_BANK`` or ``infores:drugbank``. UNKNOWN for others."""
    return _table().get(_key(source), UNKNOWN)


def sources_of(kg: KG) -> dict[str, int]:
    """How many relations of edges each source states, the most first; empty for a graph without provenance."""
    if kg.edges.provenance is None:
        return {}
    counts: Counter[str] = Counter()
    for joined in kg.edges.provenance["source"].value_counts().to_pylist():
        names = {one.strip() for one in (joined["values"] or "").split("; ")} - {""}
        counts.update(dict.fromkeys(names or {NOT_STATED}, joined["counts"]))
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def license_facts(kg: KG) -> dict[str, Any]:
    """The manifest's entries on the sources of a graph with provenance: at most MOST of them, and how many more there are."""
    found = sources_of(kg)
    named = {}
    for name, number in list(found.items())[:MOST]:
        of = license_of(name)
        named[_short(name)] = {"relations": number, "license": of.text, "commercial": of.commercial}
    more = {"more_sources": len(found) - MOST} if len(found) > MOST else {}
    return {"sources": named} | more if named else {}


def expect_commercial_sources(kg: KG) -> None:
    """Raise SourceError for a graph with provenance that has a relation of a source whose license forbids commercial use or is not known."""
    refused = {name: number for name, number in sources_of(kg).items() if license_of(name).commercial != "yes"}
    if refused:
        lines = [f"{_short(name)} ({_said(name)}): {number:,} relations" for name, number in refused.items()]
        more = f"; and {len(lines) - MOST} more" if len(lines) > MOST else ""
        raise SourceError(
            f"--license commercial cannot be combined with --kg {kg.name}. Found sources whose license forbids commercial use or is not known: "
            f"{'; '.join(lines[:MOST])}{more}. Expected only sources that allow it ({TABLE.name}). Give a graph without these relations by --kg, "
            "add a license that you have looked up to the table, or leave out --license commercial"
        )


def note_on_sources(kg: KG) -> list[str]:
    """That nobody knows what a graph without provenance goes back to, for --license commercial."""
    if kg.edges.provenance is not None or kg.name == "sample":
        return []
    return [
        f"Graph {kg.name} does not say where its relations come from, so --license commercial did not check their licenses: check them yourself."
    ]


def _said(name: str) -> str:
    of = license_of(name)
    return of.text if of.commercial == "no" else "license not known" if of is UNKNOWN else f"not known: {of.text}"


def _short(name: str) -> str:
    name = one_line(name)
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _key(name: str) -> str:
    """A name without ``infores:``, case and signs; letters outside ASCII stay, so that no other name gets a known one's license."""
    return re.sub(r"[ _-]", "", name.lower().removeprefix("infores:"))


@functools.cache
def _table() -> Mapping[str, License]:
    found: dict[str, License] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            source, others, text, commercial, _ = line.split("\t")
            names = [source, *(others.split(", ") if others != "-" else ())]
            found |= {_key(name): License(text, commercial) for name in names}
    return found
