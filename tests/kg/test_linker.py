"""Linking by name: every level by a mention that no earlier level knows, on a small graph written here."""

import numpy as np
import pytest

from kg.candidates import Candidate
from kg.linker import SCORES, Alias, Linker, read_aliases
from kg.primekg import Nodes

NODES = [
    (10, "disease", "Crohn disease"),
    (11, "disease", "lung neoplasm"),
    (12, "disease", "Behcet disease"),
    (13, "disease", "obesity"),
    (14, "effect/phenotype", "Obesity"),
    (15, "drug", "Warfarin"),
    (16, "drug", "Indomethacin"),
    (17, "drug", "Cefradine"),
    (18, "gene/protein", "WAS"),
    (19, "gene/protein", "HMGCR"),
    (20, "anatomy", "heart"),
    (21, "disease", "myocardial infarction"),
    (22, "drug", "Dexamethasone acetate"),
    (23, "drug", "Dexamethasone"),
    (24, "drug", "Cophine"),
    (25, "drug", "Cofine"),
    (26, "disease", "NA"),
    (27, "disease", "null"),
    (28, "disease", "Crohn disease"),
    (29, "gene/protein", "Orphan nuclear receptor"),
    (30, "disease", "heart"),
]


def nodes(rows: list[tuple[int, str, str]] = NODES) -> Nodes:
    index, types, names = zip(*rows, strict=True)
    return Nodes(
        np.array(index, dtype=np.int64), [str(i) for i in index], list(types), list(names), ["own"] * len(rows)
    )


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(nodes())


def link(linker: Linker, mention: str, type_: str | None = None) -> list[Candidate]:
    return linker.link([mention], [type_])[0]


@pytest.mark.parametrize(
    ("mention", "type_", "node", "method"),
    [
        ("warfarin", "drug", 15, "exact"),
        ("  Warfarin ", None, 15, "exact"),
        ("heart attack", "disease", 21, "alias"),
        ("MI", None, 21, "alias"),
        ("Attacks, heart", None, 21, "alias"),
        ("HMG-CoA reductase", "gene/protein", 19, "alias"),
        ("Crohn's disease", "disease", 10, "N1"),
        ("Neoplasms, Lung", "disease", 11, "N2"),
        ("Behçet syndrome", None, 12, "N3"),
        ("tumor of the lung", "disease", 11, "N3"),
        ("warfarin sodium", "drug", 15, "drug_salt"),
        ("cephradine", "drug", 17, "drug_phonetic"),
        ("indometacin sodium", None, 16, "drug_phonetic"),
        ("orphan nuclear receptor", "gene/protein", 29, "exact"),
    ],
)
def test_each_level(linker: Linker, mention: str, type_: str | None, node: int, method: str) -> None:
    best = link(linker, mention, type_)[0]
    assert (best.node, best.method, best.score, best.accepted) == (node, method, SCORES[method], True)


def test_scores_fall_from_level_to_level() -> None:
    assert list(SCORES.values()) == sorted(SCORES.values(), reverse=True)
    assert len(set(SCORES.values())) == len(SCORES)


def test_two_nodes_with_one_name_stay_two(linker: Linker) -> None:
    assert [c.node for c in link(linker, "crohn disease")] == [10, 28]


@pytest.mark.parametrize(("type_", "order"), [("disease", [13, 14]), ("effect/phenotype", [14, 13])])
def test_the_type_of_the_mention_comes_first(linker: Linker, type_: str, order: list[int]) -> None:
    found = link(linker, "obesity", type_)
    assert [c.node for c in found] == order
    assert all(c.accepted for c in found)


def test_a_name_of_another_type_is_found_when_the_own_type_has_none(linker: Linker) -> None:
    assert link(linker, "warfarin", "disease")[0].type == "drug"


@pytest.mark.parametrize("name", ["NA", "null"])
def test_names_that_look_like_missing_values_are_names(linker: Linker, name: str) -> None:
    assert link(linker, name, "disease")[0].name == name


@pytest.mark.parametrize("mention", ["was", "Was", "hmgcr"])
def test_a_gene_symbol_in_another_case_is_no_link(linker: Linker, mention: str) -> None:
    assert link(linker, mention) == []
    assert link(linker, mention, "gene/protein") == []


def test_a_gene_mention_is_not_folded(linker: Linker) -> None:
    assert link(linker, "Crohn's disease", "gene/protein") == []


def test_an_abbreviation_in_another_case_is_no_link(linker: Linker) -> None:
    assert link(linker, "mi") == []


def test_drug_folding_is_for_drugs(linker: Linker) -> None:
    assert link(linker, "cephradine", "disease") == []


def test_a_disease_word_is_dropped_between_diseases_only(linker: Linker) -> None:
    assert [c.node for c in link(linker, "heart disease")] == [30]


def test_of_several_salts_the_base_itself_is_accepted(linker: Linker) -> None:
    found = link(linker, "dexamethasone phosphate", "drug")
    assert [(c.node, c.accepted) for c in found] == [(23, True), (22, False)]


def test_two_drugs_of_one_sound_are_only_candidates(linker: Linker) -> None:
    found = link(linker, "coffine", "drug")
    assert {c.node for c in found} == {24, 25}
    assert not any(c.accepted for c in found)


def test_subtypes_are_not_stripped(linker: Linker) -> None:
    assert link(linker, "Crohn disease type 2", "disease") == []


@pytest.mark.parametrize("mention", ["", " ", "()", "disease", "sodium", "unheard of thing"])
def test_what_nothing_knows_is_empty(linker: Linker, mention: str) -> None:
    assert link(linker, mention) == []


def test_types_must_be_as_many_as_mentions(linker: Linker) -> None:
    with pytest.raises(ValueError, match="shorter"):
        linker.link(["obesity", "warfarin"], ["disease"])


def test_an_alias_takes_the_first_name_that_the_graph_has(linker: Linker) -> None:
    assert linker.resolve(Alias("x", "disease", ("not there", "Obesity", "Behcet disease"))) == [3]


def test_a_gene_alias_never_resolves_to_another_type(linker: Linker) -> None:
    assert linker.resolve(Alias("x", "gene/protein", ("obesity",))) == []


def test_aliases_are_written_once() -> None:
    texts = [alias.text for alias in read_aliases()]
    assert len(texts) >= 450
    assert len(texts) == len(set(texts))


def test_an_alias_has_a_type_and_names_other_than_itself() -> None:
    for alias in read_aliases():
        assert alias.type in {"disease", "effect/phenotype", "drug", "gene/protein", "anatomy", "biological_process"}
        assert alias.text not in alias.names and all(alias.names)
