"""What is told of a relative: every rule by a sentence that would come out otherwise without it."""

import pytest

from kg.fold import read_words
from tests.kg.test_mentions import FINDER

ASKS = " Which of the following is the best treatment?"


def of_family(text: str) -> list[str]:
    return [mention.text for mention in FINDER.find(text + ASKS) if mention.family]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("She has a family history of seizures.", ["seizures"]),
        ("Her mother has anemia.", ["anemia"]),
        ("His father died of hepatitis at 60, and his aunt had seizures.", ["hepatitis", "seizures"]),
        ("His older brother and his uncle also had anemia.", ["anemia"]),
        ("Her sister, who has anemia, gave her warfarin.", ["anemia", "warfarin"]),
        ("Her sister was diagnosed with sleep apnea.", ["sleep apnea"]),
        ("Her brother was hospitalized last year for hepatitis.", ["hepatitis"]),
        ("Family history is notable for obesity in her mother.", ["obesity"]),
        ("His father has anemia, but he has a cough.", ["anemia"]),
        ("His father has anemia; a cough was heard.", ["anemia"]),
        ("His father has anemia. A cough was heard.", ["anemia"]),
        ("Her father has anemia and she takes warfarin.", ["anemia"]),
        # who tells, and who is the patient
        ("He is brought by his mother because of fever.", []),
        ("A boy who was brought by his father has fever.", []),
        ("He was brought by his father, who has anemia.", ["anemia"]),
        ("His mother has noticed a cough.", []),
        ("Her mother has the same anemia.", []),
        ("His mother reports that he has had fever.", []),
        ("The mother has preeclampsia.", []),
        ("A newborn is weak. His mother has anemia.", []),
        ("He has anemia and lives with his sister.", []),
    ],
)
def test_what_is_told_of_a_relative(text: str, found: list[str]) -> None:
    assert of_family(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "His father has anemia. What is the chance that he inherits it?",
        "Her father has anemia. What should her sister be told?",
        "A family history of anemia is a risk factor for which of the following?",
        "Her sister has anemia. Which gene is mutated?",
    ],
)
def test_a_question_about_the_family_is_about_its_diseases(text: str) -> None:
    assert [(mention.text, mention.family) for mention in FINDER.find(text)] == [("anemia", False)]


def test_denied_and_of_a_relative_are_two_flags() -> None:
    (mention,) = FINDER.find("There is no family history of anemia." + ASKS)
    assert mention.negated and mention.family and not mention.counts


def test_every_cue_has_a_known_kind() -> None:
    rows = read_words("family.tsv")
    assert {kind for _, kind in rows} == {"relative", "tells", "skipped", "other", "opens", "closes", "asked"}
    assert len({cue for cue, _ in rows}) == len(rows)
