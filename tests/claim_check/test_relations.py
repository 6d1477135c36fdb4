"""What a sentence claims of two of its names, read from its dependency tree: relation, direction, mode. And the reader as people call it."""

from itertools import pairwise

import pytest

from dataset_builder.claim_check import Claim, Written, check_texts, read_claims
from dataset_builder.claim_check.reader import claim_reader
from kg import KG
from kg.abbreviations import defined

NAMES = {
    "drug": ("Metformin", "Ibuprofen", "Colchicine", "Lithium", "Warfarin", "Aspirin"),
    "disease": ("gout", "asthma", "migraine", "celiac disease", "arthritis", "thrombotic purpura", "measles"),
    "effect/phenotype": ("Fever", "Cough", "Nausea", "Tremor", "Photophobia"),
    "gene/protein": ("ABCG2", "CYP3A4", "TUBB", "THP"),
}
LINKS = (
    "Colchicine drug | indication | gout disease",
    "Ibuprofen drug | contraindication | asthma disease",
    "Lithium drug | drug_effect: side effect | Tremor effect/phenotype",
    "migraine disease | disease_phenotype_positive: phenotype present | Photophobia effect/phenotype",
    "ABCG2 gene/protein | disease_protein: associated with | gout disease",
)


@pytest.fixture(scope="module")
def kg(tmp_path_factory: pytest.TempPathFactory) -> KG:
    from kg.readers.primekg import COLUMNS
    from tests.conftest import _rows

    nodes = [f"{name} {type_}" for type_, names in NAMES.items() for name in names]
    chain = [f"{a} | anatomy_anatomy: parent-child | {b}" for a, b in pairwise(nodes)]  # so that every name is a node
    path = tmp_path_factory.mktemp("graph") / "kg.csv"
    path.write_text("\n".join([",".join(COLUMNS), *_rows([*LINKS, *chain])]) + "\n", encoding="utf-8")
    return KG.load(path)


def told(kg: KG, text: str) -> set[str]:
    """Each claim on a line."""
    return {
        f"{c.from_name} {c.relation} {c.to_name}{'' if c.mode == 'stated' else f' ({c.mode})'}"
        for c in read_claims(text, kg)
    }


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Colchicine is used to treat gout.", "Colchicine indication gout"),
        ("Gout is often managed with colchicine.", "Colchicine indication gout"),
        ("The drug of choice for gout is colchicine.", "Colchicine indication gout"),
        ("Ibuprofen should be avoided in patients with asthma.", "Ibuprofen contraindication asthma"),
        ("Ibuprofen must not be given in asthma.", "Ibuprofen contraindication asthma"),
        ("Lithium can cause tremor.", "Lithium side effect Tremor"),
        ("Tremor is a known side effect of lithium.", "Lithium side effect Tremor"),
        ("Migraine presents with photophobia.", "migraine phenotype present Photophobia"),
        ("Photophobia is a symptom of migraine.", "migraine phenotype present Photophobia"),
        ("The patient's cough suggests asthma.", "asthma phenotype present Cough"),
        ("Fever is consistent with measles.", "measles phenotype present Fever"),
        ("Measles is characterized by fever.", "measles phenotype present Fever"),
        ("Gout is caused by mutations in the ABCG2 gene.", "ABCG2 associated with gout"),
        ("Colchicine is metabolized by CYP3A4.", "Colchicine enzyme CYP3A4"),
        ("Colchicine inhibits TUBB.", "Colchicine target TUBB"),
        ("Warfarin interacts with aspirin.", "Warfarin interacts with Aspirin"),
        ("There is an interaction between warfarin and aspirin.", "Warfarin interacts with Aspirin"),
        ("Gout is a type of arthritis.", "arthritis parent-child gout"),
    ],
)
def test_a_relation_has_its_word(kg: KG, text: str, claims: str) -> None:
    assert told(kg, text) == {claims}


@pytest.mark.parametrize(
    "text",
    [
        "Aspirin or warfarin was discussed.",
        "Fever and cough were noted.",
        "Gout, asthma and migraine are diseases.",
        "Lithium is given daily, and tremor was looked for.",
        "Ibuprofen deficiency has nothing to do with asthma; levels of ibuprofen were low.",
        "Warfarin was started after aspirin.",
        "Is colchicine used to treat gout?",
        "The patient has gout and a cough.",
    ],
)
def test_names_that_are_only_listed_are_not_related(kg: KG, text: str) -> None:
    assert told(kg, text) == set()


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("Colchicine treats gout.", "stated"),
        ("Colchicine does not treat gout.", "denied"),
        ("Colchicine is ineffective in gout.", "denied"),
        ("The use of colchicine in gout is not effective.", "denied"),
        ("It is unclear whether colchicine treats gout.", "hedged"),
        ("Option B states that colchicine treats gout.", "hedged"),
        ("It is not true that colchicine treats gout.", "hedged"),
        ("The patient is treated with colchicine for gout.", "patient"),
        ("A 40-year-old man used colchicine for gout.", "patient"),
    ],
)
def test_modes(kg: KG, text: str, mode: str) -> None:
    assert [(c.relation, c.mode, c.negated) for c in read_claims(text, kg)] == [("indication", mode, mode == "denied")]


