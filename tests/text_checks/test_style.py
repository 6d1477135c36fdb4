"""What makes a rationale unfit, what is only doubtful, and the prose of exams that is neither."""

from pathlib import Path

import pytest

from dataset_builder.sources.questions import read_questions
from dataset_builder.text_checks.style import _prompt_runs, copied_prompt, defect, flags
from tests.support.shared_data import SETS

QUESTION = (
    "A 61-year-old man with a uric acid of 9.5 mg/dL wakes with a hot, swollen great toe. Fluid from the joint holds needles that are "
    "negatively birefringent, and no organism grows in it. What is the most likely cause?\nGout\nPseudogout\nSeptic arthritis"
)
SOUND = (
    "1. A hot great toe that wakes a man of 61 is a crystal or an infection until the fluid is seen.\n2. **Needles** that are negatively "
    "birefringent are urate; rhomboids would be pyrophosphate, and an infection would grow.\n3. So the cause is gout, an inflammation "
    "that urate crystals start in a joint. Final answer: A"
)
SPANISH = (
    "El paciente presenta un dolor intenso en el dedo del pie y los cristales en el líquido son de urato, por lo que la causa más "
    "probable es la gota, que se trata con colchicina en los primeros días y con alopurinol para prevenir las recaídas."
)
GERMAN = (
    "Der Patient hat eine heiße, geschwollene Zehe, und die Kristalle im Punktat sind negativ doppelbrechend. Das spricht für die Gicht "
    "und nicht für eine Infektion, denn in der Kultur ist nichts gewachsen, und das Fieber ist mit der Entzündung zu erklären."
)
CHINESE = "这位患者的大脚趾红肿热痛。关节液中有负双折光的针状晶体。因此最可能的诊断是痛风。答案是 A。"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("leaked_answer", "The given answer is gout, so urate it is."),
        ("leaked_answer", "According to the provided paths, urate leads to gout."),
        ("leaked_answer", "The knowledge graph links urate and gout."),
        ("leaked_answer", "This agrees with the correct answer, gout."),
        ("refusal", "I'm sorry, but I can't help with medical questions."),
        ("refusal", "As an AI language model, I do not diagnose. Gout."),
        ("refusal", "I am unable to provide medical advice about this toe."),
        ("other_language", SPANISH),
        ("other_language", GERMAN),
        ("other_language", CHINESE),
        ("other_language", f"The needles are urate. {CHINESE}"),
        ("copied_prompt", "Reason towards the answer. Do not take for granted that the notes are right; it is gout."),
        ("copied_prompt", f"{QUESTION} It is gout."),
        ("broken_markdown", f"{SOUND}\n```python\nprint('gout')"),
        ("personal_data", f"{SOUND} Write to j.doe@clinic.example.org about it."),
        ("personal_data", f"{SOUND} His number is 123-45-6789."),
        ("personal_data", f"{SOUND} Call (617) 555-0137 for results."),
        ("personal_data", f"{SOUND} Call +44 20 7946 0958 for results."),
        ("personal_data", f"{SOUND} MRN: 00482913."),
    ],
)
def test_defects_are_found(code: str, text: str) -> None:
    found = defect(text, QUESTION)
    assert found and found[0] == code and found[1]


@pytest.mark.parametrize(
    "text",
    [
        SOUND,
        "",
        "Gout.",
        f"A 61-year-old man wakes with a hot, swollen great toe. {SOUND}",
        f"```\nurate -> gout\n```\n{SOUND}",
        f"{SOUND} β-Blockers and α₁-agonists, µ receptors and Na⁺ do not matter; neither does Sjögren's or Guillain–Barré syndrome.",
        f"{SOUND} The patient says that he cannot help his wife, and that he is sorry. None of the given answer choices fits better.",
        f"{SOUND} Blood pressure 120/80, pulse 72-80, 555-0137 units, ratio 1:160, 2010-2015, ICD 10-20-30.",
        "Urate (MSU) 6.8 mg/dL; IL-1β; NLRP3; CPPD; DECT; ESR 40; CRP 12; WBC 20,000; PMN 90 %; RBC 5; Plt 300; Hb 14; Na 140; K 4; Cl 100.",
        "1. Colchicine is indicated for gout. Colchicine targets TUBB.\n2. Gout is associated with SLC2A9. SLC2A9 interacts with urate.",
    ],
)
def test_sound_prose_has_none(text: str) -> None:
    assert defect(text, QUESTION) is None


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("unsupported_number: 83%", "In 83% of men it is gout."),
        ("unsupported_number: 300", "Allopurinol 300 mg lowers it."),
        ("unsupported_citation: et al.", "Miller et al., 2019 found needles."),
        ("unsupported_citation: PMID", "See PMID 12345678 for needles."),
        ("unsupported_citation: https://example.org/gout", "It is in https://example.org/gout for all."),
        ("unsupported_citation: doi", "It is in doi:10.1000/xyz for all."),
        ("loose_markdown: bold type is opened and not closed", "**Needles are urate.\n\nSo it is gout."),
        ("loose_markdown: a heading skips a level", "# Thinking\n\n### Needles\n\nUrate."),
    ],
)
def test_doubts_are_flagged(flag: str, text: str) -> None:
    assert flag in flags(text, QUESTION)
    assert defect(text, QUESTION) is None


def test_what_stands_in_the_question_or_a_path_is_no_doubt() -> None:
    assert flags(f"{SOUND} Uric acid is 9.5. In 40% of cases.", f"{QUESTION}\nin 40% of cases") == []
    assert flags("**a**, *b*, 2 ** 3 and `**`", QUESTION + "2 3") == [
        "loose_markdown: bold type is opened and not closed"
    ]


def test_real_explanations_are_hardly_ever_defective(shared_data: Path) -> None:
    """Written by people, for exams: at most two of a thousand."""
    rows = read_questions(["medmcqa"], dict([SETS["medmcqa_val"]]), data_dir=shared_data / "hub")[0]
    texts = [(row["gold_text"], "\n".join([row["question"], *(o["text"] for o in row["options"])])) for row in rows]
    found = [fault for text, question in texts if (fault := defect(text, question))]
    assert len(texts) > 4000 and len(found) <= 8, found


QUESTION_WORDS = " ".join(f"word{i}" for i in range(60))


@pytest.mark.parametrize(
    ("share", "other", "repeats"), [(1.0, 0, True), (0.9, 10, True), (0.5, 60, False), (1.0, 400, False)]
)
def test_a_text_repeats_the_question_if_most_of_its_runs_are_the_questions(
    share: float, other: int, repeats: bool
) -> None:
    asked = QUESTION_WORDS.split()
    text = " ".join([*asked[: int(share * len(asked))], *(f"other{i}" for i in range(other))])
    assert (copied_prompt(text, QUESTION_WORDS) == "it repeats the question") is repeats


def test_words_said_again_and_again_are_compared_with_the_question() -> None:
    # many words, but few different ones: it cannot be told from the number of words that the text is another
    assert copied_prompt(f"{QUESTION_WORDS} " * 20, QUESTION_WORDS) == "it repeats the question"


def test_a_copy_is_found_wherever_it_stands() -> None:
    prompt = " ".join(min(_prompt_runs()))
    for before in ("", "gastritis ", "one two three four five six seven "):
        assert copied_prompt(f"{before}{prompt} gastritis", "") == f"words of the prompt: {prompt!r}"
    assert copied_prompt(prompt, f"asked: {prompt}") is None
