"""Where a hop comes from: which ids become links, what a page shows of them, and that no text of a graph does anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.report.blocks import path_of
from dataset_builder.report.provenance import LONGEST, MOST, address_of, provenance_of
from tests.report.conftest import Report, Row

Open = Callable[..., Report]
Plant = Callable[[Callable[[list[Row]], list[Row]]], Path]
LINKED = {
    "PMID:123": "https://pubmed.ncbi.nlm.nih.gov/123/",
    "PMC:12": "https://pmc.ncbi.nlm.nih.gov/articles/PMC12/",
    "PMC12": "https://pmc.ncbi.nlm.nih.gov/articles/PMC12/",
    "PMCID:PMC12": "https://pmc.ncbi.nlm.nih.gov/articles/PMC12/",
    "DOI:10.1000/a(b)-c": "https://doi.org/10.1000/a(b)-c",
    "doi:10.1000/X": "https://doi.org/10.1000/X",
    "OMIM:100100": "https://omim.org/entry/100100",
    "ORPHA:343": "https://www.orpha.net/en/disease/detail/343",
    "HP:0000501": "https://purl.obolibrary.org/obo/HP_0000501",
    "MONDO:0005147": "https://purl.obolibrary.org/obo/MONDO_0005147",
    "https://www.example.org/a?b=c&d=%20#e": "https://www.example.org/a?b=c&d=%20#e",
    "http://example.org": "http://example.org",
}
PLAIN = [
    "javascript:alert(1)",
    "JavaScript://example.org/%0aalert(1)",
    "data:text/html,<script>window.harm = 1</script>",
    "PMID:1\n",
    "PMID:1' onclick='window.harm = 2",
    "PMID:\u0661\u0662",  # digits, though not of ASCII
    "PM\u0131D:1",  # equal to PMID where case is ignored
    "PMID:javascript:1",
    "PMID:" + "1" * 40,
    "DOI:10.1000/<img src=x onerror=window.harm=3>",
    'DOI:10.1000/"',
    "DOI:10.1000/../a b",
    "https://example.org/" + "a" * LONGEST,
    "https://example.org/\nx",
    "https://example.org/'\"><script>window.harm = 4</script>",
    "https://user:password@example.org/",
    "https://example.org\\@other.org/",
    "https://\u0435xample.org/",
    "file:///etc/passwd",
    "//example.org/",
    "ISBN-13:9780000000000",
    "</script><script>window.harm = 5</script>",
    "",
]


@pytest.mark.parametrize(("publication", "address"), [*LINKED.items(), *((text, None) for text in PLAIN)])
def test_only_an_id_of_known_form_is_a_link(publication: str, address: str | None) -> None:
    assert address_of(publication) == address


def relation(**more: Any) -> Row:
    hop = {"relation": "r", "display_relation": "r", "direction": "forward", "statement": "Gout shows podagra"}
    return hop | {"source": None, "publications": None, "evidence": None, "score": None} | more


def test_what_a_page_has_of_a_relation() -> None:
    old = {name: relation()[name] for name in ("relation", "display_relation", "direction", "statement")}
    assert provenance_of([relation(), old]) == [], "a row without provenance gets no byte more"
    path = {"nodes": [1, 2], "names": ["a", "b"], "types": ["x", "y"], "total": 1, "score": 1.0, "hops": [[old]]}
    assert path_of(path)["hops"] == [{"label": "r", "way": "forward", "says": "Gout shows podagra"}]
    papers = [f"PMID:{n}" for n in range(1, MOST + 4)]
    [of] = provenance_of([relation(source="s" * 999, publications=papers, score=0.0)])
    assert len(of["source"]) == LONGEST and of["score"] == 0.0 and "evidence" not in of
    assert (len(of["papers"]), of["more"]) == (MOST, 3)
    assert provenance_of([relation(publications=["ISBN:1"])])[0]["papers"] == [["ISBN:1"]]


@pytest.mark.slow
def test_a_page_shows_where_a_hop_comes_from_and_links_nothing_else(opened: Open, planted: Plant) -> None:
    known, odd = list(LINKED), [text for text in PLAIN if text and len(text) <= LONGEST]
    parts = [texts[at : at + MOST] for texts in (known, odd) for at in range(0, len(texts), MOST)]

    def plant(rows: list[Row]) -> list[Row]:
        for row in rows:
            for path in row["paths"] or ():
                path["hops"] = [[relation(statement="s") for _ in hop] for hop in path["hops"]]
        hop = [relation(source="HPO; <b>O</b>", publications=part, evidence="PCS", score=0.256) for part in parts]
        path = next(path for path in rows[0]["paths"] if path["hops"])
        path["hops"][0] = hop
        rows[0]["paths"] = [path, *(other for other in rows[0]["paths"] if other is not path)]
        return rows

    report = opened(planted(plant))
    detail = report.open(0)
    detail.locator(".paths summary").first.click()
    assert detail.locator(".paths summary").all_text_contents() == ["From HPO, <b>O</b>"], "only of that path"
    items = detail.locator(".origins li")
    assert items.nth(0).text_content().startswith("Gout shows podagra: HPO; <b>O</b> · PMID:123 PMC:12 ")
    assert items.nth(0).text_content().endswith(" · evidence PCS · score 0.26")
    links = [(link.text_content(), link.get_attribute("href")) for link in detail.locator(".origins a").all()]
    assert links == list(LINKED.items())
    assert {link.get_attribute("rel") for link in detail.locator(".origins a").all()} == {"noopener noreferrer"}
    said = "".join(items.all_text_contents())
    assert all(text in said for text in odd)
    assert report.page.evaluate("window.harm") is None
    assert report.page.locator(".origins script, .origins img, .origins b").count() == 0
    assert report.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
