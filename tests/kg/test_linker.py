"""Linking: every level by a mention that no earlier level knows, then the similar names, on a small graph written here."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from kg.candidates import Candidate
from kg.contents import Nodes
from kg.embedder import NONE
from kg.linker import SCORES, Alias, Linker, read_aliases

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


def link(linker: Linker, mention: str, type_: str | None = None, similar: int = 0) -> Sequence[Candidate]:
    return linker.link([mention], [type_], similar)[0]


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
        ("Crohn disease type 2", None, 10, "broader"),
        ("lung neoplasms, IV", "disease", 11, "broader"),
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


@pytest.mark.parametrize("type_", ["drug", "gene/protein", "anatomy"])
def test_only_a_disease_loses_its_subtype(linker: Linker, type_: str) -> None:
    assert link(linker, "Crohn disease type 2", type_) == []
    assert link(linker, "Warfarin 2", type_) == []


def test_a_folded_key_links_within_the_type_of_the_mention(linker: Linker) -> None:
    assert [(c.node, c.accepted) for c in link(linker, "hearts", "drug")] == [(20, False), (30, False)]
    assert [(c.node, c.accepted) for c in link(linker, "hearts", "anatomy")] == [(20, True), (30, False)]


def test_without_a_type_a_folded_key_links_the_clinical_reading(linker: Linker) -> None:
    assert [(c.node, c.accepted) for c in link(linker, "hearts")] == [(30, True), (20, False)]


def test_without_a_type_only_a_plural_links_what_is_neither_disease_nor_drug() -> None:
    some = Linker(nodes([(1, "effect/phenotype", "Stiff neck"), (2, "anatomy", "blood vessel")]))
    assert [[c.accepted for c in found] for found in some.link(["stiff necks", "vessel of the blood"], similar=0)] == [
        [True],
        [False],
    ]


@pytest.mark.parametrize("mention", ["", " ", "()", "disease", "sodium", "unheard of thing"])
def test_what_no_table_has_is_empty(linker: Linker, mention: str) -> None:
    assert link(linker, mention) == []


def test_what_is_like_nothing_is_empty(linker: Linker) -> None:
    assert link(linker, "qqq zzz", similar=10) == []
    assert link(linker, "", similar=10) == []


def test_what_look_up_does_not_know_is_offered_best_first(linker: Linker) -> None:
    found = link(linker, "infarction of the myocardial wall", "disease", similar=3)
    assert (found[0].node, found[0].method, found[0].accepted) == (21, "similar", False)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    assert {c.type for c in found} == {"disease"}
    assert len(found) <= 3


@pytest.mark.parametrize(("accept", "links"), [(0.9, [False, False]), (0.5, [True, False])])
def test_the_best_similar_name_is_a_link_from_the_threshold_up(accept: float, links: list[bool]) -> None:
    rows = [
        (1, "disease", "hereditary motor neuropathy of childhood"),
        (2, "disease", "neuropathy"),
        (3, "disease", "gout"),
    ]
    found = link(
        Linker(nodes(rows), replace(NONE, accept=accept)),
        "hereditary motor neuropathyy of childhood",
        "disease",
        similar=10,
    )
    assert [(c.node, c.accepted) for c in found] == [(1, links[0]), (2, links[1])]


def test_a_similar_name_of_a_type_that_was_not_measured_is_only_offered() -> None:
    some = Linker(
        nodes([(1, "anatomy", "left atrial appendage"), (2, "disease", "left atrial tumor")]),
        replace(NONE, accept=0.3),
    )
    found = link(some, "left atrial appendages wall", similar=10)
    assert [(c.node, c.accepted) for c in found] == [(1, False), (2, False)]


def test_symbols_of_genes_are_never_similar(linker: Linker) -> None:
    assert all(c.node != 19 for c in link(linker, "HMGCRR", similar=10))


def test_below_a_link_stand_the_similar_names(linker: Linker) -> None:
    found = link(linker, "heart attack", "disease", similar=10)
    assert [(c.node, c.method) for c in found] == [(21, "alias"), (30, "similar")]
    assert [c.accepted for c in found] == [True] + [False] * (len(found) - 1)
    assert len({c.node for c in found}) == len(found) > 1
    assert found[:1] == [found[0]]
    assert found == list(found)


def test_a_link_is_given_without_any_search(monkeypatch: pytest.MonkeyPatch) -> None:
    some = Linker(nodes())
    monkeypatch.setattr(Linker, "_similar_names", property(lambda _: pytest.fail("searched")))
    found = some.link(["obesity", "Warfarin"])
    assert [candidates[0].node for candidates in found] == [13, 15]
    assert all(found)
    assert [[c.node for c in candidates] for candidates in some.link(["obesity", "Warfarin"], similar=1)] == [
        [13, 14],
        [15],
    ]


def test_how_many_are_asked_for_changes_no_link() -> None:
    some = Linker(nodes(), replace(NONE, accept=0.2))
    mentions = ["coffine", "hearts", "myocardial infarctions of the wall", "obesity", "Crohn disease type 2"]
    known = ["drug", "drug", "disease", None, None]
    one, ten = (
        [[c.node for c in found if c.accepted] for found in some.link(mentions, known, similar)] for similar in (1, 10)
    )
    assert one == ten
    assert one[0] == [25]  # look-up leaves two drugs open, the nearer one is a link


def test_one_call_with_many_mentions_equals_many_calls(linker: Linker) -> None:
    mentions = ["obesity", "obesities", "heart trouble", "warfarine", "Crohn disease type 2", "", "WAS"] * 400
    known = ["disease", None, "anatomy", "drug", None, None, "gene/protein"] * 400
    together = linker.link(mentions, known)
    assert together[:7] == [linker.link([m], [t])[0] for m, t in zip(mentions[:7], known[:7], strict=True)]
    assert together[-7:] == together[:7]


def test_look_up_and_search_need_no_large_library() -> None:
    code = (
        "import sys, numpy; from kg.linker import Linker; from kg.contents import Nodes\n"
        "rows = Nodes(numpy.arange(2), ['0', '1'], ['disease'] * 2, ['gout', 'lung cancer'], [''] * 2)\n"
        "Linker(rows).link(['x'])\n"  # makes the index
        "for name in [m for m in sys.modules if m.split('.')[0] == 'scipy']: del sys.modules[name]\n"
        "assert Linker(rows).link(['lung cancers of some kind'])[0][0].node == 1\n"
        "print(sorted({'torch', 'sklearn', 'numba', 'scipy', 'pandas', 'graph_tool'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_types_must_be_as_many_as_mentions(linker: Linker) -> None:
    with pytest.raises(ValueError, match="1 types for 2 mentions"):
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
