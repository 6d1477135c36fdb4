"""Layouts, and the forms in which options and gold answers are written."""

from typing import Any

import pytest

from dataset_builder.audit.characters import damaged
from dataset_builder.audit.layouts import layout_for, of_hub, parsed, proposal
from dataset_builder.audit.records import record_of
from dataset_builder.audit.texts import ends_within_sentence, foreign_scripts, is_declared, lacks_end
from dataset_builder.sources.option_forms import read_options, split_options
from dataset_builder.sources.raw_files import SourceError

THREE = [("A", "one"), ("B", "two"), ("C", "three")]


@pytest.mark.parametrize(
    "value",
    [
        {"A": "one", "B": "two", "C": "three", "D": None},
        ["one", "two", "three"],
        [{"label": "A", "text": "one"}, {"label": "B", "text": "two"}, {"label": "C", "text": "three"}],
        {"label": ["A", "B", "C"], "text": ["one", "two", "three"]},
        "Answer Choices:\nA. one\nB. two\nC. three",
        "A) one\nB) two\nC) three",
        "A.: one\nB.: two\nC.: three",
        "A. one B. two C. three",
        "(A) one; (B) two; (C) three",
        '{"A": "one", "B": "two", "C": "three"}',
        "{'A': 'one', 'B': 'two', 'C': 'three'}",
        "['one', 'two', 'three']",
    ],
)
def test_options_are_read_in_any_known_form(value: Any) -> None:
    assert [(one["label"], one["text"]) for one in read_options(value) or []] == THREE


@pytest.mark.parametrize(
    "value",
    [
        "one / two",
        "1. one\n2. two",
        "A. spread by B. burgdorferi B. flu",
        "B. two\nC. three",
        5,
        [["one"], ["two"]],
        "[" * 10_000,
    ],
)
def test_an_unknown_form_gives_no_options_and_is_not_guessed(value: Any) -> None:
    assert read_options(value) == []


@pytest.mark.parametrize("value", [None, "", " ", "None", [], {}, {"A": None}])
def test_no_options_are_none(value: Any) -> None:
    assert read_options(value) is None


@pytest.mark.parametrize(
    ("question", "stem", "number"),
    [
        ("Which?\nA. x\nB. y\n\nAnswer in one word.", "Which?", 2),
        ("B. burgdorferi was found. Which drug? A. x B. y C. z", "B. burgdorferi was found. Which drug?", 3),
        ("A. fumigatus grows.\nWhich?\nOptions:\nA. x\nB. y", "A. fumigatus grows.\nWhich?", 2),
        ("Vitamin A. What is B. subtilis?", "Vitamin A. What is B. subtilis?", 0),
        ("Type A: x. Type B: y. Type C: z.", "Type A: x. Type B: y. Type C: z.", 0),
    ],
)
def test_options_at_the_end_of_a_question_are_split_off(question: str, stem: str, number: int) -> None:
    found, options = split_options(question)
    assert (found, len(options)) == (stem, number)


OPTIONS = ["Colle's fascia", "Lead acetate", "Lead", "yes"]


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("B", "B"),
        ("(b)", "B"),
        ("lead", "C"),
        ("Lead.", "C"),
        ("(B) Lead acetate", "B"),
        ("Colle's fascia. Explanation: it is superficial. Lead is not.", "A"),
        ("The final decision is: yes. They differed.", "D"),
        ("Lead poisoning", None),
        ("2", None),
        ("A and B", None),
    ],
)
def test_the_gold_option_is_read_and_not_guessed(answer: str, label: str | None) -> None:
    layout = parsed("question=q,options=o,answer=a")
    record = record_of(0, {"q": "Which?", "o": OPTIONS, "a": answer}, layout)
    assert record.label == label
    assert [code for code, _ in record.faults] == ([] if label else ["gold_unread"])


def test_numbers_as_labels_become_letters() -> None:
    raw = {"q": "Which?", "o": {"1": "x", "2": "y"}, "a": "2"}
    record = record_of(0, raw, parsed("question=q,options=o,answer=a"))
    assert record.choices == {"A": "x", "B": "y"} and record.label == "B"


def test_layouts_are_known_by_their_columns() -> None:
    assert layout_for(["instruction", "input", "output"], "x", None).name == "reasonmed"
    assert layout_for(["Question", "Complex_CoT", "Response"], "x", None).name == "medical_o1"
    medreason = ["dataset_name", "id_in_dataset", "question", "answer", "reasoning", "options"]
    assert layout_for(medreason, "x", None).name == "medreason"
    found = of_hub("lingshu-medical-mllm/ReasonMed")
    assert found and found.files == "ReasonMed.json" and of_hub("") is None
    with pytest.raises(
        SourceError, match=r"found the columns prompt, text; .*Type: COLUMNS=question=prompt,rationale=…"
    ):
        layout_for(["prompt", "text"], "x", None)
    assert (
        proposal(["Query", "Choices", "Gold", "Explanation", "ID"])
        == "question=Query,options=Choices,answer=Gold,rationale=Explanation,id=ID"
    )


def test_medical_o1s_answer_is_part_of_the_text_and_no_gold_option() -> None:
    layout = layout_for(["Question", "Complex_CoT", "Response"], "x", None)
    record = record_of(3, {"Question": "Which?", "Complex_CoT": "Let me see.", "Response": "It is gout."}, layout)
    assert (
        record.rationale == "Let me see.\n\nIt is gout."
        and record.form == "none"
        and record.id == "row 3"
        and not record.faults
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The patientâ€™s fever", "mojibake"),
        ("SjÃ¶gren", "mojibake"),
        ("37 Â°C", "mojibake"),
        ("a bell \x07", "control_characters"),
        ("Sj\ufffdgren", "replacement_character"),
        ("fe\u200bver", "unseen_characters"),
        ("H<sub>2</sub>O", "markup"),
        ("p &lt; 0.05", "markup"),
    ],
)  # fmt: skip
def test_damage_is_found(text: str, code: str) -> None:
    assert [found for found, _ in damaged(text)] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "Sjögren’s naïve café…",
        "“Ménière” – 37 °C ≥ 5 µg",
        "TGF-ß–Rezeptor",
        "p < 0.05 and x > 3; R&D",
        "β2 → ½ ‰",
        "Ü–Ä",
        "a\ttab\nline\r\n",
    ],
)
def test_a_sound_text_is_not_called_damaged(text: str) -> None:
    assert list(damaged(text)) == []


@pytest.mark.parametrize(
    ("text", "cut", "open_"),
    [
        ("The thymus gland is a", True, False),
        ("It rose, therefore,", True, False),
        ("The answer is A", False, False),
        ("These paths connect the question with this answer: B. Liraglutide", False, False),
        ("The disease is one that a man of this age may well have", False, True),
        ("It is gout.", False, False),
        ("| a | table | of | many | cells | with | no | end", False, False),
    ],
)
def test_ends_of_texts(text: str, cut: bool, open_: bool) -> None:
    assert (ends_within_sentence(text), lacks_end(text)) == (cut, open_)


def test_scripts_and_rules() -> None:
    assert foreign_scripts("正确 it is β, µ, ﬁ and ℃") == {"Cjk": 2}
    assert (
        is_declared("answer_is_letter")
        and not is_declared("conclusion_text")
        and not is_declared("only_option_named_text")
    )
