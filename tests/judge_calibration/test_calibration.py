"""A judge's calibration: measured error rates, a judge by substrings caught, and what a build does with it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from dataset_builder.__main__ import main
from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.judge_calibration.calibration import PROMPTS, JudgeCalibration, calibration_cases, examine
from dataset_builder.llm.model import LLM
from dataset_builder.llm.prices import read_prices
from dataset_builder.llm.runner import Runner
from tests.support.llm_server.running import Running, running

JUDGE = ["--judge", "scripted", "--price", "scripted=1/2"]
BUILD = ("build", "medreason", "--writer", "scripted", *JUDGE, "--rows", "6")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    with running() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789abcdef")
        yield server


def calibrations(tmp_path: Path, name: str) -> list[JudgeCalibration]:
    calls = {"prices": read_prices(["scripted=1/2"]), "in_flight": 64}
    with Runner(AnswerStore(tmp_path / f"{name}.sqlite"), calls) as answers:
        return [examine(stage, LLM("scripted"), 1, answers) for stage in PROMPTS]


def test_the_cases_are_many_and_of_every_kind() -> None:
    rows = [row for stage in PROMPTS for row in calibration_cases(stage)]
    assert len(rows) >= 120 and len({row["id"] for row in rows}) == len(rows)
    kinds = Counter((row["kind"], row["expected"]) for row in rows)
    assert {of for _, of in kinds} == {"right", "wrong"} and min(kinds.values()) >= 10
    for kind in (
        "empty",
        "opening only",
        "a mark only",
        "injected order",
        "right letter, wrong text",
        "long wrong answer",
    ):
        assert (kind, "wrong") in kinds
    assert any(row["text"] == "Thought process:" for row in rows) and any(row["text"] == ":" for row in rows)
    for row in rows:
        assert row["answer"] == next(o["text"] for o in row["options"] if o["label"] == row["answer_label"])


@pytest.mark.parametrize(("wrong_taken", "right_lost"), [(0.0, 0.0), (0.06, 0.12), (0.35, 0.2)])
def test_known_error_rates_are_measured_within_the_interval(
    server: Running, tmp_path: Path, wrong_taken: float, right_lost: float
) -> None:
    server.change(false_positive=wrong_taken, false_negative=right_lost)
    found = calibrations(tmp_path, "known")
    for calibration in found:
        for rate, true in ((calibration.false_positives, wrong_taken), (calibration.false_negatives, right_lost)):
            assert rate.interval[0] <= true <= rate.interval[1], (calibration.stage, str(rate))
        assert bool(calibration.faults) is (wrong_taken > 0.1)
    asked = server.stats()["requests"]
    assert [p.as_dict() for p in calibrations(tmp_path, "known")] == [p.as_dict() for p in found]
    assert server.stats()["requests"] == asked  # nothing is paid twice


def test_a_judge_by_substrings_is_caught_and_stops_the_build(
    server: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.change(judge="substring")
    store = ["--store", str(tmp_path / "answers.sqlite")]
    build = [*BUILD, *store, "--out", str(tmp_path / "out")]
    assert main(["judge-calibration", *JUDGE, *store]) == 1
    printed = capsys.readouterr().out
    assert "| denied | wrong | 10 | 0 | 0 |" in printed and "wrong answers taken for right: " in printed
    assert main(build) == 2
    assert "judge scripted (check_answer) errs too often" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*build, "--allow-judge"]) == 0
    card = (tmp_path / "out/README.md").read_text("utf-8")
    assert (
        "**Above the threshold**, and allowed by `--allow-judge`" in card and "| injected order | wrong | 20 |" in card
    )
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["run"]["passports"][0]["false_positives"]["share"] > 0.5


def test_a_build_says_that_a_judge_was_not_calibrated_and_a_good_calibration_is_in_the_card(
    server: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(tmp_path / "answers.sqlite")]
    build = [*BUILD, *store, "--out", str(tmp_path / "out")]
    assert main(build) == 0
    assert "note: scripted was not calibrated" in capsys.readouterr().out
    assert "Not calibrated: it was not measured" in (tmp_path / "out/README.md").read_text("utf-8")
    assert main(["judge-passport", *JUDGE, *store]) == 0
    assert main(build) == 0
    assert "not calibrated" not in capsys.readouterr().out
    assert "accepts\n0.0 % [0.0, 2.9] of the 130 wrong ones as right" in (tmp_path / "out/README.md").read_text(
        "utf-8"
    )


@pytest.mark.slow
def test_a_cap_that_is_reached_leaves_no_calibration(
    server: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge-calibration", *JUDGE, "--max-usd", "0.05", "--store", str(tmp_path / "a.sqlite")]) == 2
    assert "cases have no answer" in capsys.readouterr().err
    assert main(["judge-passport", *JUDGE, "--replay-only", "--store", str(tmp_path / "b.sqlite")]) == 2
