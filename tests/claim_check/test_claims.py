"""Sentences to claims: which pairs, which cues, what is denied. Names stand in capitals, with their type after an underscore."""

import re

import pytest

from dataset_builder.claim_check.given_hops.claims import claims
from dataset_builder.claim_check.given_hops.clauses import read
from dataset_builder.claim_check.given_hops.cue_verdicts import read_against
from dataset_builder.claim_check.given_hops.cue_words import is_about_a_patient, is_cue, is_given
from dataset_builder.claim_check.given_hops.sentences import sentences
from dataset_builder.claim_check.parsing import Name

TYPES = {"D": "drug", "I": "disease", "P": "effect/phenotype", "G": "gene/protein", "B": "biological_process"}


def names_in(text: str) -> list[Name]:
    """D1 is a drug, I1 a disease, and so on; the node is the number of the name."""
    numbers: dict[str, int] = {}
    found = []
    for match in re.finditer(r"\b([DIPGB])\d\b", text):
        node = numbers.setdefault(match[0], len(numbers))
        found.append(Name(match.start(), match.end(), (node,), frozenset([TYPES[match[1]]])))
    return found


def read_claims(text: str, *edges: str) -> dict[str, str]:
    """ "D1 I1" to the kinds of its cues, a denied one with a bang; what is read of words that are not on the list is left out."""
    named = names_in(text)
    words = {name: text[name.start : name.end] for name in named}

    def connected(a: Name, b: Name) -> bool:
        return f"{words[a]} {words[b]}" in edges or f"{words[b]} {words[a]}" in edges

    found = claims(0, len(text), read(text, 0, len(text), named), connected)
    return {
        f"{words[c.a]} {words[c.b]}": " ".join(
            ("!" if cue.denied ^ c.unlike else "") + min(cue.kinds) for cue in c.cues
        )
        for c in found
        if c.cues[0].kinds != {"unread"}
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D1 treats I1.", {"D1 I1": "treat"}),
        ("I1 is treated with D1 or D2.", {"I1 D1": "treat", "I1 D2": "treat"}),
        ("D1 treats I1 and targets G1.", {"D1 I1": "treat", "D1 G1": "aim"}),
        ("D1 treats I1, which presents with P1.", {"D1 I1": "treat", "I1 P1": "link"}),
        ("D1, which targets G1, treats I1.", {"D1 G1": "aim", "D1 I1": "treat"}),
        ("D1 treats I1, and G1 is involved in B1.", {"D1 I1": "treat", "G1 B1": "link"}),
        ("D1 targets G1, and G2 interacts with G3.", {"D1 G1": "aim", "G2 G3": "link"}),
        ("There is a link between G1 and I1.", {"G1 I1": "link tie"}),
        ("In I1, P1 is common.", {"I1 P1": "link"}),
        ("G1 and G2 interact.", {"G1 G2": "link"}),
        ("The use of D1 in I1 is contraindicated.", {"D1 I1": "use harm"}),
        ("D1 causes P1, and it is unsafe to give D2 to people with I1.", {"D1 P1": "cause", "D2 I1": "harm use"}),
        ("In I1, P1 is found on clinical examination.", {"I1 P1": "link"}),
    ],
)
def test_who_is_connected_with_whom(text: str, expected: dict[str, str]) -> None:
    assert read_claims(text, "G1 G2") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D1 does not treat I1.", {"D1 I1": "!treat"}),
        ("No D1 treats I1.", {"D1 I1": "!treat"}),
        ("D1 treats neither I1 nor I2.", {"D1 I1": "!treat", "D1 I2": "!treat"}),
        ("D1 is not only used for I1.", {"D1 I1": "use"}),
        ("There is no doubt that D1 treats I1.", {"D1 I1": "treat"}),
        ("D1 treats I1 rather than I2.", {"D1 I1": "treat", "D1 I2": "!treat"}),
        ("Unlike D2, D1 treats I1.", {"D1 I1": "treat", "D2 I1": "!treat"}),
        ("D1 does not treat I1, but targets G1.", {"D1 I1": "!treat", "D1 G1": "aim"}),
        ("D1 must not be given in I1, which is linked to G1.", {"D1 I1": "!use", "I1 G1": "tie"}),
        ("I1 presents without P1.", {"I1 P1": "!link"}),
        ("Without G1, B1 would not work.", {"G1 B1": "link"}),
        ("Those who have I1 do not get P1.", {"I1 P1": "!link"}),
        ("It is not true that D1 treats I1.", {"D1 I1": "!treat"}),
        ("D1 does not serve as a carrier for G1.", {"D1 G1": "!carry"}),
        ("G1, blocked by D1, would not be appropriate.", {"G1 D1": "aim"}),
        ("There is no place for D1 in the treatment of I1.", {"D1 I1": "nouse treat"}),
    ],
)
def test_what_is_denied(text: str, expected: dict[str, str]) -> None:
    assert read_claims(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "D1 and I1.",
        "D1 was discussed before the family of the patient came to speak about all that had happened at home, and I1 was known.",
        "I1 is a common reason for what D1 does to the skin of people who live by the sea and eat much fish every day and I2.",
    ],
)
def test_what_claims_nothing(text: str) -> None:
    assert read_claims(text) == {}


