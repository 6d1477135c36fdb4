"""Abbreviations in the sense that a text gives them, and in the reviewed one."""

import pytest

from kg.abbreviations import defined, may_mean
from kg.linker import Linker
from kg.mentions import MentionFinder
from tests.kg.test_mentions import nodes

NODES = nodes(
    [
        (1, "gene/protein", "FAS"),
        (2, "disease", "fetal alcohol syndrome"),
        (3, "disease", "tuberculosis"),
        (4, "gene/protein", "GCA"),
        (5, "gene/protein", "ABR"),
        (6, "gene/protein", "MGP"),
        (7, "effect/phenotype", "Deep venous thrombosis"),
        (8, "disease", "HIV infectious disease"),
        (9, "gene/protein", "VHL"),
    ]
)
FINDER = MentionFinder(NODES)


def found(text: str, context: str = "") -> list[tuple[str, tuple[int, ...], str]]:
    return [(m.text, m.nodes, m.means) for m in FINDER.find(text, context=context) if m.text.isupper()]


def test_an_abbreviation_takes_the_sense_of_its_definition_everywhere() -> None:
    text = "FAS is common. Fetal alcohol syndrome (FAS) is severe."
    assert found(text) == [("FAS", (2,), "Fetal alcohol syndrome")] * 2
    assert found("FAS is common.", context="fetal alcohol syndrome (FAS)") == [("FAS", (2,), "fetal alcohol syndrome")]
    assert found("FAS is common.") == [("FAS", (1,), "")]


@pytest.mark.parametrize(
    "text",
    ["total bilirubin (TB) and TB", "An auditory brainstem response (ABR) was read, and the ABR was late."],
)
def test_one_that_is_defined_as_something_else_names_nothing(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "matrix Gla protein (MGP)",
        "deep vein thrombosis (DVT)",
        "human immunodeficiency virus (HIV)",
        "von Hippel-Lindau (VHL) protein",
        "tuberculosis (TB)",
    ],
)
def test_other_words_for_the_known_sense_change_nothing(text: str) -> None:
    ((_, nodes_, means),) = found(text)
    assert nodes_ and not means


def test_the_reviewed_sense_is_a_disease_and_not_the_gene_of_that_symbol() -> None:
    assert found("late GCA") == []  # the graph has no giant cell arteritis
    finder = MentionFinder(nodes([(4, "gene/protein", "GCA"), (10, "disease", "temporal arteritis")]))
    assert [m.nodes for m in finder.find("late GCA")] == [(10,)]
    linked = Linker(nodes([(4, "gene/protein", "GCA"), (10, "disease", "temporal arteritis")])).link(
        ["GCA"], ["disease"]
    )
    assert [c.node for c in linked[0] if c.accepted] == [10]


def test_only_words_that_could_be_a_name_define() -> None:
    assert defined("growth of hair is reduced here (GHRH)") == {}
    assert not may_mean("TB", "total bilirubin", ["tuberculosis"], "disease", "")
