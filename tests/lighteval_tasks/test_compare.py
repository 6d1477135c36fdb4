"""Two runs on the same items: paired by id, whatever their order; refused where the items are not the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.sources.raw_files import SourceError, sha256
from lighteval_tasks import comparison
from lighteval_tasks.compare import compare, compare_runs
from tests.lighteval_tasks.runs import item, run

RIGHT, WRONG = "The answer is A.", "The answer is B."


def answers(*right: int, of: int = 40) -> list[dict[str, Any]]:
    return [item(number, RIGHT if number in right else WRONG) for number in range(of)]


def test_runs_are_paired_by_id(tmp_path: Path) -> None:
    a = run(tmp_path / "a", answers(*range(10)))
    b = run(tmp_path / "b", answers(*range(5, 30))[::-1])
    made = compare_runs(a, b)
    (one,) = made["raw"]["tasks"]
    assert (one["only_a"], one["only_b"]) == (5, 20)
    assert one["difference"] == pytest.approx(15 / 40)
    assert one["low"] < one["difference"] < one["high"]
    assert one["p"] == one["p_holm"] < 0.01
    assert made["clean"] is None
    assert made == compare_runs(a, b), "the same runs, another result"


def test_other_items_cannot_be_compared(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", answers(1)), run(tmp_path / "b", answers(1, of=39))
    with pytest.raises(SourceError, match="A has 40 items and B 39, of which 1 are in only one"):
        compare_runs(a, b)
    with pytest.raises(SourceError, match="no task is in both runs; A has medqa, B has medmcqa"):
        compare_runs(a, run(tmp_path / "c", answers(1), task="medmcqa"))


def write_dataset(folder: Path, ledger: list[dict[str, str]]) -> None:
    """A dataset folder with a single row, and this ledger."""
    tables = {"data": pa.table({"id": ["i"]}), "contamination": pa.Table.from_pylist(ledger)}
    for place, table in tables.items():
        (folder / place).mkdir(parents=True)
        pq.write_table(table, folder / place / "train-00000-of-00001.parquet")
    paths = [("default", "data"), ("contamination", "contamination")]
    configs = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {place}/train-*\n" for name, place in paths
    )
    (folder / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    files = [file for file in folder.rglob("*") if file.is_file()]
    listed = {file.relative_to(folder).as_posix(): sha256(file) for file in files}
    content = {"rows": {"train": 1}, "columns": {"id": "string"}, "files": listed}
    content |= {"configs": {"contamination": {"columns": {}, "rows": len(ledger)}}}
    found = {"strict": False, "embedder": "none", "checked": {"medqa": {}}, "not_checked": {}, "matches": {"s": {}}}
    (folder / "manifest.json").write_text(json.dumps(content | {"contamination": found}))


def test_raw_and_clean_side_by_side(tmp_path: Path) -> None:
    """The ledger of a dataset folder says which items B may have been trained on; without them B's gain is gone."""
    folder = tmp_path / "dataset"
    rows = [
        {"benchmark": "medqa", "benchmark_id": f"medqa:{n:016x}", "source": "s", "id": "i", "rule": "exact"}
        for n in range(20)
    ]
    write_dataset(folder, rows)
    a, b = run(tmp_path / "a", answers(*range(20, 30))), run(tmp_path / "b", answers(*range(30)))
    for folder_of in (a, b):
        run(folder_of, answers(1), task="medmcqa")
    made = compare_runs(a, b, dataset=str(folder))
    assert made["raw"]["tasks"][0]["difference"] == pytest.approx(0.5)
    (clean,) = made["clean"]["tasks"]
    assert (clean["items"], clean["difference"]) == (20, 0.0)
    assert made["not_checked"] == [["medmcqa", "free"]]
    text = comparison.write(made, tmp_path / "out")
    assert f"Without the items that {folder} matches:" in text
    assert "No clean score, because the dataset was not compared with it: medmcqa (free)." in text
    assert (tmp_path / "out" / "comparison.png").stat().st_size > 10_000
    card = folder / "README.md"
    card.write_text(card.read_text().replace("path: contamination/train-*", "path: elsewhere/train-*"))
    with pytest.raises(SourceError, match=r"README\.md: configs, contamination, data_files: found .*elsewhere"):
        compare_runs(a, b, dataset=str(folder))


def test_other_prompts_of_the_same_items_are_no_more_items() -> None:
    """Each prompt has a mean of its own: with the three thrown together the interval would be narrower by a third."""
    rng = np.random.default_rng(5)
    a, b = (rng.random(200) < share for share in (0.5, 0.6))
    prompts = ("free", "strict", "huatuo_compat")
    tasks, means = compare({(task, prompt): (a, b) for prompt in prompts for task in ("medqa", "medmcqa")})
    assert [(mean.prompt, mean.tasks) for mean in means] == [(prompt, 2) for prompt in prompts]
    widths = [mean.high - mean.low for mean in means]
    assert widths == pytest.approx([(tasks[0].high - tasks[0].low) / np.sqrt(2)] * 3, rel=0.15)


def test_a_folder_that_was_never_checked_gives_no_clean_score(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    a = run(tmp_path / "a", answers(1))
    with pytest.raises(SourceError, match="found no ledger of contamination"):
        compare_runs(a, a, dataset=str(tmp_path))
    with pytest.raises(SourceError, match="found no such folder; expected a dataset folder, or org/name@tag"):
        compare_runs(a, a, dataset="org/name")


def test_the_words_say_whether_a_difference_is_shown(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", answers(*range(10))), run(tmp_path / "b", answers(*range(40)))
    assert "B is better than A. Corrected p below 0.05: medqa." in comparison.markdown(compare_runs(a, b))
    assert "no difference is shown" in comparison.markdown(compare_runs(a, a))


def test_runs_on_other_engines_are_warned_of(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", answers(1)), run(tmp_path / "b", answers(1))
    for folder, dtype in ((a, "bfloat16"), (b, "float32")):
        about = {"model": f"org/{folder.name}", "revision": "v1.0", "engine": {"dtype": dtype, "date": folder.name}}
        (folder / "scores.json").write_text(json.dumps(about))
    text = comparison.markdown(compare_runs(a, b))
    assert "### org/b@v1.0 (B) against org/a@v1.0 (A)" in text
    assert "Warning: the runs differ not only in the model: dtype bfloat16 / float32." in text


def test_equal_models_are_seldom_called_different() -> None:
    """200 simulated pairs at no difference; benchmarks.compare does it at length."""
    rng, hits, outside = np.random.default_rng(11), 0, 0
    for seed in range(200):
        a, b = (rng.random(300) < 0.6 for _ in "ab")
        (one,), (mean,) = compare({("medqa", "free"): (a, b)}, seed)
        hits += one.p < 0.05
        outside += mean.low > 0 or mean.high < 0
    assert hits <= 200 * 0.05 + 2 * np.sqrt(200 * 0.05 * 0.95)
    assert outside <= 200 * 0.05 + 2.5 * np.sqrt(200 * 0.05 * 0.95)
