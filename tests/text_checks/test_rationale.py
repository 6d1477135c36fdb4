"""The three parts of a rationale, and the words that give away what its writer was shown."""

import pytest

from dataset_builder.text_checks.rationale import Rationale, leak, parts

GOOD = "**Finding reasoning paths:**\n1. pain → gout\n\n**Reasoning Process:**\n1. Urate crystals.\n\n**Conclusion:**\nGout."


def test_a_rationale_is_read_and_written_word_for_word() -> None:
    found, _ = parts(GOOD)
    assert found is not None
    assert found == Rationale("1. pain → gout", "1. Urate crystals.", "Gout.")
    assert str(found) == GOOD
    assert found.without_conclusion() == GOOD.split("\n\n**Conclusion")[0]


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("**", ""),
        GOOD.replace(":**", "**:"),
        GOOD.replace("**", "")
        .replace("Finding", "## Finding")
        .replace("Reasoning P", "### Reasoning P")
        .replace("Conc", "# Conc"),
        "Sure, here it is.\n\n" + GOOD,
        "<think>Conclusion: no.</think>" + GOOD,
        GOOD.replace("Reasoning Process:**\n", "REASONING PROCESS:** "),
    ],
)
def test_titles_in_the_writer_s_own_dress(text: str) -> None:
    found, fault = parts(text)
    assert str(found) == GOOD, fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", 'the title "Finding reasoning paths" is missing'),
        ("Sure! Here is the JSON: {the finding", 'the title "Finding reasoning paths" is missing'),
        (GOOD.split("\n\n**Conclusion")[0], 'the title "Conclusion" is missing'),
        (GOOD.replace("Gout.", " "), 'nothing stands under "Conclusion"'),
        (GOOD.replace("1. Urate crystals.", ""), 'nothing stands under "Reasoning Process"'),
        (GOOD + "\n\n" + GOOD, "its titles do not stand there once each, in order"),
        (
            "**Conclusion:**\nx\n" + GOOD.split("\n\n**Conclusion")[0],
            "its titles do not stand there once each, in order",
        ),
    ],
)
def test_what_is_no_rationale(text: str, fault: str) -> None:
    assert parts(text) == (None, fault)


@pytest.mark.parametrize(
    "text",
    [
        "The provided paths show that gout follows.",
        "Among the given reasoning paths, the second fits.",
        "The paths provided suggest gout.",
        "None of the listed connections helps.",
        "This agrees with the provided answer.",
        "As the given answer says, it is gout.",
        "My conclusion matches the correct answer.",
        "The answer given above is gout.",
        "We were told the answer, gout.",
        "According to the knowledge graph, urate causes gout.",
        "The notes say otherwise.",
        "I was given several paths.",
        "The gold answer is gout.",
        "Since we know that the answer is gout, sepsis is out.",
        "The conclusion that was provided is right.",
    ],
)
def test_words_that_give_it_away(text: str) -> None:
    assert leak(text)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "The patient was given colchicine, and the pain went.",
        "Two pathways were considered.",
        "The answer is gout.",
        "A definite answer is provided by aspiration of the joint.",
        "Given the findings, the best path leads to gout.",
        "Of the given answer options, only gout fits.",
        "The listed answer choices differ in their crystals.",
        "He was told to rest.",
        "This makes gout stand out as the correct answer.",
        "Vaccines are listed in the schedule.",
        "The physician notes a swollen joint.",
        "This path is known to be rare.",
        "The reasoning paths above lead to gout.",
        "A known connection between urate and gout explains the crystals.",
        "The known pathways of purine breakdown end in urate.",
    ],
)
def test_words_that_do_not(text: str) -> None:
    assert leak(text) is None
