"""What gives a rewritten text away, and which of its numbers and citations nothing supports."""

import pytest

from dataset_builder.text_checks import rewritten
from dataset_builder.text_checks.rewritten import (
    reveals_material,
    unsupported,
    unsupported_citation,
    unsupported_number,
)

QUESTION = "A 61-year-old man takes 1,000 mg of allopurinol and has a uric acid of 9.5 mg/dL. What is the cause?"
NOTE = "The text takes the needles for calcium pyrophosphate and so confuses gout with its imitator"


@pytest.mark.parametrize(
    "text",
    [
        "As the error notes say, the trap is option B.",
        "The gold answer is A, so the needles are urate.",
        "Since the correct answer is given, the others fall.",
        "The provided answer is gout.",
        "The original rationale overlooked the needles.",
        "Unlike the draft, this looks at the crystals.",
        "Previous attempts at this question missed the crystals.",
        "An earlier text takes the needles for calcium pyrophosphate and so confuses gout with something else.",
        "The feedback points to the crystals.",
        "The reviewer's comments are right.",
        "I was told the answer.",
        "This agrees with the correct answer.",
    ],
)
def test_a_text_that_tells_of_notes_or_answer_is_found(text: str) -> None:
    assert reveals_material(text, [NOTE], [QUESTION])


@pytest.mark.parametrize(
    "text",
    [
        "Needles that are negatively birefringent are urate. Final answer: A",
        "The answer is gout, because the correct answer must explain the needles.",
        "Attempts at dissolving calcium pyrophosphate fail.",
        "A first draft of air, a note of caution, an error of metabolism.",
        "A 61-year-old man takes 1,000 mg of allopurinol and has a uric acid of 9.5 mg/dL.",
        "The patient's previous attempts to lose weight failed.",
        "None of the provided answer choices but gout fits; reduction succeeded on the first attempt.",
    ],
)
def test_clinical_prose_is_not(text: str) -> None:
    assert reveals_material(text, [NOTE, QUESTION], [QUESTION]) is None


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("In 83.7% of cases it is gout.", "83.7%"),
        ("It is 140 / 61 = 2.3.", "140"),
        ("A dose of 300 mg is usual.", "300"),
        ("It was shown in 2014.", "2014"),
        ("Sensitivity is 5 % here.", "5 %"),
        ("Prevalence peaks in 70-year-old men.", "70"),
        ("Needles are specific (Miller 2014).", "(Miller 2014)"),
        ("Miller et al. found needles.", "et al."),
        ("The ACR guidelines recommend colchicine.", "ACR guidelines"),
        ("Guidelines by the American College say so.", "Guidelines by the American"),
        ("A landmark randomized trial showed it.", "landmark randomized trial"),
        ("Published in the Lancet.", "Lancet"),
        ("See https://example.org/gout for it.", "https://example.org/gout"),
    ],
)
def test_what_nothing_supports_is_found(text: str, claim: str) -> None:
    assert unsupported(text, [QUESTION]) == claim


@pytest.mark.parametrize(
    "text",
    [
        "1. The man is 61 years old.\n2. He takes 1000 mg; his uric acid is 9.5.\n12) The end.",
        "Type 2 diabetes, vitamin B12, CD20, IL-12, 21-hydroxylase, 5-HT3, HLA-B27, T4 and chromosome 15 are names.",
        "Two of 4 options remain, and 3 of 5 findings fit.",
        "Trisomy 21 and HPV 16 are names, too. So is factor 13, and grade 3.",
        "Clinical judgement guides the physician.",
        "His clearance is 9.5 / 1,000 = 0.0095, or 9.5 * (61 - 1) = 570.",
    ],
)
def test_names_steps_small_counts_and_what_stands_in_the_question_are_not(text: str) -> None:
    assert unsupported(text, [QUESTION]) is None


def test_a_number_of_the_paths_or_the_context_is_supported() -> None:
    assert unsupported("It rises in 42% of them.", [QUESTION, "Of 1,200 patients, 42% had it."]) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("in chromosomes 12 and Type 21, lead 40", None),
        ("types  40", "40"),  # two spaces: no name
        ("type \n40", "40"),
        ("a 1-type 40 cell", "40"),  # the word belongs to the number before
        ("prototype 40", "40"),
        ("40-year, -40, 0.40", "40"),
        ("٤٠ mg", "٤٠"),
    ],
)
def test_a_number_is_no_part_of_a_name_unless_the_name_is_right_before_it(text: str, number: str | None) -> None:
    assert unsupported_number(text, "") == number


@pytest.mark.parametrize(
    "text",
    [
        "See NEJM.",
        "(Smith and Jones, 1999)",
        "ACC/AHA Guidelines",
        "a pivotal study",
        "Doe ET AL",
        "doi",
        "PMID",
        "https://x.org",
    ],
)
def test_a_text_with_no_word_of_a_citation_is_not_searched(text: str) -> None:
    found = rewritten._CITATION.search(text)
    assert unsupported_citation(text, "") == (found and found.group())
