"""The framework: needs and adds, live rows, and a cache that neither forgets nor goes stale."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import Dataset

from dataset_builder import run as framework
from dataset_builder import stage_code
from dataset_builder.apply import apply_to_live_rows
from dataset_builder.mapped import folder_of, release
from dataset_builder.run import WorkerDied, run
from dataset_builder.sources.questions import on_disk
from dataset_builder.stage import Batch, Stage, bind, show, stage

ROOT = Path(__file__).parent.parent


@stage(needs="question", adds="rationale")
def echo(batch, times: int = 1):
    return {
        "rationale": [question * times for question in batch["question"]],
        "rejected_because": ["no_path" if question == "b" else None for question in batch["question"]],
    }


@stage(needs="rationale", adds="prompt")
def never_sees_a_rejected_row(batch):
    assert None not in batch["rationale"]
    assert set(batch) == {"rationale"}
    return {"prompt": [[{"role": "user", "content": text}] for text in batch["rationale"]]}


def question(text: str, rejected: str | None = None) -> dict:
    return {
        "id": text, "source": "sample", "split": "train", "source_row": 0, "question": text, "context": None, "options": [],
        "answer": "x", "answer_label": None, "answer_type": "open", "gold_text": "x", "reference_rationale": None,
        "license": "mit", "rejected_because": rejected, "rejected_detail": None,
    }  # fmt: skip


def rows(*texts: str):
    return on_disk([question(text) for text in texts])


def test_a_rejected_row_keeps_its_place_and_reason_and_gets_nulls() -> None:
    done, runs = run(
        on_disk([question("a"), question("b"), question("c", "duplicate")]), [echo, never_sees_a_rejected_row]
    )
    assert [one.rejected for one in runs] == [{"no_path": 1}, {}]
    assert done["question"][:] == ["a", "b", "c"]
    assert done["rejected_because"][:] == [None, "no_path", "duplicate"]
    assert done["rationale"][:] == ["a", "b", None]
    assert done["prompt"][:] == [[{"role": "user", "content": "a"}], None, None]


@stage(needs="question", adds="rationale", arrow=True)
def echo_arrow(batch: pa.Table, times: int = 1):
    questions = batch["question"].to_pylist()
    assert batch.column_names == ["question"]
    return {
        "rationale": pa.array([question * times for question in questions], pa.string()),
        "rejected_because": pa.array(["no_path" if q == "b" else None for q in questions], pa.string()),
    }


@pytest.mark.parametrize("reasons", [(None, None, None), (None, "duplicate", None), ("duplicate",) * 3])
def test_a_stage_on_arrow_tables_does_what_one_on_lists_does(reasons) -> None:
    table = [question(text, why) for text, why in zip("abc", reasons, strict=True)]
    lists, _ = run(on_disk(table), [echo.using(times=2)])
    arrow, runs = run(on_disk(table), [echo_arrow.using(times=2)])
    assert arrow[:] == lists[:]
    assert arrow.features == lists.features
    assert not runs[0].cached
    assert run(on_disk(table), [echo_arrow.using(times=2)])[1][0].cached


def test_a_pipeline_that_cannot_work_fails_before_it_runs() -> None:
    with pytest.raises(
        ValueError, match=r"stage 'never_sees_a_rejected_row' needs \['rationale'\], which no earlier stage adds"
    ):
        bind(["question"], [never_sees_a_rejected_row, echo])
    with pytest.raises(ValueError, match=r"stage 'echo' adds \['rationale'\], which already exists"):
        bind(["question"], [echo, echo])


def test_a_stage_that_returns_what_it_does_not_declare_or_loses_rows_is_an_error() -> None:
    batch = {"question": ["a", "b"], "rejected_because": [None, None], "rejected_detail": [None, None]}
    with pytest.raises(ValueError, match=r"returned \['score'\]; it declares \['rationale'\]"):
        apply_to_live_rows(batch, Stage(lambda b: {"score": [1, 2]}, ("question",), ("rationale",)))
    with pytest.raises(ValueError, match="zip"):
        apply_to_live_rows(batch, Stage(lambda b: {"rationale": ["one"]}, ("question",), ("rationale",)))


def test_nothing_changed_is_a_cache_hit_and_tools_or_input_changed_is_not() -> None:
    def cached(times: int, *texts: str) -> list[bool]:
        return [one.cached for one in run(rows(*texts), [echo.using(times=times), never_sees_a_rejected_row])[1]]

    assert cached(1, "a", "d") == [False, False]
    assert cached(1, "a", "d") == [True, True]
    assert cached(2, "a", "d") == [False, False]
    assert cached(1, "a", "e") == [False, False]


def test_an_edit_of_the_code_is_never_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    run(rows("a"), [echo])
    monkeypatch.setattr(framework, "stage_hash", lambda stage: "another")
    assert [one.cached for one in run(rows("a"), [echo])[1]] == [False]


@pytest.mark.parametrize(
    "file",
    [
        "dataset_builder/stages/rank_paths.py",
        "dataset_builder/prompts/question.jinja",
        "kg/words/aliases.tsv",
        "kg/search.py",
    ],
)
def test_the_code_hash_sees_code_prompts_and_word_lists(tmp_path: Path, file: str) -> None:
    for package in ("dataset_builder", "kg"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    before = stage_code.code_hash(tmp_path)
    assert stage_code.code_hash.__wrapped__(tmp_path) == before
    with (tmp_path / file).open("a") as edited:
        edited.write("\n")
    assert stage_code.code_hash.__wrapped__(tmp_path) != before


def test_two_processes_give_the_same_rows() -> None:
    texts = [f"question {i}" for i in range(40)]
    one, _ = run(rows(*texts), [echo, never_sees_a_rejected_row])
    two, _ = run(rows(*texts), [echo.using(times=1), never_sees_a_rejected_row], num_proc=2, batch_size=3)
    assert one.to_list() == two.to_list()


@stage(needs="question", adds="restated")
def reads_no_rationale(batch):
    return {"restated": [None for _ in batch["question"]]}


@pytest.mark.parametrize("num_proc", [None, 2])
def test_the_cache_holds_each_column_once_and_workers_get_file_names(num_proc: int | None) -> None:
    table = on_disk([question(f"question {i} " * 1000) for i in range(40)])
    folder = Path(table.cache_files[0]["filename"]).parent
    done, _ = run(table, [echo.using(times=1)], num_proc=num_proc)
    added = [file for file in folder.glob("cache-*.arrow")]
    assert len(added) == (num_proc or 1) and {Path(file["filename"]) for file in done.cache_files} > set(added)
    assert sum(file.stat().st_size for file in added) < 1.1 * (folder / "questions.arrow").stat().st_size
    for file in added:
        assert Dataset.from_file(str(file)).column_names == ["rationale", "rejected_because", "rejected_detail"]
    assert len(pickle.dumps(done)) < 100_000, "the rows are on disk; only names of files are sent to a worker"


def test_an_edit_rebuilds_only_the_stages_that_read_what_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = [echo, reads_no_rationale, never_sees_a_rejected_row]

    def cached(times: int) -> list[bool]:
        return [one.cached for one in run(rows("a", "d"), [echo.using(times=times), *stages[1:]])[1]]

    assert cached(1) == [False, False, False]
    assert cached(2) == [False, True, False]
    monkeypatch.setattr(
        framework, "stage_hash", lambda stage: "edited" if stage.name == "echo" else stage_code.stage_hash(stage)
    )
    assert cached(2) == [False, True, True], "an edit that changes no value"


def test_a_copy_in_another_process_has_the_columns_in_the_same_order() -> None:
    """A parquet file of many rows could not be written: a copy had the last stage's columns earlier than its features had."""
    done, _ = run(rows("a", "b"), [echo, never_sees_a_rejected_row])
    copy = pickle.loads(pickle.dumps(done))
    assert copy.data.column_names == list(copy.features) == done.data.column_names == list(done.features)
    assert list(done.features)[-2:] == ["rationale", "prompt"]


