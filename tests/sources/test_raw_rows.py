"""How each source's raw rows become ours: on rows of our own writing, and on rows that hold what they should not."""

import json
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.row import QUESTION
from dataset_builder.sources.questions import on_disk, read_questions, unusable
from dataset_builder.sources.table import SOURCES

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sources"
NAMES = [name for name in SOURCES if name != "sample"]


def raw_rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text("utf-8").splitlines()]


def rows(name: str) -> list[dict[str, Any]]:
    return [SOURCES[name].to_row(raw) for raw in raw_rows(name)]


def answers(name: str) -> list[tuple[str | None, str]]:
    return [(row["answer_label"], row["answer"]) for row in rows(name)]


def reason(row: dict[str, Any]) -> str | None:
    return row.get("rejected_because") or (unusable(row) or (None,))[0]


def reasons(name: str) -> list[str | None]:
    return [reason(row) for row in rows(name)]


@pytest.mark.parametrize("name", NAMES)
def test_every_source_promises_the_same_columns_and_kinds(name: str) -> None:
    given_by_the_reader = {"id", "source", "config", "split", "source_row", "license"}
    for raw, row in zip(raw_rows(name), rows(name), strict=True):
        assert set(SOURCES[name].columns) <= set(raw)
        rejected = {key for key in row if key.startswith("rejected")}
        assert set(row) - rejected == set(QUESTION) - given_by_the_reader - {"rejected_because", "rejected_detail"}
        assert row["answer_type"] in ("choice", "yes/no/maybe", "open")
        assert all(isinstance(row[key], str) for key in ("question", "answer", "gold_text"))
        assert all(row[key] is None or row[key] for key in ("context", "reference_rationale"))
        assert (row["options"] == []) == (row["answer_type"] == "open")
        if reason(row) is None:
            assert row["answer"] and row["answer"] in row["gold_text"]
            labelled = [option["text"] for option in row["options"] if option["label"] == row["answer_label"]]
            assert labelled == ([] if row["answer_type"] == "open" else [row["answer"]])


