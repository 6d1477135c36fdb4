"""The items of a task: every usable multiple-choice row of the test split, in its order, with ids that are unique."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from dataset_builder.row import row_id
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES
from lighteval_tasks.items import TASKS, ask, prepare, question_id, read_items

WRITTEN = Path(__file__).parent.parent / "fixtures" / "scoring"
COUNTS = {  # of the real data: the numbers of every published score
    "medqa": 1273,
    "medmcqa": 4183,
    "pubmedqa_labeled": 500,
    "mmlu_medical": 1089,
    "mmlu_pro_health": 818,
    "mmlu_pro_biology": 717,
    "medxpertqa": 244,
    "medbullets_op5": 308,
}


@pytest.mark.parametrize(("name", "number"), COUNTS.items())
def test_real_items_are_counted_and_have_unique_ids(name: str, number: int, shared_data: Path) -> None:
    items = read_items(name, shared_data / "hub")
    assert (len(items.ids), len(set(items.ids)), items.left_out) == (number, number, {})
    for row in items.rows:
        assert question_id(row["id"]) == row_id(name, row["config"], row)
        assert row["answer_label"] in {option["label"] for option in row["options"]}


def test_pubmedqa_is_the_official_test_split(shared_data: Path) -> None:
    official = json.loads((shared_data / "hub/qiaojin/PubMedQA/pqa_labeled/test_ids.json").read_text())
    rows = read_items("pubmedqa_labeled", shared_data / "hub").rows
    assert len(official) == len(rows) == 500
    assert all(row["context"] and [o["text"] for o in row["options"]] == ["yes", "no", "maybe"] for row in rows)


def hub_of(folder: Path) -> Path:
    """The rows of our own writing in the Hub's layout."""
    for name, hub_id in (("hle_medical", "cais/hle"), ("medbullets_op4", "medbullets/op4")):
        (folder / hub_id).mkdir(parents=True)
        (folder / hub_id / "test.jsonl").write_text((WRITTEN / f"{name}.jsonl").read_text("utf-8"), "utf-8")
    return folder


def test_open_questions_and_images_are_left_out_and_counted(tmp_path: Path) -> None:
    items = read_items("hle_medical", hub_of(tmp_path))
    assert len(items.ids) == 6
    assert items.left_out == {"open_question": 1, "needs_image": 1}
    assert len(read_items("medbullets_op4", tmp_path).ids) == 8


def test_a_repeated_question_is_an_item_of_its_own(tmp_path: Path) -> None:
    path = hub_of(tmp_path) / "medbullets/op4/test.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")
    ids = read_items("medbullets_op4", tmp_path).ids
    assert ids[8] == f"{ids[0]}~2"
    assert question_id(ids[8]) == ids[0]


def test_prepared_items_list_every_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDICAL_DATA_DIR", str(hub_of(tmp_path)))
    folder = prepare("medbullets_op4")
    about = json.loads((folder / "items.json").read_text())
    assert about["items"] == 8
    assert pyarrow.parquet.read_table(folder / "test.parquet")["id"].to_pylist() == about["ids"]
    assert prepare("medbullets_op4") == folder  # and is not written twice
    path = tmp_path / "medbullets/op4/test.jsonl"
    path.write_text("\n".join(path.read_text().splitlines()[1:]))
    assert prepare("medbullets_op4") != folder, "other items, the same folder"


def test_a_source_that_is_not_at_hand_says_where_its_file_belongs(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="medbullets/op4/test with the ending"):
        read_items("medbullets_op4", tmp_path)


def test_prompts(shared_data: Path) -> None:
    row = read_items("medqa", shared_data / "hub").rows[0]
    asked = ask(row, "question")
    assert ask(row, "question_strict").startswith(asked)
    assert ask(row, "question_strict").endswith("The answer is A.")
    assert ask(row, "question_huatuo_compat").endswith(asked)
    row = read_items("pubmedqa_labeled", shared_data / "hub").rows[0]
    assert ask(row, "question").endswith("Answer with yes, no or maybe.")
    assert ask(row, "question_strict").endswith("The answer is yes.")
    assert ask(row, "question_huatuo_compat").endswith("A. yes\nB. no\nC. maybe")


def test_every_source_with_a_test_split_is_a_task() -> None:
    assert {*COUNTS, "medbullets_op4", "hle_medical", "medqa_5options"} <= set(TASKS)
    assert {name for name, source in SOURCES.items() if source.test} == set(TASKS)