def test_where_grammar_leaves_a_choice_the_graph_decides() -> None:
    text = "G1 interacts with G2, takes part in B1."
    assert "G1 B1" in read_claims(text, "G1 B1") and "G2 B1" in read_claims(text, "G2 B1")


def test_them_are_the_two_of_the_clause_before() -> None:
    text = "D1 and D2 can be taken together because there is no interaction between them."
    assert read_claims(text, "D1 D2") == {"D1 D2": "use join link !link"}


OFF_LABEL, SIDE_EFFECT, CONTRA = (("off-label use",) * 2, ("drug_effect", "side effect"), ("contraindication",) * 2)


@pytest.mark.parametrize(
    ("text", "edge", "verdict"),
    [
        ("D1 is used off label for I1.", OFF_LABEL, "supported"),
        ("D1 is not used off label for I1.", OFF_LABEL, "contradicted"),
        ("There is no off-label use of D1 in I1.", OFF_LABEL, "contradicted"),
        ("In I1, off-label prescribing of D1 is not practised.", OFF_LABEL, "contradicted"),
        ("Nobody prescribes D1 for I1, either on-label or off-label.", OFF_LABEL, "contradicted"),
        ("Although it is not approved for I1, D1 is often used there.", OFF_LABEL, "supported"),
        ("Treatment with D1 is associated with an increased risk of P1.", SIDE_EFFECT, "supported"),
        ("Patients who take D1 do not develop P1.", SIDE_EFFECT, "contradicted"),
        ("Patients with I1 can take D1 without added risk.", CONTRA, "contradicted"),
        ("D1 is used to treat I1.", CONTRA, "contradicted"),
    ],
)
def test_what_the_graph_says_of_it(text: str, edge: tuple[str, str], verdict: str) -> None:
    named = names_in(text)
    (claim,) = claims(0, len(text), read(text, 0, len(text), named), lambda a, b: True)
    assert read_against(claim, [edge]).verdict == verdict


def test_two_drugs_that_do_not_interact_are_denied() -> None:
    text = "D1 and D2 can be taken together because there is no interaction between them."
    (claim,) = claims(0, len(text), read(text, 0, len(text), names_in(text)), lambda a, b: True)
    assert read_against(claim, [("drug_drug", "synergistic interaction")]).verdict == "contradicted"


def test_steps_and_sentences_by_offsets() -> None:
    text = "1. Gout hurts. It swells!\n\n2. Urate decides.\n"
    assert [[text[a:b] for a, b in step] for step in sentences(text)] == [
        ["1.", "Gout hurts.", "It swells!"],
        ["2.", "Urate decides."],
    ]


@pytest.mark.parametrize(
    ("text", "given"),
    [("digoxin", True), ("low digoxin", False), ("digoxin toxicity", False), ("digoxin in plasma", True)],
)
def test_a_drug_s_level_is_no_drug(text: str, given: bool) -> None:
    start = text.index("digoxin")
    assert is_given(text, start, start + len("digoxin")) is given


def test_words_that_are_cues_and_sentences_of_patients() -> None:
    assert is_cue("binding") and is_cue("side effect") and not is_cue("gout")
    assert is_about_a_patient("This patient lacks fever.", 0, 25) and not is_about_a_patient(
        "Gout lacks fever.", 0, 17
    )