@pytest.mark.parametrize("name", NAMES)
def test_every_source_has_a_usable_row_among_its_fixtures(name: str) -> None:
    assert None in reasons(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_row_that_says_what_is_expected_is_read_so(name: str) -> None:
    for raw, row in zip(raw_rows(name), rows(name), strict=True):
        if "expected" in raw:
            assert f"{row['answer_label']}. {row['answer']}" == raw["expected"]


def test_medqa() -> None:
    first = rows("medqa")[0]
    assert first["options"][1] == {"label": "B", "text": "Colchicine"}
    assert (first["answer"], first["answer_label"], first["answer_type"]) == ("Colchicine", "B", "choice")
    assert (first["gold_text"], first["context"], first["reference_rationale"]) == ("Colchicine", None, None)
    assert reasons("medqa") == [None, None, "gold_outside_options"]


def test_medqa_with_five_options() -> None:
    assert [len(row["options"]) for row in rows("medqa_5options")] == [5, 5, 5]
    assert answers("medqa_5options") == [("A", "Serum TSH"), ("C", "Measles"), ("E", "Atropine")]


def test_medmcqa_counts_cop_from_zero_and_takes_the_explanation_into_the_gold_text() -> None:
    assert answers("medmcqa") == [("A", "Ethosuximide"), ("D", "Measles"), (None, "")]
    assert [row["gold_text"] for row in rows("medmcqa")[:2]] == [
        "Ethosuximide. Explanation: It blocks T-type calcium channels.",
        "Measles",
    ]
    assert reasons("medmcqa") == [None, None, "no_answer"]


def test_pubmedqa_has_context_decision_and_conclusion() -> None:
    first, _, third = rows("pubmedqa_labeled")
    assert (
        first["context"] == "Forty adults walked daily for eight weeks.\nBlood pressure was measured before and after."
    )
    assert [option["text"] for option in first["options"]] == ["yes", "no", "maybe"]
    assert (first["answer"], first["answer_label"], first["answer_type"]) == ("yes", "A", "yes/no/maybe")
    assert first["gold_text"] == "The final decision is: yes. Daily walking lowered systolic pressure."
    assert third["answer_label"] == "C"


def test_pubmedqa_artificial_reads_as_the_labelled_ones() -> None:
    assert answers("pubmedqa_artificial") == [("A", "yes"), ("B", "no"), ("B", "no")]


def test_pubmedqa_unlabeled_has_no_decision_so_its_conclusion_is_an_open_answer() -> None:
    first, _, third = rows("pubmedqa_unlabeled")
    assert (first["answer_type"], first["options"], first["answer_label"]) == ("open", [], None)
    assert first["answer"] == first["gold_text"] == "Habit decides more often than guidelines."
    assert first["context"] == "Twelve nurses were interviewed.\nHabit was named most often."
    assert reason(third) == "no_answer"


@pytest.mark.parametrize("name", ["pubmedqa_labeled", "pubmedqa_artificial", "pubmedqa_unlabeled"])
@pytest.mark.parametrize("context", [None, [], "A text.", {"contexts": "A text."}, {"contexts": []}, {"parts": ["A"]}])
def test_pubmedqa_without_its_abstract_is_another_question(name: str, context: Any) -> None:
    assert reason(SOURCES[name].to_row(raw_rows(name)[0] | {"context": context})) == "no_context"


def test_mmlu_counts_its_answer_from_zero() -> None:
    assert answers("mmlu_medical") == [("B", "Phrenic"), ("C", "Breathing"), ("A", "X-linked dominant")]


@pytest.mark.parametrize(
    ("answer", "code"), [(4, "no_answer"), (-1, "no_answer"), ("B", "no_answer"), (True, "no_answer")]
)
def test_an_mmlu_answer_that_is_no_number_of_an_option_is_rejected(answer: Any, code: str) -> None:
    assert reason(SOURCES["mmlu_medical"].to_row(raw_rows("mmlu_medical")[0] | {"answer": answer})) == code


def test_mmlu_pro_has_three_to_ten_options() -> None:
    assert answers("mmlu_pro_health") == [("A", "Rent"), ("D", "Iodine"), ("C", "150")]
    assert [len(row["options"]) for row in rows("mmlu_pro_health")] == [3, 10, 4]
    assert answers("mmlu_pro_biology") == [("C", "Mitochondrion"), ("J", "Fluoride"), ("A", "Auxin")]


def test_an_mmlu_pro_row_whose_letter_and_number_differ_is_rejected() -> None:
    raw = raw_rows("mmlu_pro_health")[1]
    assert reason(SOURCES["mmlu_pro_health"].to_row(raw | {"answer_index": 4})) == "gold_outside_options"
    assert reason(SOURCES["mmlu_pro_health"].to_row(raw | {"answer_index": 10})) == "no_answer"


def test_medxpertqa_does_not_ask_its_options_twice() -> None:
    """The Hub's copy repeats them in the question; the files in the shared data do not."""
    first, second, _ = rows("medxpertqa")
    assert (first["answer_label"], first["answer"], first["gold_text"]) == (
        "C",
        "Temporal arteritis",
        "Temporal arteritis",
    )
    assert second["question"].endswith("which waters. What is it?")
    assert [len(row["options"]) for row in (first, second)] == [10, 10]


def test_medbullets_keeps_its_explanation_as_reference_only() -> None:
    assert (
        answers("medbullets_op4")
        == answers("medbullets_op5")
        == [
            ("A", "Dexamethasone"),
            ("B", "Plantar fasciitis"),
            ("C", "Labetalol"),
        ]
    )
    for name, options in (("medbullets_op4", 4), ("medbullets_op5", 5)):
        first, _, third = rows(name)
        assert len(first["options"]) == options
        assert first["reference_rationale"].startswith("Croup is treated") and third["reference_rationale"] is None
        assert first["gold_text"] == "Dexamethasone"


def test_huatuo_is_open_and_its_chain_of_thought_is_a_reference() -> None:
    first, _, third = rows("huatuo")
    assert (first["answer_type"], first["options"]) == ("open", [])
    assert first["answer"] == first["gold_text"] == "The INR: metronidazole raises the effect of warfarin."
    assert first["reference_rationale"].startswith("Metronidazole slows")
    assert (third["reference_rationale"], reason(third)) == (None, "no_answer")


def test_hle_has_its_options_in_the_question_and_some_questions_need_an_image() -> None:
    listed, plain, image = rows("hle_medical")
    assert listed["question"] == "Which enzyme is lacking in phenylketonuria?"
    assert [option["text"] for option in listed["options"]] == [
        "Tyrosinase",
        "Phenylalanine hydroxylase",
        "Homogentisate oxidase",
    ]
    assert (listed["answer_label"], listed["answer"]) == ("B", "Phenylalanine hydroxylase")
    assert (plain["answer_type"], plain["answer"], plain["reference_rationale"]) == (
        "open",
        "1",
        "Written for a test.",
    )
    assert reason(image) == "needs_image"


@pytest.mark.parametrize(
    "question",
    ["Which one?", "Answer Choices:\nA. x\nB. y", "Which?\nAnswer Choices:\nB. x\nC. y", "Which?\nAnswer Choices:"],
)
def test_hle_options_that_cannot_be_told_apart_are_not_guessed(question: str) -> None:
    raw = raw_rows("hle_medical")[0] | {"question": question}
    assert reason(SOURCES["hle_medical"].to_row(raw)) == "no_options"


def test_parquet_gives_absent_labels_as_null_and_these_are_no_options() -> None:
    raw = raw_rows("medqa")[0]
    raw["options"]["E"] = None
    assert len(SOURCES["medqa"].to_row(raw)["options"]) == 4


@pytest.mark.parametrize("text", ["", "  ", ["Aspirin"], {"text": "Aspirin"}, True, float("nan")])
def test_an_option_without_a_text_makes_the_row_unusable(text: Any) -> None:
    raw = raw_rows("medqa")[0]
    raw["options"]["A"] = text
    assert unusable(SOURCES["medqa"].to_row(raw)) == ("no_options", "option A has no text")


def test_numbers_are_texts() -> None:
    row = SOURCES["medmcqa"].to_row(raw_rows("medmcqa")[2] | {"opa": 4, "opb": 14, "opc": 34.5, "opd": 44, "cop": 2})
    assert (row["answer"], reason(row)) == ("34.5", None)


ODD = [
    None,
    "",
    "x",
    7,
    -1,
    1.5,
    float("nan"),
    True,
    [],
    ["x"],
    [["x"]],
    [None],
    {},
    {"A": None},
    {"A": {"B": ["x"]}},
    list("x" * 99),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_readable_row_with_wrong_content_is_a_row_and_never_a_traceback(
    name: str, sources_dir: Path, tmp_path: Path
) -> None:
    """Every odd value in every column, read from a file and written as a table, as a build does."""
    source = SOURCES[name]
    good = next(raw for raw in raw_rows(name) if (source.keep is None or source.keep(raw)))
    id_or_filter = {"pubid", "category"}
    if source.numbered:  # fifty labels without a 0 would be refused: tests/sources/test_label_base.py
        good |= {source.numbered.column: 0}
    odd = [good | {column: value} for column in source.columns if column not in id_or_filter for value in ODD]
    split = source.train or source.test or ""
    for config in source.configs or ("",):
        file = sources_dir / source.hub_id / config / f"{split}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in odd))
        if name == "pubmedqa_labeled":
            (file.parent / "test_ids.json").write_text('["101"]')
    wanted = {name: "test"} if name == "pubmedqa_labeled" else {name: split}
    questions, _ = read_questions([name], wanted, data_dir=sources_dir)
    assert len(questions) == len(odd) * max(1, len(source.configs))
    assert len(on_disk(questions)) == len(questions)
    assert all(row["rejected_because"] or unusable(row) is None for row in questions)


WITHOUT = {
    "question": "empty_question",
    "Question": "empty_question",
    "options": "no_options",
    "choices": "no_options",
    "Response": "no_answer",
    "long_answer": "no_answer",
    "label": "no_answer",
    "final_decision": "no_answer",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [None, [["x"]], {"A": {"B": []}}], ids=str)
def test_what_a_question_cannot_be_without_has_its_reason(name: str, value: Any) -> None:
    """A yes or no needs no conclusion; a label that is no text is shown as it is, and rejected as outside the options."""
    good = next(raw for raw, row in zip(raw_rows(name), rows(name), strict=True) if reason(row) is None)
    for column in set(SOURCES[name].columns) & set(WITHOUT):
        if column == "long_answer" and name != "pubmedqa_unlabeled":
            continue
        assert reason(SOURCES[name].to_row(good | {column: value})) == WITHOUT[column], column
