"""CITATION.cff, the cards and croissant.json cite the same papers."""

from pathlib import Path

import yaml

from dataset_builder.publishing.metadata.citation import PAPERS, bibtex
from sft.model_card import OF_DATA

ROOT = Path(__file__).parents[3]


def test_citation_cff_has_the_papers_as_references() -> None:
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert said["cff-version"] == "1.2.0" and said["license"] == "MIT" and said["type"] == "software"
    assert said["authors"][0]["name"] in (ROOT / "LICENSE").read_text("utf-8")
    for paper, reference in zip(PAPERS, said["references"], strict=True):
        authors = tuple((one["family-names"], one["given-names"]) for one in reference["authors"])
        assert (reference["title"], authors, reference["year"]) == (paper.title, paper.authors, paper.year)
        assert reference["url"] == paper.url and reference["journal"] == f"arXiv preprint arXiv:{paper.arxiv}"
        assert reference["identifiers"][0]["value"] == f"arXiv:{paper.arxiv}"


def test_bibtex_and_model_cards_name_the_same() -> None:
    for paper in PAPERS:
        assert f"@article{{{paper.key}," in bibtex() and f"arXiv:{paper.arxiv}" in bibtex()
        assert f"{paper.authors[0][0]}, {paper.authors[0][1]} and " in bibtex()
    assert set(OF_DATA.values()) == {f"{paper.name} (arXiv:{paper.arxiv})" for paper in PAPERS}
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(f"{paper.name} (arXiv:{paper.arxiv})" in readme for paper in PAPERS)
