"""Every recipe parses with TRL's own parser, and every setting is where the table says it comes from."""

import csv
import fnmatch
from pathlib import Path

import pytest
import yaml

from tests.sft import scenario

ROOT = Path(__file__).parents[2]
NAMES = sorted(file.stem for file in (ROOT / "sft").glob("*.yaml"))
PAPERS = ("medreason-8b", "medreason-llama", "medreason-mistral", "medreason-distill")
PAPERS += ("reasonmed-7b", "cotmed-7b", "responsemed-7b")


def table(file: str) -> list[dict[str, str]]:
    with (ROOT / "sft" / file).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


LOCAL = {"tiny", "smollm2-135m"}  # recipes of SFT whose base model is made on this machine
FURTHER = {name for name in NAMES if name.endswith(("-grpo", "-dpo"))}  # from a checkpoint on this machine


def sourced(name: str) -> dict[str, dict[str, str]]:
    """By setting, the row of settings.tsv for this recipe; its column `recipes` has names, or patterns such as medreason-*."""
    return {
        row["setting"]: row
        for row in table("settings.tsv")
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in row["recipes"].split(","))
    }


def test_there_is_a_recipe_for_every_model_of_the_papers() -> None:
    assert {*PAPERS, "tiny"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_what_the_table_says(name: str) -> None:
    parsed = scenario.result("run_recipes")["settings"][name]
    rows = sourced(name)
    assert {key: parsed[key] for key in rows} == {key: row["value"] for key, row in rows.items()}
    assert all(row["source"].startswith(("ours", "MedReason", "ReasonMed")) for row in rows.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_base_model_is_at_the_revision_that_its_table_says(name: str) -> None:
    parsed = scenario.result("run_recipes")["settings"][name]
    (base,) = [row for row in table("bases.tsv") if row["base"] == parsed["model_name_or_path"]]
    assert name in FURTHER or parsed["eos_token"] == (base["eos_token"] or "none")
    assert parsed["model_revision"] == base["revision"] or (name in LOCAL | FURTHER and not base["revision"])
    assert base["source"].startswith(("ours", "MedReason", "ReasonMed"))


@pytest.mark.parametrize("name", NAMES)
def test_no_setting_of_a_recipe_is_without_a_source(name: str) -> None:
    found = scenario.result("run_recipes")
    listed = sourced(name).keys() | set(found["upkeep"])
    listed |= {"datasets"}  # the table's `data`
    listed |= {"model_name_or_path", "model_revision", "eos_token"}  # of bases.tsv
    assert set(found["yaml"][name]) - listed == set()


def test_the_end_of_a_name_chooses_the_trainer() -> None:
    settings = scenario.result("run_recipes")["settings"]
    assert {name for name in NAMES if "reward_funcs" in settings[name]} == {"tiny-grpo", "medreason-8b-grpo"}
    assert {name for name in NAMES if "label_smoothing" in settings[name]} == {"tiny-dpo", "medreason-8b-dpo"}
    assert settings["medreason-8b-grpo"]["reward_weights"] == "1, 1, 1, 1"
    assert {name for name in NAMES if "packing" in settings[name]} == set(NAMES) - FURTHER


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
    assert [name for name in NAMES if not pinned[name]] == ["medreason-8b"]
    assert "UNPINNED" in (ROOT / "sft" / "medreason-8b.yaml").read_text("utf-8")
    for name in set(NAMES) - LOCAL - {"tiny-grpo", "tiny-dpo"}:
        data = scenario.result("run_recipes")["settings"][name]["data"]
        assert data.startswith("hf://datasets/org/") and "@v1.0/" in data


def test_names_are_the_same_everywhere() -> None:
    ids = scenario.result("run_recipes")["hub_model_id"]
    assert all(ids[name] == f"org/{name}" for name in set(NAMES) if not name.startswith("tiny"))


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
    assert "20 items of each task only; expected scores of all items" in errors["limited scores"]
    assert "expected a scores.json: run `make score`" in errors["no scores"]


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
