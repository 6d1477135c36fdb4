"""Sentences must be true to the edge: direction by type, a contraindication is not an indication, absent is absent."""

import pytest

from kg.contents import NODE_TYPES
from kg.phrases import PHRASES, direction, statement

# all relations of PrimeKG with the types of their two sides
PRIMEKG = """protein_protein ppi|gene/protein|gene/protein
drug_protein target|drug|gene/protein
drug_protein enzyme|drug|gene/protein
drug_protein carrier|drug|gene/protein
drug_protein transporter|drug|gene/protein
contraindication contraindication|drug|disease
indication indication|drug|disease
off-label use off-label use|drug|disease
drug_drug synergistic interaction|drug|drug
phenotype_protein associated with|effect/phenotype|gene/protein
phenotype_phenotype parent-child|effect/phenotype|effect/phenotype
disease_phenotype_negative phenotype absent|disease|effect/phenotype
disease_phenotype_positive phenotype present|disease|effect/phenotype
disease_protein associated with|disease|gene/protein
disease_disease parent-child|disease|disease
drug_effect side effect|drug|effect/phenotype
bioprocess_bioprocess parent-child|biological_process|biological_process
molfunc_molfunc parent-child|molecular_function|molecular_function
cellcomp_cellcomp parent-child|cellular_component|cellular_component
molfunc_protein interacts with|molecular_function|gene/protein
cellcomp_protein interacts with|cellular_component|gene/protein
bioprocess_protein interacts with|biological_process|gene/protein
exposure_protein interacts with|exposure|gene/protein
exposure_disease linked to|exposure|disease
exposure_exposure parent-child|exposure|exposure
exposure_bioprocess interacts with|exposure|biological_process
exposure_molfunc interacts with|exposure|molecular_function
exposure_cellcomp interacts with|exposure|cellular_component
pathway_pathway parent-child|pathway|pathway
pathway_protein interacts with|pathway|gene/protein
anatomy_anatomy parent-child|anatomy|anatomy
anatomy_protein_present expression present|anatomy|gene/protein
anatomy_protein_absent expression absent|anatomy|gene/protein"""


@pytest.mark.parametrize("line", PRIMEKG.splitlines())
def test_every_relation_of_primekg_reads_the_same_whichever_way_it_is_walked(line: str) -> None:
    relation, one, other = line.split("|")
    name = next(known for known in PHRASES if " ".join(known) == relation)
    there, back = direction(name, one, other), direction(name, other, one)
    assert {there, back} in ({"undirected"}, {"forward", "backward"})
    if there == "undirected":
        assert statement(name, there, "A", "B").replace("A", "x").replace("B", "x") == statement(
            name, back, "B", "A"
        ).replace("A", "x").replace("B", "x")
    else:
        assert statement(name, there, "A", "B") == statement(name, back, "B", "A")
    assert PHRASES[name].subject in (None, *NODE_TYPES)


def test_relations_inside_a_type_have_no_direction() -> None:
    assert direction(("disease_disease", "parent-child"), "disease", "disease") == "undirected"
    assert statement(("disease_disease", "parent-child"), "undirected", "a", "b") == "a is a parent or child term of b"


def test_the_drug_is_the_subject_of_its_indication() -> None:
    name = ("indication", "indication")
    assert (
        statement(name, direction(name, "disease", "drug"), "gout", "Colchicine") == "Colchicine is indicated for gout"
    )


def test_negatives_stay_negative() -> None:
    def words(relation: str, display: str, a: str, b: str) -> str:
        return statement((relation, display), direction((relation, display), a, b), "A", "B")

    assert words("contraindication", "contraindication", "drug", "disease") == "A is contraindicated in B"
    assert (
        words("disease_phenotype_negative", "phenotype absent", "disease", "effect/phenotype")
        == "A does not present with B"
    )
    assert (
        words("anatomy_protein_absent", "expression absent", "anatomy", "gene/protein")
        == "B is not expressed in the tissue A"
    )


def test_an_unknown_relation_is_quoted_not_interpreted() -> None:
    assert statement(("cures", "cures"), "undirected", "A", "B") == "A is connected by the relation “cures” with B"


def test_a_known_relation_between_unexpected_types_claims_nothing() -> None:
    name = ("indication", "indication")
    assert direction(name, "gene/protein", "anatomy") == "undirected"
    assert "connected by the relation “indication”" in statement(name, "undirected", "A", "B")


def test_the_note_that_a_disease_is_a_disease_is_left_out() -> None:
    assert (
        statement(("disease_protein", "associated with"), "undirected", "gout (disease)", "XDH")
        == "gout is associated with XDH"
    )