def test_pages_of_files_are_let_go_and_read_again() -> None:
    table = on_disk([question(f"{i} " * 10_000) for i in range(250)])

    def mapped() -> int:
        status = Path("/proc/self/status").read_text().split()
        return int(status[status.index("RssFile:") + 1])

    before = table["question"][:]
    held = mapped()
    release(folder_of(table))
    assert held - mapped() > 5_000, "kilobytes; the file has over 10,000"
    assert table["question"][:] == before


@stage(needs="question", adds="rationale")
def dies(batch, how: str = ""):
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise {"broken": BrokenPipeError, "closed": EOFError, "ours": RuntimeError}[how](how)


@pytest.mark.parametrize("how", ["killed", "broken", "closed"])
def test_a_worker_that_was_killed_is_told_with_what_to_do(how: str) -> None:
    with pytest.raises(
        WorkerDied,
        match=r"stage dies: one of 2 worker processes was killed, .* memory .*\n?Nothing is lost: .* NUM_PROC",
    ):
        run(rows("a", "b", "c", "d"), [dies.using(how=how)], num_proc=2, batch_size=1)


def test_other_errors_of_a_stage_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="ours") as why:
        run(rows("a", "b"), [dies.using(how="ours")], num_proc=2, batch_size=1)
    assert not isinstance(why.value, WorkerDied)


def test_a_new_process_hits_the_cache() -> None:
    script = "from tests_stage import rows, echo, run\nprint([one.cached for one in run(rows('a', 'b'), [echo])[1]])"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script.replace("from tests_stage", "import sys; sys.path[:0] = ['.', 'tests']\nfrom test_stage")],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.strip()
        for _ in range(2)
    ]  # fmt: skip
    assert outputs == ["[False]", "[True]"]


def test_the_table_shows_what_each_stage_reads_adds_and_uses() -> None:
    assert show([echo.using(times=3)]).splitlines()[2] == "| echo | question | rationale | times=3 |"


def test_a_column_that_row_py_does_not_declare_is_an_error_before_anything_runs() -> None:
    def fails(batch: Batch) -> Batch:
        raise AssertionError("a stage ran")

    stages = [Stage(fails, ("question",), ("rationale",)), Stage(fails, ("question",), ("forgotten",))]
    with pytest.raises(
        ValueError, match=r"found no type of the columns \['forgotten'\]; expected each .* in ADDED of row.py"
    ):
        run(rows("a"), stages)
