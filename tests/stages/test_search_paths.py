"""Pairs of question and answer nodes, and what the search finds between them."""

import pyarrow as pa

from dataset_builder.stages.search_paths import search_paths

EDGES = (
    "Colchicine drug | indication | gout disease",
    "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
    "kuru disease | disease_phenotype_positive: phenotype present | Tremor effect/phenotype",
)
COLCHICINE, GOUT, PODAGRA, KURU, TREMOR = range(5)


def row(question: list[int], answer: list[int], negated: tuple[int, ...] = ()) -> tuple[list[dict], list[dict]]:
    nodes = [*question, *answer]
    mentions = [
        {"place": "question" if i < len(question) else "answer", "negated": node in negated}
        for i, node in enumerate(nodes)
    ]
    return mentions, [{"mention": i, "node": node} for i, node in enumerate(nodes)]


def search(kg, *rows):
    mentions, nodes = zip(*rows, strict=True)
    batch = pa.table({"mentions": list(mentions), "nodes": list(nodes)})
    return {column: values.to_pylist() for column, values in search_paths(batch, kg=kg, keep=50, seed=0).items()}


def test_every_pair_with_its_exact_number_of_paths(make_kg) -> None:
    result = search(make_kg(*EDGES), row([PODAGRA, GOUT, PODAGRA], [COLCHICINE]))
    assert result["candidate_paths"][0] == [
        {"from": GOUT, "to": COLCHICINE, "distance": 1, "total": 1, "paths": [[GOUT, COLCHICINE]]},
        {"from": PODAGRA, "to": COLCHICINE, "distance": 2, "total": 1, "paths": [[PODAGRA, GOUT, COLCHICINE]]},
    ]


def test_pairs_with_one_answer_node_come_one_after_the_other(make_kg) -> None:
    result = search(make_kg(*EDGES), row([PODAGRA, GOUT], [PODAGRA, COLCHICINE]))
    assert [(pair["from"], pair["to"]) for pair in result["candidate_paths"][0]] == [
        (GOUT, COLCHICINE), (PODAGRA, COLCHICINE), (GOUT, PODAGRA),
    ]  # fmt: skip


def test_more_paths_than_an_int64_counts_stand_as_the_largest(make_kg) -> None:
    steps = [(f"n{i}", f"{side}{i}", f"n{i + 1}") for i in range(70) for side in "xy"]
    kg = make_kg(*(f"{a} drug | drug_drug | {b} drug" for step in steps for a, b in (step[:2], step[1:])))
    first, last = (kg.nodes.name.index(name) for name in ("n0", "n70"))
    ((found,),) = search(kg, row([first], [last]))["candidate_paths"]
    assert (found["distance"], found["total"], len(found["paths"])) == (140, 2**63 - 1, 50)


def test_rows_do_not_mix_and_a_row_without_path_is_rejected(make_kg) -> None:
    result = search(make_kg(*EDGES), row([TREMOR], [COLCHICINE]), row([TREMOR], [KURU]), row([GOUT], [GOUT]))
    assert result["rejected_because"] == ["no_path", None, "no_path"]
    assert result["rejected_detail"] == ["1 pairs of nodes, none connected", None, "0 pairs of nodes, none connected"]
    assert [[pair["to"] for pair in pairs] for pairs in result["candidate_paths"]] == [[], [KURU], []]


def test_a_negated_mention_starts_no_path(make_kg) -> None:
    result = search(make_kg(*EDGES), row([PODAGRA, GOUT], [COLCHICINE], negated=(GOUT,)))
    assert [pair["from"] for pair in result["candidate_paths"][0]] == [PODAGRA]


def test_the_sides_that_a_model_has_named_count(make_kg) -> None:
    restated = {"question_nodes": [PODAGRA, GOUT], "answer_nodes": [COLCHICINE, GOUT]}
    batch = pa.table({"restated": [restated]})
    result = search_paths(batch, kg=make_kg(*EDGES), keep=50, seed=0)
    assert [(pair["from"], pair["to"]) for pair in result["candidate_paths"].to_pylist()[0]] == [
        (GOUT, COLCHICINE), (PODAGRA, COLCHICINE), (PODAGRA, GOUT),
    ]  # fmt: skip


def test_a_mention_of_a_relative_starts_no_path(make_kg) -> None:
    mentions, nodes = row([PODAGRA, GOUT], [COLCHICINE])
    flagged = [
        mention | {"family": {0: False, 1: True}.get(i)} for i, mention in enumerate(mentions)
    ]  # null: not asked
    result = search(make_kg(*EDGES), (flagged, nodes))
    assert [pair["from"] for pair in result["candidate_paths"][0]] == [PODAGRA]
