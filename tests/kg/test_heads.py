"""Words beside a name that make it another thing, each kind by sentences that would come out otherwise without it."""

import pytest

from kg.fold import read_words
from kg.heads import KINDS
from kg.mentions import MentionFinder
from tests.kg.test_mentions import nodes

FINDER = MentionFinder(
    nodes(
        [
            (1, "disease", "lymphoma"),
            (2, "effect/phenotype", "Edema"),
            (3, "disease", "rabies"),
            (4, "drug", "Folic acid"),
            (5, "drug", "Hydrocortisone"),
            (6, "drug", "Morphine"),
            (7, "gene/protein", "CFTR"),
            (8, "molecular_function", "nucleotide binding"),
            (9, "gene/protein", "ALK"),
            (10, "disease", "tuberculosis"),
            (11, "drug", "Lithium"),
            (12, "effect/phenotype", "Pain"),
            (15, "drug", "Aldosterone"),
            (13, "disease", "folic acid deficiency anemia"),
            (14, "disease", "papilloma"),
        ]
    )
)


def texts(text: str) -> list[str]:
    return [mention.text for mention in FINDER.find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Bacillus anthracis secretes edema factor and edema toxin.",
        "It stains for the common lymphoma antigen.",
        "A lymphoma-antigen was seen.",
        "He attends a lymphoma clinic.",
        "rabies immune globulin",
        "human papilloma virus",
        "a folic acid antagonist",
        "She was tested for folic acid deficiency.",
        "Acetyl morphine is in it.",
        "the nucleotide-binding protein 1",
        "His serum cortisol is 30 units.",
        "Check aldosterone levels.",
        "Serum TB level was high.",
        "TB = 1.2 mg/dL, AST 40 U/L",
        "Midcycle pain",
        "Valley fever",
    ],
)
def test_a_word_beside_a_name_makes_it_another_thing(text: str) -> None:
    assert texts(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a lymphoma, antigen-driven", ["lymphoma"]),
        ("The lymphoma. Antigen was seen.", ["lymphoma"]),
        ("risk factor of edema", ["edema"]),
        ("the CFTR protein and the CFTR gene", ["CFTR", "CFTR"]),
        ("He takes folic acid daily for anemia.", ["folic acid"]),
        ("elevated aldosterone levels", ["aldosterone"]),
        ("The lithium level is measured.", ["lithium"]),
        ("folic acid deficiency anemia", ["folic acid deficiency anemia"]),
        ("TB since 3 years", ["TB"]),
        ("anaplastic lymphoma kinase", ["anaplastic lymphoma kinase"]),
        ("lymphoma", ["lymphoma"]),
    ],
)
def test_other_words_and_longer_names_do_not(text: str, found: list[str]) -> None:
    assert texts(text) == found


def test_the_longer_name_is_linked_where_the_graph_has_it() -> None:
    (mention,) = FINDER.find("positive for anaplastic lymphoma kinase")
    assert (mention.type, mention.nodes) == ("gene/protein", (9,))


def test_every_kind_is_known() -> None:
    kinds = {kind for _, kinds in read_words("heads.tsv") for kind in kinds.split()}
    assert kinds == {*KINDS.values(), "level", "sample", "prefix", "change"}
    heads = [words for words, _ in read_words("heads.tsv")]
    assert len(heads) == len(set(heads))
