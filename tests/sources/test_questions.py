"""The table of questions: nothing is dropped, repeats name the row that is kept, evaluation splits are trials."""

import json
from pathlib import Path

import pytest

from dataset_builder.contamination.benchmarks import read_benchmarks
from dataset_builder.sources.questions import on_disk, read_questions, unusable
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES

OPTIONS = {"A": "Aspirin", "B": "Colchicine", "C": "Allopurinol", "D": "Probenecid"}


def medqa(
    question: str = "What relieves gout?",
    options: dict | None = OPTIONS,
    label: str | None = "B",
    answer: str | None = "Colchicine",
) -> dict:
    return {"question": question, "options": options, "answer_idx": label, "answer": answer}


def write(data_dir: Path, *rows: dict, split: str = "train", hub_id: str = "GBaker/MedQA-USMLE-4-options") -> Path:
    folder = data_dir / hub_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return data_dir


def medmcqa(question: str) -> dict:
    return {
        "question": question,
        "opa": "Probenecid",
        "opb": "colchicine ",
        "opc": "ALLOPURINOL",
        "opd": "Aspirin",
        "cop": 1,
        "exp": None,
    }


def test_unusable_rows_stay_with_their_reason(tmp_path: Path) -> None:
    broken = {
        "empty_question": medqa(question="  "),
        "no_options": medqa(options=None),
        "no_answer": medqa(answer="", label=None),
        "gold_outside_options": medqa(answer="Febuxostat"),
    }
    questions, origins = read_questions(["medqa"], data_dir=write(tmp_path, *broken.values()))
    assert [row["rejected_because"] for row in questions] == list(broken)
    assert all(row["rejected_detail"] for row in questions)
    assert [row["source_row"] for row in questions] == [0, 1, 2, 3]
    assert origins[0].rows == 4


@pytest.mark.parametrize("twin", ["Colchicine", " Colchicine.", "Col\u00adchicine", "<b>Colchicine</b>"])
def test_a_gold_answer_that_is_two_options_is_rejected_by_the_build_and_other_twins_are_not(
    tmp_path: Path, twin: str
) -> None:
    gold, other = medqa(options=OPTIONS | {"D": twin}), medqa("What helps?", OPTIONS | {"C": "Aspirin"})
    genotype = medqa("Which mouse?", {"A": "Bb", "B": "bb", "C": "BB"}, "B", "bb")
    questions, _ = read_questions(["medqa"], data_dir=write(tmp_path, gold, other, genotype))
    assert [row["rejected_because"] for row in questions] == ["gold_twice", None, None]
    assert questions[0]["rejected_detail"] == "options B, D are the same text 'Colchicine', and B is gold"
    write(tmp_path, gold, split="test")
    assert [len(one.rows) for one in read_benchmarks("medqa", [], tmp_path)[0]] == [1]


@pytest.mark.parametrize("row", [medqa(label="C"), medqa(label="E"), medqa(label=None)])
def test_a_label_that_does_not_fit_the_answer_is_not_repaired(tmp_path: Path, row: dict) -> None:
    (question,), _ = read_questions(["medqa"], data_dir=write(tmp_path, row))
    assert question["rejected_because"] == "gold_outside_options"
    assert question["answer"] == "Colchicine"


def test_an_open_question_needs_no_options() -> None:
    row = {"question": "q", "options": [], "answer": "a", "answer_label": None, "answer_type": "open"}
    assert unusable(row) is None


def test_repeats_inside_and_across_sources_name_the_row_that_is_kept(tmp_path: Path) -> None:
    write(tmp_path, medqa(), medqa("What causes gout?"), medqa("  what RELIEVES gout? "))
    write(tmp_path, medmcqa("What relieves gout?"), medmcqa("What prevents gout?"), hub_id="openlifescienceai/medmcqa")
    questions, _ = read_questions(["medmcqa", "medqa"], data_dir=tmp_path)
    kept, _, repeat, across, other = questions
    assert [row["rejected_because"] for row in questions] == [None, None, "duplicate", "duplicate", None]
    assert repeat["rejected_detail"] == across["rejected_detail"] == f"repeats {kept['id']} (medqa train, row 0)"
    assert other["source"] == "medmcqa"


