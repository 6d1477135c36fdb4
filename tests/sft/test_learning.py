"""GRPO and DPO from rows to a card, killed and begun again. Slow: every training is a process."""

import pytest

from tests.sft import scenario

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("method", "measure", "told"),
    [
        ("grpo", "rewards/answer_reward/mean", "mean reward"),
        ("dpo", "rewards/margins", "margin of chosen over rejected"),
    ],
)
def test_trains_and_says_what_it_raised(method: str, measure: str, told: str) -> None:
    found = scenario.result("run_learning", method)
    assert [entry["step"] for entry in found["log"] if measure in entry] == [1, 2, 3, 4]
    assert f"model, tokenizer, card; {told} " in found["told"]
    assert found["moved"] > 0
    assert "\n4 steps" in found["card"] and f"seconds since the last start; {told} " in found["card"]
    assert f"trained with {method.upper()}" in found["card"]


@pytest.mark.parametrize("method", ["grpo", "dpo"])
def test_killed_and_begun_again_is_as_if_nothing_had_been(method: str) -> None:
    found = scenario.result("run_learning", method)
    assert found["killed"] == [-9, 0]
    assert found["continued"]
    assert found["same_log"]
    assert found["furthest"] == 0


@pytest.mark.parametrize(("method", "code"), [("grpo", "REFUSED not_rewarded: "), ("dpo", "REFUSED no_pair: 4 rows")])
def test_rows_that_teach_nothing_are_refused_before_the_first_step(method: str, code: str) -> None:
    status, said = scenario.result("run_learning", method)["refused"]
    assert status == 1
    assert code in said
    assert "nothing was trained" in said


def test_held_out_rows_are_rewarded_too() -> None:
    found = scenario.result("run_learning", "grpo")
    assert [entry["step"] for entry in found["log"] if "eval_reward" in entry] == [0, 2, 4]
    assert "mean reward, held-out rows" in found["card"]
