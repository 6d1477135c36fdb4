"""Every recipe parses with TRL's own parser, and every setting is where the table says it comes from."""

import csv
from pathlib import Path

import pytest
import yaml

from tests.sft import scenario

ROOT = Path(__file__).parents[2]
NAMES = sorted(file.stem for file in (ROOT / "sft").glob("*.yaml"))
PAPERS = ("medreason-8b", "medreason-llama", "medreason-mistral", "medreason-distill")
PAPERS += ("reasonmed-7b", "cotmed-7b", "responsemed-7b")


def table() -> list[dict[str, str]]:
    with (ROOT / "sft" / "settings.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_there_is_a_recipe_for_every_model() -> None:
    assert sorted([*PAPERS, "tiny"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_what_the_table_says(name: str) -> None:
    parsed = scenario.result("run_recipes")["settings"][name]
    rows = {row["setting"]: row for row in table() if name in row["recipes"].split(",")}
    assert {key: parsed[key] for key in rows} == {key: row["value"] for key, row in rows.items()}
    assert all(row["source"].startswith(("ours", "MedReason", "ReasonMed")) for row in rows.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_setting_of_a_recipe_is_without_a_source(name: str) -> None:
    found = scenario.result("run_recipes")
    listed = {row["setting"] for row in table() if name in row["recipes"].split(",")} | set(found["upkeep"])
    listed |= {"datasets"}  # the table's `data`
    assert set(found["yaml"][name]) - listed == set()


def test_what_the_papers_state() -> None:
    """MedReason's published SFT script and README, once more by hand: table and recipes cannot be wrong together."""
    for name in PAPERS[:4]:
        settings = scenario.result("run_recipes")["settings"][name]
        assert settings["global_batch"] == "128"
        stated = {"num_train_epochs": "3", "learning_rate": "5e-06", "weight_decay": "0.1", "warmup_steps": "0.05"}
        stated |= {
            "lr_scheduler_type": "cosine",
            "max_length": "8192",
            "bf16": "true",
            "gradient_checkpointing": "true",
        }
        stated |= {"seed": "2002", "optim": "adamw_torch", "completion_only_loss": "true"}
        assert {key: settings[key] for key in stated} == stated


def test_weight_decay_spares_biases_and_norms() -> None:
    spared = scenario.result("run_recipes")["not_decayed"]
    assert spared and all("norm" in name or "bias" in name for name in spared)
    assert any("bias" in name for name in spared) and any("norm" in name for name in spared)


def test_all_recipes_are_pinned_but_one_that_says_so() -> None:
    pinned = scenario.result("run_recipes")["pinned"]
    assert [name for name in PAPERS if not pinned[name]] == ["medreason-8b"]
    assert "UNPINNED" in (ROOT / "sft" / "medreason-8b.yaml").read_text("utf-8")
    for name in PAPERS:
        data = scenario.result("run_recipes")["settings"][name]["data"]
        assert data.startswith("hf://datasets/org/") and "@v1.0/" in data


def test_names_are_the_same_everywhere() -> None:
    ids = scenario.result("run_recipes")["hub_model_id"]
    assert {name: ids[name] for name in PAPERS} == {name: f"org/{name}" for name in PAPERS}


def test_preflight_refuses_attention_that_leaks() -> None:
    found = scenario.result("run_recipes")
    assert found["refusals"] == {name: [] for name in NAMES}
    unknown_kernel, cut_rows, padded = found["leaks"]
    assert "my_kernel" in unknown_kernel and "sdpa" in unknown_kernel
    assert "wrapped" in cut_rows
    assert padded is None


def test_steps_are_counted_as_the_trainer_does() -> None:
    found = scenario.result("run_recipes")
    assert found["steps"] == {"one epoch of 32,682": 256, "rounded up": 6}
    ours, trls = found["packs"]
    assert ours == trls and len(ours) < 200


def test_errors_say_what_to_do() -> None:
    errors = scenario.result("run_recipes")["errors"]
    assert "medreason-8b" in errors["no recipe"]
    assert "lerning_rate" in errors["unknown setting"]
    assert "@tag" in errors["unpinned data"]
    assert "make dataset" in errors["no folder"]
    assert "20 items of each task, a trial; expected all items" in errors["limited scores"]
    assert "expected the scores.json that `make score` writes" in errors["no scores"]


def test_launch_configurations_are_accelerates() -> None:
    files = {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in (ROOT / "sft/accelerate").glob("*.yaml")}
    assert {name: config["num_processes"] for name, config in files.items()} == {
        "zero3": 8,
        "zero2": 8,
        "one_gpu": 1,
        "two_cpu": 2,
    }
    assert [files[name]["deepspeed_config"]["zero_stage"] for name in ("zero3", "zero2", "two_cpu")] == [3, 2, 3]
    assert [files[name]["use_cpu"] for name in ("zero3", "two_cpu")] == [False, True]