def test_not_the_first_choice_denies_nothing(kg: KG) -> None:
    assert told(kg, "Colchicine is not the first-line treatment for gout.") == set()
    assert told(kg, "Colchicine is not typically used for gout.") == set()


def test_a_denial_bears_on_its_own_part_of_the_sentence(kg: KG) -> None:
    text = "Colchicine is used for gout, not for asthma."
    assert told(kg, text) == {"Colchicine indication gout", "Colchicine indication asthma (denied)"}
    text = "Ibuprofen is used for pain, not gout. Colchicine is used for gout and arthritis, not pinworms."
    assert {"Colchicine indication gout", "Colchicine indication arthritis"} <= told(kg, text)
    text = "Migraine, which presents with photophobia, was not considered."
    assert told(kg, text) == {"migraine phenotype present Photophobia"}


def test_an_abbreviation_means_what_the_text_says_it_means(kg: KG) -> None:
    text = "Thrombotic purpura (THP) is a disease. THP presents with fever."
    assert told(kg, text) == {"thrombotic purpura phenotype present Fever"}
    assert "THP" in {c.from_name for c in read_claims("THP is associated with gout.", kg)}
    assert told(kg, "Total high pressure (THP) was read. THP is associated with gout.") == set()


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("chronic obstructive pulmonary disease (COPD)", "chronic obstructive pulmonary disease"),
        ("He has a transient ischemic attack (TIA).", "transient ischemic attack"),
        ("seen in heart failure (see below)", None),
        ("the patient (NASA)", None),
    ],
)
def test_abbreviations(text: str, long: str | None) -> None:
    assert [text[slice(*span)] for span in defined(text).values()] == ([long] if long else [])


def test_a_claim_says_where_it_stands_and_what_the_graph_has(kg: KG) -> None:
    text = "First.\n\nIbuprofen is used to treat asthma."
    [claim] = read_claims(text, kg)
    assert isinstance(claim, Claim) and text[claim.start : claim.end] == "Ibuprofen is used to treat asthma."
    assert text[claim.from_start : claim.from_end] == "Ibuprofen" and text[claim.to_start : claim.to_end] == "asthma"
    assert claim.verdict == "contradicted" and claim.graph == "Ibuprofen is contraindicated in asthma"
    assert read_claims("", kg) == read_claims("Gout.", kg) == []


def test_to_accuse_takes_a_sentence_that_says_nothing_else(kg: KG) -> None:
    [claim] = read_claims("Ibuprofen is used against the sniffing of glue in asthma.", kg) or [None]
    assert claim is None or claim.verdict == "unknown"


def test_texts_are_read_as_one_by_one_however_they_are_grouped(kg: KG) -> None:
    texts = [
        "Colchicine treats gout.",
        "",
        "Lithium can cause tremor. Measles is characterized by fever.",
        "Colchicine treats gout.",
    ]
    reader = claim_reader("spacy")
    assert reader is not None
    together = check_texts(kg, [Written(text) for text in texts], reader)
    assert together == [read_claims(text, kg) for text in texts]


def test_the_graph_s_own_sentences_and_lines_of_arrows_are_not_parsed(kg: KG) -> None:
    reader = claim_reader("spacy")
    assert reader is not None
    a, b = (int(kg.nodes.index[kg.nodes.name.index(name)]) for name in ("Colchicine", "gout"))
    given = {"Colchicine is indicated for gout": (a, b, "indication")}
    text = "1. Colchicine —indication→ gout\n\n1. Colchicine is indicated for gout."
    quoted, line = sorted(check_texts(kg, [Written(text, statements=given)], reader)[0], key=lambda c: -c.start)
    assert (quoted.relation, quoted.verdict) == (line.relation, line.verdict) == ("indication", "supported")
    assert text[quoted.start : quoted.end] == "Colchicine is indicated for gout."
    turkish = "İİİ.\nColchicine is indicated for gout."  # small letters of the first line are more characters
    [quoted] = check_texts(kg, [Written(turkish, statements=given)], reader)[0]
    assert turkish[quoted.from_start : quoted.from_end] == "Colchicine" and quoted.end == len(turkish)
    turned = "It is not true that Colchicine is indicated for gout."
    assert [c.mode for c in check_texts(kg, [Written(turned, statements=given)], reader)[0]] != ["stated"]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Lithium can cause tremor.", "supported"),
        ("Lithium does not cause tremor.", "contradicted"),
        ("Colchicine causes gout.", "unknown"),  # a drug can also cause what it is given for
        ("Colchicine does not cause gout.", "unknown"),
        ("Ibuprofen is used to treat asthma.", "contradicted"),
        ("Colchicine is contraindicated in gout.", "contradicted"),
    ],
)
def test_what_the_graph_says_of_therapy_and_side_effects(kg: KG, text: str, verdict: str) -> None:
    assert [claim.verdict for claim in read_claims(text, kg)] == [verdict]
