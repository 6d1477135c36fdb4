"""Links by a graph's exact synonyms: what is one, what is ambiguous, and what wins over it."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from kg.candidates import Candidate
from kg.contents import Nodes
from kg.linker import SCORES, Alias, Linker

NODES = [
    (10, "disease", "Crohn disease"),
    (11, "disease", "lung neoplasm"),
    (12, "disease", "Behcet disease"),
    (13, "disease", "obesity"),
    (14, "effect/phenotype", "Big body"),
    (15, "drug", "Warfarin"),
    (19, "gene/protein", "HMGCR"),
    (23, "drug", "Dexamethasone"),
    (28, "disease", "Crohn disease"),
    (30, "anatomy", "heart"),
]


def make(synonyms: dict[int, list[str]]) -> Linker:
    index, types, names = zip(*NODES, strict=True)
    lists = pa.array([synonyms.get(number, []) for number in index], pa.list_(pa.string()))
    ids = [str(number) for number in index]
    return Linker(Nodes(np.array(index), ids, list(types), list(names), ["own"] * len(NODES), lists))


def link(linker: Linker, mention: str, type_: str | None = None, similar: int = 0) -> Sequence[Candidate]:
    return linker.link([mention], [type_], similar)[0]


SYNONYMS = {
    10: ["granulomatous ileitis", "enteritis"],
    14: ["corpulence"],
    15: ["rat drug", "enteritis"],
    11: ["obesity", "LC", "shared word"],
}
SYNONYMS |= {
    19: ["reductase three"],
    23: ["shared word 2", "hearts"],
    13: ["shared word"],
    28: ["granulomatous ileitis"],
}


@pytest.fixture(scope="module")
def second_names() -> Linker:
    return make(SYNONYMS)


@pytest.mark.parametrize(
    ("mention", "type_", "linked"),
    [
        ("Corpulence", None, [14]),
        ("corpulences", "effect/phenotype", [14]),
        ("corpulence", "disease", [14]),
        ("corpulence", "drug", []),
        ("rat drugs", "drug", [15]),
        ("LC", None, [11]),
        ("reductase three", "gene/protein", [19]),
    ],
)
def test_a_synonym_is_a_link(second_names: Linker, mention: str, type_: str | None, linked: list[int]) -> None:
    found = link(second_names, mention, type_)
    assert [c.node for c in found if c.accepted] == linked
    assert {(c.method, c.score) for c in found} == {("synonym", SCORES["synonym"])}


@pytest.mark.parametrize(("mention", "nodes_"), [("shared word", {11, 13}), ("enteritis", {10, 15})])
def test_a_synonym_of_two_concepts_or_types_accepts_nothing(
    second_names: Linker, mention: str, nodes_: set[int]
) -> None:
    for type_ in (None, "disease", "drug"):
        found = link(second_names, mention, type_, similar=10)
        assert {c.node for c in found if c.method == "synonym"} == nodes_
        assert not any(c.accepted for c in found)


def test_a_synonym_of_two_nodes_of_one_concept_links_both(second_names: Linker) -> None:
    assert [(c.node, c.accepted) for c in link(second_names, "granulomatous ileitis")] == [(10, True), (28, True)]


def test_a_name_wins_over_a_synonym(second_names: Linker) -> None:
    for mention in ("obesity", "hearts"):
        assert link(second_names, mention) == link(make({}), mention) != []


def test_an_abbreviation_of_a_synonym_needs_its_case(second_names: Linker) -> None:
    assert link(second_names, "lc") == []


def test_an_alias_is_resolved_by_a_synonym_only_where_no_name_is_there(second_names: Linker) -> None:
    assert second_names.resolve(Alias("x", "disease", ("corpulence",))) == [4]
    assert second_names.resolve(Alias("x", "disease", ("corpulence", "Behcet disease"))) == [2]
    assert second_names.resolve(Alias("x", "disease", ("shared word",))) == []
