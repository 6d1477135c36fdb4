"""Questions in words: kg/relations/questions.tsv has a phrase for each relation and each direction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from kg.contents import Name
from kg.phrases import plain, read_table

ANY = "*"
# singular with its article, plural
NOUNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "gene/protein": ("a gene", "genes"),
        "drug": ("a drug", "drugs"),
        "effect/phenotype": ("a phenotype", "phenotypes"),
        "disease": ("a disease", "diseases"),
        "biological_process": ("a biological process", "biological processes"),
        "molecular_function": ("a molecular function", "molecular functions"),
        "cellular_component": ("a cellular component", "cellular components"),
        "exposure": ("an exposure", "exposures"),
        "pathway": ("a pathway", "pathways"),
        "anatomy": ("an anatomical structure", "anatomical structures"),
    }
)


@dataclass(frozen=True)
class Wording:
    """How a question speaks of a relation in one direction: ``subject phrase object``. Both ends are node types."""

    relation: str
    display: str  # ANY: whichever
    subject: str
    object: str
    phrase: str

    def speaks_of(self, name: Name) -> bool:
        """Whether it is a wording of this (relation, display_relation)."""
        return name[0] == self.relation and self.display in (ANY, name[1])


@cache
def wordings() -> tuple[Wording, ...]:
    """The table kg/relations/questions.tsv, which is read once."""
    return tuple(Wording(*row) for row in read_table("questions.tsv"))


def question_text(steps: Sequence[Wording], start: str) -> str:
    """The question whose answer is reached from the node named ``start`` by these steps, the first one beside it.

    ``Which of these drugs targets the protein encoded by a gene that is associated with the disease X?``
    """
    words = f"Which of these {NOUNS[steps[-1].subject][1]}"
    for nearer, step in zip(reversed([None, *steps[:-1]]), reversed(steps), strict=True):
        words += f" {step.phrase}"
        words += f" {NOUNS[nearer.subject][0]} that" if nearer else f" the {_noun(step.object)} {plain(start)}?"
    return words


def _noun(type_: str) -> str:
    """``gene``: the singular without its article."""
    return NOUNS[type_][0].split(" ", 1)[1]
