"""The cards in model_cards/ are what their recipes say, and a trained one also says what the training was."""

from pathlib import Path

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from dataset_builder.sources.table import SOURCES
from tests.sft import scenario

CARDS = Path(__file__).parents[2] / "model_cards"
NAMES = sorted(file.stem for file in CARDS.glob("*.md"))

OF_METHOD = {"-grpo": "completions", "-dpo": "pairs"}  # of what a step has so many


@pytest.mark.parametrize("name", NAMES)
def test_card_is_its_recipes(name: str) -> None:
    found = scenario.result("run_recipes")
    text = (CARDS / f"{name}.md").read_text("utf-8")
    assert text == found["cards"][name], "run `make cards`"
    settings = found["settings"][name]
    kind, unit = next((way for way in OF_METHOD.items() if name.endswith(way[0])), ("", "rows"))
    limit = "max_completion_length" if kind == "-grpo" else "max_length"
    for key in ("model_name_or_path", "learning_rate", "num_train_epochs", limit, "seed", "weight_decay"):
        assert f"| {key} | {settings[key]} |" in text
    assert settings["data"] in text and f"A step has {settings['global_batch']} {unit}" in text
    metadata = yaml.safe_load(text.split("---")[1])
    assert metadata["model-index"] == [{"name": name, "results": []}]
    assert "Not measured yet." in text
    if settings["model_name_or_path"].startswith("build/"):
        assert (
            "base_model" not in metadata and f"(https://huggingface.co/{settings['model_name_or_path']})" not in text
        )
    else:
        assert metadata["base_model"] == settings["model_name_or_path"]
        assert metadata["datasets"] == [settings["data"].removeprefix("hf://datasets/").partition("@")[0]]


def test_a_card_for_every_recipe() -> None:
    assert sorted(scenario.result("run_recipes")["cards"]) == NAMES


def test_what_is_unpinned_says_so() -> None:
    cards = scenario.result("run_recipes")["cards"]
    assert [name for name, text in cards.items() if "UNPINNED" in text] == ["medreason-8b"]


def test_the_data_decide_which_paper_and_which_form_of_answer_a_card_names() -> None:
    text = scenario.result("run_recipes")["card_of_other_data"]  # of the recipe medreason-8b
    assert "| method of | ReasonMed (arXiv:2506.09513) |" in text
    assert "It answers with the rationale alone." in text


def test_trained_card_has_loss_funnel_scores_and_what_was_allowed() -> None:
    text = scenario.result("run_recipes")["trained_card"]
    assert "loss 2.000 at step 1, 1.000 at step 3" in text and "![Training loss by step](loss.png)" in text
    assert "| medqa | 12 | 10 | 2 |" in text
    assert "trained from commit `c0ffee`" in text
    assert "preflight found it: duplicate" in text
    assert "| medqa | strict | 10 | 70.0% | 39.7%–89.2% | not known | 100.0% | 10.0% | 300 |" in text
    assert "Measured on org/x at `v1.0`, commit `abc` with lighteval 0.13.0, vllm, 8 x GPU." in text
    result = yaml.safe_load(text.split("---")[1])["model-index"][0]["results"][0]
    assert result["metrics"] == [{"type": "accuracy", "value": 0.7, "name": "accuracy"}]


def test_a_card_has_the_claims_of_the_outputs_where_a_graph_checked_them() -> None:
    text = scenario.result("run_recipes")["card_with_claims"]
    assert "| medqa | strict | 10 | 2 | 10.0 [0.0, 40.4] | 10.0 [0.0, 40.4] | 0.0 [0.0, 27.8] | 1 |" in text
    assert "against the graph kg.csv (sha256 `abababababababab`)" in text
    assert (
        "supported 81 of 86, contradicted 3 of 4, unknown 70 of 84 were read rightly, and 19 of 118 sentences" in text
    )
    assert "per 100 outputs" not in scenario.result("run_recipes")["trained_card"]


def test_scores_are_for_the_hub_too_as_its_client_reads_them() -> None:
    text, without_scores = scenario.result("run_recipes")["eval_results"]
    assert without_scores is None, "an earlier file stays"
    (entry,) = parse_eval_result_entries(yaml.safe_load(text))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("GBaker/MedQA-USMLE-4-options", "medqa_strict", 70.0)
    assert entry.dataset_revision == SOURCES["medqa"].revision
    assert entry.notes == (
        "accuracy in per cent of 10 items, 95 % [39.7, 89.2]; strict prompt, zero-shot; lighteval 0.13.0, vllm; claims per 100 outputs: "
        "supported 10.0 [0.0, 40.4], contradicted 10.0 [0.0, 40.4], unknown 0.0 [0.0, 27.8]; graph kg.csv, sha256 abababababababab"
    )


def test_card_of_scores_in_several_orders() -> None:
    found = scenario.result("run_recipes")
    assert "| medqa | free | 2 | 50.0%, 100.0% | 50.0% | 50.0% | 50.0% | 0.0% | 0.25 |" in found["ordered_card"]
    assert "With the options of an item in up to 2 orders" in found["ordered_card"]
    assert "orders" not in found["trained_card"]


def test_names_of_a_dataset_of_strangers_are_shown_and_not_rendered() -> None:
    text = scenario.result("run_recipes")["hostile_card"]
    assert "<img" not in text and "<script" not in text and "`<b>" not in text and "](b)" not in text
    assert "| &lt;script>&#124; | 1 | 0 | 1 |" in text
