"""From lighteval's details to scores.json: nothing leaves the denominator, and every table says what it stands on."""

import json
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks import scores
from lighteval_tasks.ledger import PublishedLedger
from lighteval_tasks.outcomes import ended, read_run, split_name
from tests.lighteval_tasks.runs import item, run

ROWS = [
    item(1, "The answer is A."),
    item(2, "This is gout."),
    item(3, "The answer is B.", config="x"),
    item(4, ""),
    item(5, "I cannot say."),
    item(6, "The answer is A. And", truncated=True),
    item(7, "", failed=True),
]


def of(folder: Path, ledger: PublishedLedger | None = None) -> dict[str, Any]:
    (task,) = read_run(folder)
    return scores.summarize(task, ledger)


def test_every_item_counts(tmp_path: Path) -> None:
    found = of(run(tmp_path, ROWS))
    assert (found["items"], found["correct"], found["failed"]) == (7, 3, 1)
    assert found["accuracy"] == pytest.approx(3 / 7)
    assert found["low"] < 3 / 7 < found["high"]
    assert found["compliance"] == pytest.approx(4 / 7)
    assert found["declared"] == pytest.approx(3 / 7)
    assert (found["empty"], found["truncated"]) == (pytest.approx(1 / 7), pytest.approx(1 / 7))
    assert found["published_rule"]["dropped"] == 2
    assert sum(found["rules"].values()) == 7
    assert found["rules"]["failed"] == 1


def test_clean_scores_are_without_matched_items(tmp_path: Path) -> None:
    folder = run(tmp_path, [item(1, "The answer is A."), item(2, "The answer is A."), item(3, "The answer is B.")])
    ledger = PublishedLedger("build/x", {"medqa": {f"medqa:{1:016x}"}}, frozenset({"medqa"}))
    clean = of(folder, ledger)["clean"]
    assert (clean["items"], clean["correct"]) == (2, 1)
    assert (
        of(folder, PublishedLedger("build/x", {}, frozenset({"medmcqa"})))["clean"] is None
    )  # not compared: not clean either
    assert of(folder)["clean"] is None


def test_a_repeated_item_is_matched_with_its_question(tmp_path: Path) -> None:
    twice = item(1, "The answer is A.")
    twice["doc"]["specific"]["id"] += "~2"
    folder = run(tmp_path, [item(1, "The answer is A."), twice, item(2, "The answer is A.")])
    ledger = PublishedLedger("build/x", {"medqa": {f"medqa:{1:016x}"}}, frozenset({"medqa"}))
    assert of(folder, ledger)["clean"]["items"] == 1


def test_the_newest_details_of_each_task_are_read(tmp_path: Path) -> None:
    run(tmp_path, ROWS, date="2026-11-25T01-02-03.4")
    run(tmp_path, ROWS[:2], date="2026-11-25T09-00-00.1")
    run(tmp_path, ROWS[:3], task="medqa_strict", date="2026-11-24T00-00-00.1")
    assert [(task.name, len(task.outcomes)) for task in read_run(tmp_path / "details")] == [
        ("medqa", 2),
        ("medqa_strict", 3),
    ]


def test_a_folder_without_details_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found no details of a medical task; expected"):
        read_run(tmp_path)


def test_names_of_tasks() -> None:
    assert split_name("mmlu_medical_anatomy_strict") == ("mmlu_medical", "anatomy", "strict")
    assert split_name("medqa_huatuo_compat") == ("medqa", "", "huatuo_compat")
    assert split_name("medqa_5options") == ("medqa_5options", "", "free")
    with pytest.raises(SourceError, match="unknown task 'medqb'; known: medqa"):
        split_name("medqb")
    with pytest.raises(SourceError, match=r"unknown task 'medqa_nonsense'; known: medqa.*; configs of medqa: none"):
        split_name("medqa_nonsense")
    with pytest.raises(SourceError, match="configs of mmlu_medical: anatomy, "):
        split_name("mmlu_medical_nonsense_strict")


def test_where_an_output_ended() -> None:
    assert ended([5, 6, 1, 0, 0], {0, 1}) == (False, 2.0)
    assert ended([5, 6, 7], {0, 1}) == (True, 3.0)
    assert ended([1], {0, 1}) == (False, 0.0)


def test_the_mean_counts_a_benchmark_once(tmp_path: Path) -> None:
    run(tmp_path, [item(1, "The answer is A.", source="mmlu_medical", config="anatomy")], task="mmlu_medical")
    run(tmp_path, [item(1, "The answer is A.", source="mmlu_medical", config="anatomy")], task="mmlu_medical_anatomy")
    run(tmp_path, [item(2, "The answer is B.")])
    made = {
        "model": "org/model",
        "revision": "v1.0",
        "engine": {"backend": "accelerate", "dtype": "bfloat16", "device": None},
        "not_scored": {"hle_medical": "gated"},
        "tasks": [scores.summarize(task, None) for task in read_run(tmp_path)],
    }
    text = scores.write(tmp_path / "out", made)
    assert "| **mean of 2** | free | 2 | 50.0 % |" in text
    assert "Measured with backend accelerate, dtype bfloat16." in text
    assert "Not scored: hle_medical (gated)." in text
    assert json.loads((tmp_path / "out" / "scores.json").read_text())["tasks"][0]["task"] == "medqa"
    assert (tmp_path / "out" / "scores.md").read_text() == text + "\n"
