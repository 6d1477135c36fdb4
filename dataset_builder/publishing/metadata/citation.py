"""The papers whose methods this project follows: the facts that the cards, croissant.json and CITATION.cff state.

Sources: https://arxiv.org/abs/2504.00993 and https://arxiv.org/abs/2506.09513.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper on arXiv. ``authors``: family name and given names, in the paper's order."""

    key: str
    name: str
    title: str
    authors: tuple[tuple[str, str], ...]
    arxiv: str
    year: int

    @property
    def url(self) -> str:
        """The URL of its page."""
        return f"https://arxiv.org/abs/{self.arxiv}"

    @property
    def bibtex(self) -> str:
        """Its entry in BibTeX."""
        authors = " and ".join(f"{family}, {given}" for family, given in self.authors)
        fields = {
            "title": self.title,
            "author": authors,
            "journal": f"arXiv preprint arXiv:{self.arxiv}",
            "year": str(self.year),
        }
        lines = [f"  {name:7} = {{{value}}}" for name, value in fields.items()]
        return f"@article{{{self.key},\n" + ",\n".join(lines) + "\n}"


MEDREASON = Paper(
    key="wu2025medreason",
    name="MedReason",
    title="MedReason: Eliciting Factual Medical Reasoning Steps in LLMs via Knowledge Graphs",
    authors=(
        ("Wu", "Juncheng"),
        ("Deng", "Wenlong"),
        ("Li", "Xingxuan"),
        ("Liu", "Sheng"),
        ("Mi", "Taomian"),
        ("Peng", "Yifan"),
        ("Xu", "Ziyang"),
        ("Liu", "Yi"),
        ("Cho", "Hyunjin"),
        ("Choi", "Chang-In"),
        ("Cao", "Yihan"),
        ("Ren", "Hui"),
        ("Li", "Xiang"),
        ("Li", "Xiaoxiao"),
        ("Zhou", "Yuyin"),
    ),
    arxiv="2504.00993",
    year=2025,
)
REASONMED = Paper(
    key="sun2025reasonmed",
    name="ReasonMed",
    title="ReasonMed: A 370K Multi-Agent Generated Dataset for Advancing Medical Reasoning",
    authors=(
        ("Sun", "Yu"),
        ("Qian", "Xingyu"),
        ("Xu", "Weiwen"),
        ("Zhang", "Hao"),
        ("Xiao", "Chenghao"),
        ("Li", "Long"),
        ("Zhao", "Deli"),
        ("Huang", "Wenbing"),
        ("Xu", "Tingyang"),
        ("Bai", "Qifeng"),
        ("Rong", "Yu"),
    ),
    arxiv="2506.09513",
    year=2025,
)
PAPERS = (MEDREASON, REASONMED)


def bibtex() -> str:
    """The entries of all papers."""
    return "\n".join(paper.bibtex for paper in PAPERS)
