"""A label that is a number: counted from 0, or the file is refused; other spellings of a label are read or named."""

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.sources.questions import read_questions
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.raw_splits import _id as read_split_id
from dataset_builder.sources.table import SOURCES

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sources"
OPTIONS = ("Probenecid", "Colchicine", "Allopurinol", "Aspirin")


def medmcqa(number: int, cop: Any, exp: str | None = None) -> dict[str, Any]:
    options = dict(zip(("opa", "opb", "opc", "opd"), OPTIONS, strict=True))
    return {"question": f"Question {number}?", **options, "cop": cop, "exp": exp}


def mmlu(number: int, answer: Any) -> dict[str, Any]:
    return {"question": f"Question {number}?", "choices": list(OPTIONS), "answer": answer}


def read(folder: Path, name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    source = SOURCES[name]
    for config in source.configs or ("",):
        file = folder / source.hub_id / config / f"{source.splits[0]}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return list(read_questions([name], {name: source.splits[0]}, data_dir=folder)[0])


@pytest.mark.parametrize("as_exported", [int, float, str])
def test_a_file_that_counts_from_1_is_refused(tmp_path: Path, as_exported: type) -> None:
    rows = [medmcqa(i, as_exported(1 + i % 4)) for i in range(8)]
    expected = r"train\.jsonl: column cop seems to be counted from 1: 2 rows have the number 4.*Found 1 in 2, 2 in 2.*subtract 1"
    with pytest.raises(SourceError, match=expected):
        read(tmp_path, "medmcqa", rows)
    with pytest.raises(SourceError, match=r"column answer seems to be counted from 1"):
        read(tmp_path, "mmlu_medical", [mmlu(i, as_exported(1 + i % 4)) for i in range(8)])


def test_one_label_beyond_the_last_option_makes_all_doubtful(tmp_path: Path) -> None:
    """Two files that were put together, one of them counted from 1: the rows do not tell to which they belong."""
    rows = [medmcqa(i, i % 4) for i in range(40)] + [medmcqa(40, 4)]
    with pytest.raises(SourceError, match=r"1 rows have the number 4, and their last option is 3"):
        read(tmp_path, "medmcqa", rows)


def test_few_rows_without_a_0_say_nothing_and_many_do(tmp_path: Path) -> None:
    few = read(tmp_path, "medmcqa", [medmcqa(i, 1 + i % 2) for i in range(3)])
    assert [row["answer"] for row in few] == ["Colchicine", "Allopurinol", "Colchicine"]
    assert len(read(tmp_path, "medmcqa", [medmcqa(i, 1 + i % 3) for i in range(48)])) == 48
    with pytest.raises(SourceError, match="none of 49 rows has the number 0"):
        read(tmp_path, "medmcqa", [medmcqa(i, 1 + i % 3) for i in range(49)])


def test_explanations_that_name_a_letter_tell_how_few_rows_are_counted(tmp_path: Path) -> None:
    named = ("Ans. is 'a' i.e., ...", "Answer: B. It", "Ans-c. Only", "It is (d).")
    shifted = [medmcqa(i, 1 + i, exp) for i, exp in enumerate(named[:3])]
    with pytest.raises(SourceError, match="3 rows name the option before it by a letter, 0 the option itself"):
        read(tmp_path, "medmcqa", shifted)
    good = [medmcqa(i, 1 + i % 2, named[1 + i % 2]) for i in range(60)]  # no 0, as all were chosen so
    assert len(read(tmp_path, "medmcqa", good)) == 60
    assert len(read(tmp_path, "medmcqa", [medmcqa(0, 1, named[0]), medmcqa(1, 2, named[2])])) == 2  # one slip


def test_rows_asks_for_less_than_is_checked(tmp_path: Path) -> None:
    read(tmp_path, "medmcqa", [medmcqa(i, i % 4) for i in range(60)])
    questions, _ = read_questions(["medmcqa"], data_dir=tmp_path, rows=2)
    assert [row["answer_label"] for row in questions] == ["A", "B"]


def test_mmlu_pro_is_refused_where_number_and_letter_are_one_apart(tmp_path: Path) -> None:
    row = {"question": "Q", "options": list(OPTIONS), "category": "health"}
    rows = [row | {"question": f"Q {i}", "answer": "ABCD"[i % 4], "answer_index": i % 4} for i in range(8)]
    assert not any(one["rejected_because"] for one in read(tmp_path, "mmlu_pro_health", rows))
    with pytest.raises(SourceError, match="8 rows name the option before it by a letter"):
        read(tmp_path, "mmlu_pro_health", [one | {"answer_index": one["answer_index"] + 1} for one in rows])


@pytest.mark.parametrize("label", [2, 2.0, "2", " 2 ", "2.0"])
def test_a_number_is_read_in_every_spelling(tmp_path: Path, label: Any) -> None:
    good = medmcqa(1, 0)
    assert [row["answer_label"] for row in read(tmp_path, "medmcqa", [good, medmcqa(2, label)])] == ["A", "C"]


@pytest.mark.parametrize("label", ["B", 2.5, None, -1, True, [1], "", "1e9", 10**30, float("inf")])
def test_a_number_that_is_none_is_named(tmp_path: Path, label: Any) -> None:
    _, row = read(tmp_path, "medmcqa", [medmcqa(1, 0), medmcqa(2, label)])
    assert row["rejected_because"] == "no_answer"
    assert row["rejected_detail"] == f"the gold answer has no text: label {label!r}, expected a number from 0 to 3"


def medqa(label: Any, options: dict[str, str] | None = None) -> dict[str, Any]:
    options = options or dict(zip("ABCD", OPTIONS, strict=True))
    return {"question": "What relieves gout?", "options": options, "answer_idx": label, "answer": "Colchicine"}


@pytest.mark.parametrize("label", ["B", "b", "(B)", "B.", " B ", "b)", "[b]"])
def test_a_letter_is_read_in_every_spelling(tmp_path: Path, label: str) -> None:
    (row,) = read(tmp_path, "medqa", [medqa(label)])
    assert (row["rejected_because"], row["answer_label"], row["answer"]) == (None, "B", "Colchicine")


@pytest.mark.parametrize("label", [1, 2.0, "2", "B C", "B or C", "", "BB", None])
def test_a_letter_that_is_none_is_named(tmp_path: Path, label: Any) -> None:
    (row,) = read(tmp_path, "medqa", [medqa(label)])
    found = None if label is None else str(label)
    assert row["rejected_because"] == "gold_outside_options"
    assert row["rejected_detail"].startswith(f"label {found!r}, answer 'Colchicine', options ")


def test_a_letter_that_means_two_options_is_none(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "medqa", [medqa("(b)", {"B": "Colchicine", "b": "Aspirin"})])
    assert row["rejected_because"] == "gold_outside_options"


@pytest.mark.parametrize(("decision", "answer"), [("yes", "yes"), ("Yes", "yes"), (" NO.", "no"), ("maybe", "maybe")])
def test_a_decision_is_read_in_every_spelling(decision: str, answer: str) -> None:
    raw = json.loads((FIXTURES / "pubmedqa_labeled.jsonl").read_text("utf-8").splitlines()[0])
    row = SOURCES["pubmedqa_labeled"].to_row(raw | {"final_decision": decision})
    assert row["answer"] == answer and row["gold_text"].startswith(f"The final decision is: {answer}. ")


def test_the_real_medmcqa_counts_from_0_and_a_copy_that_does_not_is_refused(shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "hub/openlifescienceai/medmcqa/validation.jsonl.gz") as file:
        rows = [json.loads(line) for line in file][:400]
    assert len(read(tmp_path, "medmcqa", rows)) == 400
    shifted = [row | {"cop": row["cop"] + 1} for row in rows]
    lengths = range(10, 400, 30)
    refused = 0
    for length in lengths:
        try:
            read(tmp_path, "medmcqa", shifted[:length])
        except SourceError:
            refused += 1
    assert refused == len(lengths)


@pytest.mark.parametrize("unit", ["ans", "ans ", "ans.is.", " ", ".", "a", "0"])
def test_long_explanations_and_labels_take_no_time(tmp_path: Path, unit: str) -> None:
    begin, many = time.process_time(), unit[-1] * 200_000
    read(tmp_path, "medmcqa", [medmcqa(1, 1, f"{unit}{many}"), medmcqa(2, f"{many}x")])
    read(tmp_path, "medqa", [medqa(f"{many}x")])
    read_split_id(f"{many}x")
    assert time.process_time() - begin < 1
