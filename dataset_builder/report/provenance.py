"""Where the relations of a hop come from, for the page: source, publications, evidence and score.

Graphs are files of others, so an id becomes a link only where it has the exact form of a known kind; every other one is a text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MOST = 10  # publications of one relation that are shown
LONGEST = 200  # characters of a text, and of an id that becomes a link
_LINKS = [
    (re.compile(form, re.IGNORECASE), address)
    for form, address in (
        (r"PMID: ?([0-9]{1,9})", "https://pubmed.ncbi.nlm.nih.gov/{}/"),
        (r"(?:PMC|PMCID): ?(?:PMC)?([0-9]{1,9})|PMC([0-9]{1,9})", "https://pmc.ncbi.nlm.nih.gov/articles/PMC{}/"),
        (r"DOI: ?(10\.[0-9]{4,9}/[-._;()/:A-Z0-9]+)", "https://doi.org/{}"),
        (r"OMIM: ?([0-9]{1,9})", "https://omim.org/entry/{}"),
        (r"ORPHA: ?([0-9]{1,9})", "https://www.orpha.net/en/disease/detail/{}"),
        (r"HP:([0-9]{7})", "https://purl.obolibrary.org/obo/HP_{}"),
        (r"MONDO:([0-9]{7})", "https://purl.obolibrary.org/obo/MONDO_{}"),
    )
]
# a host and a path of plain signs: no user, no quote, no bracket, no blank, nothing outside ASCII
_ADDRESS = re.compile(
    r"https?://[A-Z0-9](?:[A-Z0-9-]*\.)+[A-Z]{2,}(?::[0-9]{1,5})?(?:[/?#][-._~!$&()*+,;=:@/?#%A-Z0-9]*)?",
    re.IGNORECASE | re.ASCII,
)


def address_of(publication: str) -> str | None:
    """The web address of a publication or record, such as PMID:123; None where the id has no known form, and for an address with odd signs."""
    if len(publication) > LONGEST:
        return None
    if _ADDRESS.fullmatch(publication):
        return publication
    for form, address in _LINKS:
        if (found := form.fullmatch(publication)) and publication.isascii():
            return address.format(next(filter(None, found.groups())))
    return None


def provenance_of(hop: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Per relation of a hop that has any: what it says, source, publications (text, and address or null), how many more, evidence, score."""
    return [of for relation in hop if len(of := _known(relation)) > 1]


def _known(relation: Mapping[str, Any]) -> dict[str, Any]:
    """The statement with what is known of its provenance. Rows of earlier versions do not have these fields."""
    papers = [paper for paper in relation.get("publications") or () if paper]
    known = {
        "source": _short(relation.get("source")),
        "papers": list(_linked(papers[:MOST])),
        "more": max(len(papers) - MOST, 0),
        "evidence": _short(relation.get("evidence")),
    }
    found = {"says": relation["statement"]} | {name: value for name, value in known.items() if value}
    return found if relation.get("score") is None else found | {"score": relation["score"]}


def _linked(papers: Iterable[str]) -> Iterable[list[str | None]]:
    return ([_short(paper), address] if (address := address_of(paper)) else [_short(paper)] for paper in papers)


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
