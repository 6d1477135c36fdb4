"""From a dataset tag on a (local) Hub to a checkpoint on it; killed and begun again; in two processes. Slow: every run is a process."""

import pytest
import yaml

from tests.sft import scenario

pytestmark = pytest.mark.slow


def test_one_process_learns_its_rows_and_answers_in_their_form() -> None:
    found = scenario.result("run_training", "one")
    losses = dict(found["losses"])
    assert losses[1] > 7 and losses[120] < 0.15
    assert (
        found["answers"] == [True] * 8
    )  # of the checkpoint that was fetched from the Hub, word by word, then the end token


def test_checkpoint_is_on_the_branch_without_pickles() -> None:
    found = scenario.result("run_training", "one")
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md", "loss.png", "run.json"} <= set(
        found["files"]
    )
    assert not [
        name for name in found["files"] if name.endswith((".bin", ".pt", ".pth", ".pkl")) or "checkpoint" in name
    ]


def test_pushed_card_is_true() -> None:
    found = scenario.result("run_training", "one")
    card, run = found["card"], found["run"]
    for key in ("learning_rate", "max_length", "max_steps", "per_device_train_batch_size", "seed"):
        assert f"| {key} | {run[key]} |" in card
    assert "hf://datasets/org/facts@v1/data/train-*.parquet" in card and run["data_revision"] == ["v1"]
    assert "8 rows, " in card and "120 steps (the training ended with `max_steps`, not with its epochs), " in card
    metadata = yaml.safe_load(card.split("---")[1])
    assert metadata["datasets"] == ["org/facts"] and metadata["model-index"][0]["name"] == "tiny"


def test_card_with_scores_is_of_the_run_and_not_of_the_file() -> None:
    found = scenario.result("run_training", "one")
    assert "| max_steps | 120 |" in found["rewritten"] and "org/facts@v1" in found["rewritten"]
    assert "Measured on m with lighteval 0.13.0, litellm, http://127.0.0.1:1/v1." in found["rewritten"]


def test_a_token_that_may_not_write_is_refused_before_the_first_step() -> None:
    status, said, trained = scenario.result("run_training", "one")["reader"]
    assert status == 1 and not trained
    assert said.startswith("error: cannot write to") and "HF_TOKEN" in said


def test_other_settings_do_not_go_on_from_these_checkpoints() -> None:
    status, said = scenario.result("run_training", "one")["other"]
    assert status == 1 and "learning_rate: 0.003, now 0.1" in said


def test_a_lock_left_by_a_killed_compilation_is_named_instead_of_waited_for() -> None:
    status, said = scenario.result("run_training", "one")["locked"]
    assert status == 1 and "deepspeed_op/lock" in said and "remove it" in said


def test_killed_and_begun_again_is_as_if_nothing_had_been() -> None:
    found = scenario.result("run_training", "killed")
    assert found["status"] == -9
    assert "continuing from" in found["told"] and "checkpoint-9999" not in found["told"]
    assert found["resumed"] == found["whole"]
    assert found["furthest"] == 0.0


@pytest.mark.parametrize("way", ["ddp", "zero3"])
def test_two_processes_train_what_one_trains(way: str) -> None:
    """Parameters after 12 steps, at the same global batch: they moved by 0.018, and differ by float rounding."""
    found = scenario.result("run_training", way)
    assert found["processes"] == "2"
    assert found["moved"] > 0.01
    assert max(found["furthest"]) < 1e-5
    for name in ("two", "accumulated"):
        for (step, loss), (same_step, other) in zip(found["one"], found[name], strict=True):
            assert step == same_step and loss == pytest.approx(other, abs=1e-4)
