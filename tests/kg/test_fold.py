"""Folding: each rule by a pair of writings that only this rule brings together, and by a pair that must stay apart."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Crohn's disease", "Crohn disease"),
        ("Crohn’s disease", "Crohn disease"),
        ("β-thalassemia", "beta thalassemia"),
        ("Ménière disease", "Meniere disease"),
        ("haemorrhage", "hemorrhage"),
        ("oedema", "edema"),
        ("tumour", "tumor"),
        ("sulphasalazine", "sulfasalazine"),
        ("goitre", "goiter"),
        ("catheterisation", "catheterization"),
        ("hydrolysed", "hydrolyzed"),
        ("pre-eclampsia", "preeclampsia"),
        ("measles (disease)", "Measles"),
        ("T-cell lymphoma", "T cell lymphoma"),
    ],
)
def test_n1_meets(one: str, other: str) -> None:
    assert fold.n1_key(one) == fold.n1_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("(+)-carvone", "(-)-carvone"), ("L-dopa", "D-dopa"), ("hepatitis B", "hepatitis C"), ("tumor", "tumors")],
)
def test_n1_keeps_apart(one: str, other: str) -> None:
    assert fold.n1_key(one) != fold.n1_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kidney stones", "kidney stone"),
        ("metastases", "metastasis"),
        ("thromboses", "thrombosis"),
        ("dialyses", "dialysis"),
        ("biopsies", "biopsy"),
        ("abscesses", "abscess"),
        ("viruses", "virus"),
        ("fistula, anal", "anal fistula"),
        ("collagen type II", "collagen type 2"),
        ("diabetes type 2", "diabetes 2"),
        ("carcinoma of the colon", "colon carcinoma"),
    ],
)
def test_n2_meets(one: str, other: str) -> None:
    assert fold.n2_key(one) == fold.n2_key(other)


def test_the_name_of_a_greek_letter_is_spelled_as_in_medicine() -> None:
    assert fold.n1_key("λΣς") == "lambda sigma sigma"


def test_short_words_are_not_folded() -> None:
    assert fold.fold_word("aloe") == "aloe"


@pytest.mark.parametrize(("word", "expected"), [("kinases", "kinase"), ("diseases", "disease"), ("aids", "aids")])
def test_singular(word: str, expected: str) -> None:
    assert fold.singular(word) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("Behcet syndrome", "Behcet disease"), ("thyroid tumor", "thyroid neoplasm"), ("tic disorders", "tic")],
)
def test_n3_meets(one: str, other: str) -> None:
    assert fold.n3_key(one) == fold.n3_key(other)


def test_n3_keeps_two_diseases_of_one_eponym_apart() -> None:
    assert fold.n3_key("Cushing disease") != fold.n3_key("Cushing syndrome")


@pytest.mark.parametrize("name", ["disease", "syndromes", "neoplasm", ""])
def test_n3_of_a_bare_disease_word_is_empty(name: str) -> None:
    assert fold.n3_key(name) == ""


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("Warfarin sodium", "warfarin"),
        ("Codeine phosphate hemihydrate", "codeine"),
        ("Sodium chloride", ""),
        ("Ferrous sulfate", ""),
        ("Zinc oxide", ""),
    ],
)
def test_drug_salt_key(name: str, base: str) -> None:
    assert fold.drug_salt_key(name) == base


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cephradine", "cefradine"),
        ("indomethacin", "indometacin"),
        ("oxycodone", "oxicodone"),
        ("oestrone", "estrone"),
        ("chlordiazepoxide", "clordiazepoxide"),
        ("benzatropine", "benzattropine"),
        ("sulfacetamide", "sulfacetamid"),
    ],
)
def test_drug_phonetic_key_meets(one: str, other: str) -> None:
    assert fold.drug_phonetic_key(one) == fold.drug_phonetic_key(other)


@pytest.mark.parametrize(
    ("name", "exact"), [("WAS", True), ("COPD", True), ("p53", False), ("Was", False), ("A B", False)]
)
def test_is_exact_case(name: str, exact: bool) -> None:
    assert fold.is_exact_case(name) is exact


def test_lab_chemicals_are_found_by_their_n1_key() -> None:
    assert fold.n1_key("Oxygen") in fold.lab_chemicals()
    assert fold.n1_key("Sodium Chloride") in fold.lab_chemicals()
    assert fold.n1_key("Metformin") not in fold.lab_chemicals()


@given(st.text())
def test_keys_are_idempotent(text: str) -> None:
    for key in (fold.n1_key, fold.n2_key, fold.n3_key, fold.drug_salt_key):
        assert key(key(text)) == key(text)


ENDINGS = ["ae", "oe", "our", "s", "es", "ies", "ses", "ss", "us", "se", "st", "'s", "'", "i", "v", "x"]
WORD_PARTS = st.lists(
    st.sampled_from([*ENDINGS, "pre-", "Pre-", " ", "-", "1", "tum", "haem", "β", "É", "ß", "İ", "½"])
)


@given(WORD_PARTS)
def test_keys_are_idempotent_on_word_like_text(parts: list[str]) -> None:
    for key in (fold.n1_key, fold.n2_key, fold.n3_key):
        assert key(key("".join(parts))) == key("".join(parts))


@given(st.text())
def test_tokens_lie_in_order_and_never_cross(text: str) -> None:
    spans = [match.span() for match in fold.tokens(text)]
    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_the_letter_a_is_a_kind_not_an_article() -> None:
    assert fold.n2_key("hepatitis A") != fold.n2_key("hepatitis")
    assert fold.n2_key("deficiency of the enzyme") == fold.n2_key("enzyme deficiency")


def test_thousands_of_digits_are_one_number_above_36() -> None:
    assert fold.numbers("type " + "9" * 5_000) == fold.numbers("type 37") != fold.numbers("type 36")
