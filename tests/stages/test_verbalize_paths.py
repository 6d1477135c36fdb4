"""The rationale: three parts, every hop's relations in words, nothing that the paths and the statements of other options do not say."""

from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.stages.check_hops import check_hops
from dataset_builder.stages.verbalize_paths import verbalize_paths
from dataset_builder.text_checks.rationale import leak, parts

EDGES = (
    "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
    "Colchicine drug | indication | gout disease",
    "Colchicine drug | contraindication | gout disease",
    "TUBB gene/protein | drug_protein: target | Colchicine drug",
)


def rationale(
    kg, *paths: list[int], answer: str = "Colchicine", label: str | None = "B", answer_type: str = "choice", **more
) -> str:
    batch = more | {
        "paths": [[kg.describe(path) for path in paths]],
        "answer": [answer],
        "answer_label": [label],
        "answer_type": [answer_type],
    }
    return verbalize_paths(batch)["rationale"][0]


def test_three_parts_word_for_word(make_kg) -> None:
    assert rationale(make_kg(*EDGES), [1, 0, 2, 3]) == (
        "**Finding reasoning paths:**\n"
        "1. Podagra ←phenotype present— gout ←contraindication / indication— Colchicine —target→ TUBB\n\n"
        "**Reasoning Process:**\n"
        "1. Gout can present with Podagra. Colchicine is contraindicated in gout and Colchicine is indicated for gout. "
        "Colchicine targets TUBB.\n\n"
        "**Conclusion:**\n"
        "These paths connect the question with this answer: B. Colchicine"
    )


def test_an_open_answer_has_no_label(make_kg) -> None:
    assert rationale(make_kg(*EDGES), [0, 2], label=None, answer_type="open").endswith("this answer: Colchicine")


def test_a_yes_is_a_yes_and_names_nothing_that_a_path_could_lead_to(make_kg) -> None:
    assert rationale(make_kg(*EDGES), [0, 2], answer="yes", label="A", answer_type="yes/no/maybe").endswith(
        "connect the question with the conclusion that its source draws. The answer is: yes"
    )


def test_a_gene_keeps_its_case_at_the_start_of_a_sentence(make_kg) -> None:
    kg = make_kg(
        "p53x gene/protein | protein_protein: ppi | MDM2 gene/protein",
        "mTOR gene/protein | protein_protein: ppi | MDM2 gene/protein",
    )
    text = rationale(kg, [2, 1])
    assert "mTOR interacts with MDM2." in text


def test_relations_that_run_either_way_have_no_arrow(make_kg) -> None:
    kg = make_kg("Colchicine drug | indication | gout disease", "gout disease | studied with | Colchicine drug")
    assert "gout —indication / studied with— Colchicine" in rationale(kg, [1, 0])
    assert "Colchicine is indicated for gout and gout is connected by" in rationale(kg, [1, 0])


def contrast(kg, option: str, *hop: int) -> dict:
    return {"label": "A", "option": option} | kg.describe(hop)


def test_other_options_after_the_paths_and_those_that_share_the_relation_first(make_kg) -> None:
    kg = make_kg(
        *EDGES,
        "Allopurinol drug | indication | gout disease",
        "Paracetamol drug | indication | Fever effect/phenotype",
        "IL2 gene/protein | disease_protein: associated with | sepsis disease",
    )
    gout, colchicine, allopurinol, paracetamol, fever, il2, sepsis = 0, 2, 4, 5, 6, 7, 8
    said = [
        contrast(kg, "Tylenol", paracetamol, fever),
        contrast(kg, "Start allopurinol.", allopurinol, gout),
        contrast(kg, "IL-2", il2, sepsis),
    ]
    text = rationale(kg, [1, gout, colchicine], contrasts=[said])
    found, why = parts(text)
    assert found and not why
    assert found.reasoning.splitlines()[1:] == [
        "2. Another option shares the last relation of step 1: Allopurinol is indicated for gout.",
        "3. Other options, in the same kind of relation: Tylenol: Paracetamol is indicated for Fever. "
        "IL2 is associated with sepsis.",
    ]
    assert found.conclusion == "These paths connect the question with this answer: B. Colchicine"
    assert leak(text) is None
    assert rationale(kg, [1, gout, colchicine], contrasts=[[]]) == rationale(kg, [1, gout, colchicine])


def test_every_statement_is_read_as_a_claim_that_the_graph_supports(make_kg) -> None:
    kg = make_kg(
        *EDGES,
        "Paracetamol drug | indication | Fever effect/phenotype",
        "Allopurinol drug | indication | gout disease",
    )
    paths, said = [kg.describe([0, 2])], [contrast(kg, "Tylenol", 4, 5), contrast(kg, "Allopurinol", 6, 0)]
    row = {
        "rationale": rationale(kg, [0, 2], contrasts=[said]),
        "paths": paths,
        "contrasts": said,
        "mentions": [],
        "nodes": [],
    }
    columns = check_hops({name: [value] for name, value in row.items()}, kg=kg, reader=claim_reader("spacy"))
    [claims], [[support]] = columns["hop_checks"], columns["support"]
    assert {claim["verdict"] for claim in claims} == {"supported"}
    stated = {(claim["from_name"], claim["to_name"]) for claim in claims}
    assert stated >= {("Paracetamol", "Fever"), ("Allopurinol", "gout")}
    assert (support["hops"], support["of"]) == (1, 1)  # of the paths
