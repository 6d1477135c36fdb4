"""Names that contain each other, and nodes that are one concept."""

import time

import pytest

from kg.fold import read_words
from kg.twins import contains_name, twin_key

FINDINGS, DRUG, GENE = ("disease", "effect/phenotype"), "drug", "gene/protein"


@pytest.mark.parametrize(
    ("a", "b", "contains"),
    [
        ("hypertension", "pulmonary hypertension", True),
        ("prostate cancer", "familial prostate carcinoma", True),
        ("Crohn disease", "Crohn's disease of the ileum", True),
        ("tumor of liver", "Neoplasms, Liver", True),
        ("gout", "gout", True),
        ("heart disease", "heart failure", True),
        ("type 1 diabetes mellitus", "type 2 diabetes mellitus", False),
        ("cholangitis", "cholecystitis", False),
        ("disease", "heart failure", False),
        ("", "heart failure", False),
    ],
)
def test_a_name_contains_another(a: str, b: str, contains: bool) -> None:
    assert contains_name(a, b) == contains_name(b, a) == contains


def test_only_names_of_one_kind_are_compared() -> None:
    assert contains_name("Anemia", "iron deficiency anemia", FINDINGS)
    assert contains_name("Morphine", "Morphine sulfate", (DRUG, DRUG))
    assert not contains_name("Iron", "iron deficiency anemia", (DRUG, FINDINGS[0]))


@pytest.mark.parametrize(
    "symbols",
    [
        ("GABRA1", "GABRA2", "GABRB3", "GABRG2", "GABRD"),
        ("CHRNA4", "CHRNB2", "CHRNE"),
        ("SCN5A", "SCN10A"),
        ("CACNA1C", "CACNA1D"),
        ("ADRA1A", "ADRA1B", "ADRA1D"),
        ("HTR3A", "HTR3B"),
        ("TUBB", "TUBB2A", "TUBA1A"),
    ],
)
def test_subunits_of_one_family_are_twins(symbols: tuple[str, ...]) -> None:
    assert len({twin_key(symbol, GENE) for symbol in symbols}) == 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("ADRA1A", "ADRB1"),
        ("ADRA1A", "ADRA2A"),
        ("ADRB1", "ADRB2"),
        ("HTR1A", "HTR2A"),
        ("HTR3A", "HTR2A"),
        ("SCN5A", "SCNN1A"),
        ("CACNA1C", "CACNA1G"),
        ("GRIN1", "GRINA"),
        ("RXRA", "RARA"),
    ],
)
def test_what_drugs_distinguish_is_no_twin(a: str, b: str) -> None:
    assert twin_key(a, GENE) != twin_key(b, GENE)


def test_a_disease_and_its_phenotype_a_drug_and_its_salts_are_twins() -> None:
    assert twin_key("Anemia", FINDINGS[1]) == twin_key("anemia (disease)", FINDINGS[0])
    assert twin_key("Morphine", DRUG) == twin_key("Morphine sulfate", DRUG) != twin_key("Morphine", GENE)
    assert twin_key("disease", FINDINGS[0]) != twin_key("syndrome", FINDINGS[0])
    assert twin_key("Calcium cation", DRUG) != twin_key("Zinc cation", DRUG)
    assert twin_key("heart", "anatomy") != twin_key("heart", "disease")


def test_the_list_names_each_beginning_once() -> None:
    beginnings = [row[0] for row in read_words("subunits.tsv")]
    assert len(beginnings) == len(set(beginnings))


def test_a_long_name_takes_no_time() -> None:
    begin = time.process_time()
    for type_ in ("gene/protein", "drug", "disease", "pathway"):
        assert twin_key("GABRA1" + "B" * 400_000, type_) != twin_key("GABRA1", type_)
    assert time.process_time() - begin < 1
