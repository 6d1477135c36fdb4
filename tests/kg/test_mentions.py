"""Mentions in a text: every rule by a sentence that would come out otherwise without it, and offsets by property."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.contents import Nodes
from kg.mentions import Mention, MentionFinder

NODES = [
    (100, "disease", "sleep apnea"),
    (101, "effect/phenotype", "Apnea"),
    (102, "disease", "anemia (disease)"),
    (130, "effect/phenotype", "Anemia"),
    (103, "effect/phenotype", "Seizure"),
    (104, "drug", "Warfarin"),
    (105, "gene/protein", "WAS"),
    (106, "gene/protein", "SHE"),
    (107, "gene/protein", "KRAS"),
    (108, "anatomy", "blood"),
    (109, "effect/phenotype", "All"),
    (110, "disease", "obesity"),
    (111, "effect/phenotype", "Obesity"),
    (112, "effect/phenotype", "Purpura, Thrombocytopenic"),
    (113, "effect/phenotype", "Fever"),
    (114, "effect/phenotype", "Cough"),
    (115, "disease", "myocardial infarction"),
    (116, "disease", "preeclampsia"),
    (117, "disease", "hepatitis"),
    (118, "disease", "Crohn disease"),
    (119, "drug", "Oxygen"),
    (120, "disease", "AIDS"),
    (121, "effect/phenotype", "Pain"),
    (122, "disease", "non-Hodgkin lymphoma"),
    (123, "gene/protein", "CP"),
    (124, "disease", "tumor of liver"),
    (125, "disease", "Crohn disease"),
    (126, "drug", "Cough, Fever"),
    (127, "disease", "E. coli infection"),
    (128, "gene/protein", "Mrap"),
    (129, "disease", "lack of sleep"),
]


def nodes(rows: list[tuple[int, str, str]] = NODES) -> Nodes:
    index, types, names = zip(*rows, strict=True)
    return Nodes(
        np.array(index, dtype=np.int64), [str(i) for i in index], list(types), list(names), ["own"] * len(rows)
    )


FINDER = MentionFinder(nodes())


def texts(text: str) -> list[str]:
    return [mention.text for mention in FINDER.find(text)]


def negated(text: str) -> list[str]:
    return [mention.text for mention in FINDER.find(text) if mention.negated]


def test_a_mention_carries_place_type_and_public_index() -> None:
    assert FINDER.find("Give warfarin today.") == [Mention(5, 13, "warfarin", "drug", (104,), False)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Two seizures were seen", "seizures"),
        ("Anaemia is common", "Anaemia"),
        ("a case of Crohn’s disease here", "Crohn’s disease"),
        ("pre-eclampsia is likely", "pre-eclampsia"),
        ("PREECLAMPSIA", "PREECLAMPSIA"),
        ("Tumours of liver", "Tumours of liver"),
        ("thrombocytopenic purpura was found", "thrombocytopenic purpura"),
        ("a heart attack last year", "heart attack"),
        ("after an MI", "MI"),
        ("fe\u0301ver", "fe\u0301ver"),
    ],
)
def test_spelling_is_folded_and_the_span_is_the_text_itself(text: str, found: str) -> None:
    assert texts(text) == [found]


def test_the_longest_match_wins() -> None:
    assert texts("He has sleep apnea and apnea") == ["sleep apnea", "apnea"]


def test_a_word_inside_a_word_is_no_match() -> None:
    assert texts("feverfew, coughdrop") == []


@pytest.mark.parametrize(
    "text", ["He needs sleep. Apnea is absent", "he lost sleep; apnea", "sleep (apnea)", "too little sleep? Apnea!"]
)
def test_no_match_crosses_the_end_of_a_sentence_or_clause(text: str) -> None:
    assert "sleep apnea" not in [found.lower() for found in texts(text)]
    assert [found.lower() for found in texts(text)] == ["apnea"]


def test_a_wrapped_line_is_no_end() -> None:
    assert texts("sleep\napnea") == ["sleep\napnea"]


def test_one_capital_and_a_stop_are_no_end() -> None:
    assert texts("after E. coli infection") == ["E. coli infection"]


def test_a_comma_of_the_name_must_be_there() -> None:
    assert texts("cough fever") == ["cough", "fever"]
    assert texts("cough, fever") == ["cough, fever"]


def test_the_suffix_disease_in_brackets_is_not_in_texts() -> None:
    (mention,) = FINDER.find("anemia")
    assert mention.nodes == (102, 130)


def test_a_negation_word_inside_a_mention_negates_nothing() -> None:
    assert negated("The lack of sleep gave him fever.") == []


@pytest.mark.parametrize("text", ["She was tired", "SHE WAS TIRED", "kras", "Kras", "mrap"])
def test_gene_symbols_need_their_case_and_may_not_be_english_words(text: str) -> None:
    assert texts(text) == []


def test_a_gene_symbol_in_its_case_is_found() -> None:
    assert texts("a KRAS mutation") == ["KRAS"]


@pytest.mark.parametrize(("text", "found"), [("AIDS", ["AIDS"]), ("he aids her", []), ("mi amigo", [])])
def test_abbreviations_match_in_capitals_only(text: str, found: list[str]) -> None:
    assert texts(text) == found


@pytest.mark.parametrize("text", ["All of the following", "CP is high"])
def test_stopped_and_very_short_names_are_no_mentions(text: str) -> None:
    assert texts(text) == []


@pytest.mark.parametrize("text", ["oxygen saturation is 98%", "blood pressure", "pain medication was given"])
def test_a_blocker_swallows_the_name_inside_it(text: str) -> None:
    assert texts(text) == []


def test_a_blocker_that_is_a_name_of_the_graph_does_not_block() -> None:
    finder = MentionFinder(nodes([*NODES, (200, "disease", "heart block")]))
    assert [mention.text for mention in finder.find("a heart block")] == ["heart block"]


def test_an_alias_without_a_node_swallows_the_name_inside_it() -> None:
    assert texts("chronic hepatitis C and hepatitis") == ["hepatitis"]


def test_several_types_of_one_name() -> None:
    (mention,) = FINDER.find("obesity")
    assert (mention.type, mention.nodes) == ("disease", (110, 111))


def test_two_nodes_with_one_name_are_both_there() -> None:
    (mention,) = FINDER.find("Crohn disease")
    assert mention.nodes == (118, 125)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He denies fever, cough, or seizures.", ["fever", "cough", "seizures"]),
        ("There is no fever but a cough.", ["fever"]),
        ("No fever. Cough is present.", ["fever"]),
        ("No fever; cough since Monday.", ["fever"]),
        ("Negative for anemia.", ["anemia"]),
        ("There was no history of seizures.", ["seizures"]),
        ("Fever was absent.", ["Fever"]),
        ("Anemia has been ruled out.", ["Anemia"]),
        ("There was a cough but fever was absent.", ["fever"]),
        ("He has no fever and takes warfarin.", ["fever"]),
        ("She denies fever, is obese and has obesity.", ["fever"]),
        ("There was no increase in fever.", []),
        ("He has not only fever.", []),
        ("No change in pain.", []),
        ("A patient with non-Hodgkin lymphoma and fever", []),
        ("Fever and cough.", []),
    ],
)
def test_negation(text: str, expected: list[str]) -> None:
    assert negated(text) == expected


@pytest.mark.parametrize("text", ["", " ", "\n\n", ".", "'s", "\u0301", "no", "\ud800"])
def test_odd_texts_have_no_mention(text: str) -> None:
    assert FINDER.find(text) == []


WORDS = ["sleep", "apnea", "Anaemia", "fever", "coughs", "KRAS", "no", "denies", "was", "absent", "heart", "attack"]
MARKS = [";", ".", ",", "-", "'", "'s", "(", ")", "\n", "+", "é", "ß", "İ", "\ufb01", "½", "\u03b1"]


@given(st.one_of(st.text(), st.lists(st.sampled_from([*WORDS, *MARKS, " ", " ", " "])).map("".join)))
def test_spans_are_exact_sorted_and_disjoint(text: str) -> None:
    found = FINDER.find(text)
    assert all(text[mention.start : mention.end] == mention.text != "" for mention in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(mention.nodes for mention in found)


@given(st.text())
def test_finding_is_a_function_of_the_text(text: str) -> None:
    assert FINDER.find(text) == FINDER.find(text)


@given(st.sampled_from([name for _, _, name in NODES if name not in ("WAS", "SHE", "CP", "All", "blood", "Oxygen")]))
def test_every_other_name_of_the_graph_is_found_whole(name: str) -> None:
    assert [name.removesuffix(" (disease)")] == texts(f"There it is: {name.removesuffix(' (disease)')}.")


SYNONYMS = {
    103: ["Convulsions", "Falling sickness", "Fever", "shared words", "FIT", "recurrent fits"],
    104: ["shared words"],
    101: ["Standstill, Respiratory", "severe", "heart attack"],
    109: ["everything there"],
    118: ["granulomatous ileitis"],
    125: ["granulomatous ileitis"],
    121: ["cutting"],
}
SECOND = MentionFinder(
    replace(nodes(), synonyms=pa.array([SYNONYMS.get(index, []) for index, _, _ in NODES], pa.list_(pa.string())))
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the falling sicknesses", {"falling sicknesses": (103,)}),
        ("a convulsion and a FIT, but he is fit", {"convulsion": (103,), "FIT": (103,)}),
        ("respiratory standstill", {"respiratory standstill": (101,)}),
        ("granulomatous ileitis", {"granulomatous ileitis": (118, 125)}),
    ],
)
def test_synonyms_are_found_as_names_are(text: str, found: dict[str, tuple[int, ...]]) -> None:
    assert {mention.text: mention.nodes for mention in SECOND.find(text)} == found


@pytest.mark.parametrize("text", ["shared words", "severe", "everything there", "cutting"])
def test_a_synonym_that_is_ambiguous_or_stopped_is_no_mention(text: str) -> None:
    assert SECOND.find(text) == []


@pytest.mark.parametrize("text", ["fever", "a heart attack", "Two seizures, and WAS"])
def test_names_and_reviewed_aliases_win_over_synonyms(text: str) -> None:
    assert SECOND.find(text) == FINDER.find(text) != []


def test_the_synonyms_of_a_node_are_those_that_are_found() -> None:
    assert SECOND.synonyms_of(4) == ["Convulsions", "Falling sickness", "FIT", "recurrent fits"]
    assert SECOND.synonyms_of(5) == []


def test_a_graph_without_synonyms_has_the_dictionary_of_before() -> None:
    none = MentionFinder(replace(nodes(), synonyms=pa.array([[]] * len(NODES), pa.list_(pa.string()))))
    text = "Fever, a heart attack and an MI: falling sickness is no seizure of WAS."
    assert none.find(text) == FINDER.find(text)
    assert FINDER.synonyms_of(4) == none.synonyms_of(4) == []