def test_a_repeat_is_only_marked_where_somebody_asks_for_it(tmp_path: Path) -> None:
    """A benchmark's repeated questions are compared all the same, so nobody looks for them there."""
    write(tmp_path, medqa(), medqa())
    for marked in (True, False):
        questions, _ = read_questions(["medqa"], data_dir=tmp_path, mark_repeats=marked)
        assert [row["rejected_because"] for row in questions] == [None, "duplicate" if marked else None]


def test_a_repeat_of_an_unusable_row_is_kept(tmp_path: Path) -> None:
    questions, _ = read_questions(["medqa"], data_dir=write(tmp_path, medqa(answer="Febuxostat"), medqa()))
    assert [row["rejected_because"] for row in questions] == ["gold_outside_options", None]


def test_a_build_uses_train_and_another_split_only_by_name_as_a_trial(tmp_path: Path) -> None:
    write(tmp_path, medqa())
    write(tmp_path, medqa("Test question?"), split="test")
    (train,), (origin,) = read_questions(["medqa"], data_dir=tmp_path)
    assert (train["split"], origin.trial) == ("train", False)
    (test,), (origin,) = read_questions(["medqa"], {"medqa": "test"}, data_dir=tmp_path)
    assert (test["question"], test["split"], origin.trial) == ("Test question?", "test", True)


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.train is None])
def test_a_source_that_only_scores_says_how_it_can_enter(name: str, sources_dir: Path) -> None:
    with pytest.raises(SourceError, match=rf"{name} has no train split: .* add --split {name}=test"):
        read_questions([name], data_dir=sources_dir)
    questions, (origin,) = read_questions([name], {name: "test"}, data_dir=sources_dir)
    assert questions and origin.trial


def test_every_row_knows_its_config_and_repeats_across_configs_name_it(sources_dir: Path) -> None:
    questions, (origin,) = read_questions(["mmlu_medical"], {"mmlu_medical": "test"}, data_dir=sources_dir)
    first, repeat = questions[0], questions[3]
    assert (first["config"], repeat["config"]) == ("anatomy", "clinical_knowledge")
    assert first["id"].startswith("mmlu_medical:anatomy:")
    assert repeat["rejected_detail"] == f"repeats {first['id']} (mmlu_medical anatomy test, row 0)"
    assert origin.configs == SOURCES["mmlu_medical"].configs
    (plain, *_), _ = read_questions(["medqa"], data_dir=sources_dir)
    assert plain["config"] is None and plain["id"].startswith("medqa:")


def test_a_row_that_its_source_rejects_keeps_its_own_reason(sources_dir: Path) -> None:
    questions, _ = read_questions(["hle_medical"], {"hle_medical": "test"}, data_dir=sources_dir)
    assert [(row["source_row"], row["rejected_because"]) for row in questions] == [(0, None), (2, "needs_image")]


def test_what_must_not_be_pushed_says_so_in_its_origin(sources_dir: Path) -> None:
    _, (origin,) = read_questions(["hle_medical"], {"hle_medical": "test"}, data_dir=sources_dir)
    assert not origin.may_be_pushed and "republished" in origin.terms


def test_the_order_of_names_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, medqa())
    write(tmp_path, medmcqa("What relieves gout?"), hub_id="openlifescienceai/medmcqa")
    assert read_questions(["medqa", "medmcqa"], data_dir=tmp_path) == read_questions(
        ["medmcqa", "medqa"], data_dir=tmp_path
    )


def test_rows_takes_the_first_of_each_source_and_says_of_how_many(tmp_path: Path) -> None:
    questions, (origin,) = read_questions(
        ["medqa"], data_dir=write(tmp_path, medqa("a?"), medqa("b?"), medqa("c?")), rows=2
    )
    assert [row["question"] for row in questions] == ["a?", "b?"]
    assert (origin.rows, origin.rows_in_split) == (2, 3)


def test_a_split_for_a_source_that_is_not_built_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a split is given for medmcqa, which is not among the sources medqa"):
        read_questions(["medqa"], {"medmcqa": "validation"}, data_dir=tmp_path)


def test_the_table_on_disk_is_named_by_its_content(tmp_path: Path) -> None:
    write(tmp_path, medqa())
    one, two = (on_disk(read_questions(["medqa"], data_dir=tmp_path)[0]) for _ in range(2))
    assert one.cache_files == two.cache_files
    assert one._fingerprint == two._fingerprint
    write(tmp_path, medqa("Another?"))
    assert on_disk(read_questions(["medqa"], data_dir=tmp_path)[0])._fingerprint != one._fingerprint
